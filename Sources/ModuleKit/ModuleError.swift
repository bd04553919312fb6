import LinuxKit

/// Why a kernel module is not loaded.
package enum ModuleError: Error, Equatable, CustomStringConvertible {
    case missing([String], kernel: String, searched: [String])
    case noModule(path: String, reason: String)
    case otherKernel(path: String, builtFor: String, running: String)
    case circle([String])
    case refused(name: String, reason: String)
    case unknownSymbols(name: String)
    case doesNotFit(path: String, running: String)
    case nothingThere(path: String)
    case wholeTree(path: String, count: Int)

    package var description: String {
        switch self {
        case .missing(let names, let kernel, let searched):
            "No kernel module \(names.joined(separator: ", ")) in \(searched.joined(separator: ", ")), nor in the "
                + "kernel \(kernel) itself. Upload it from the package of exactly this kernel, and run 'davit modules "
                + "load DIRECTORY'."
        case .noModule(let path, let reason):
            "\(path) is no kernel module: \(reason)."
        case .otherKernel(let path, let builtFor, let running):
            "\(path) is built for the kernel \(builtFor), and \(running) runs. Upload the module of \(running)."
        case .circle(let names):
            "The modules \(names.joined(separator: ", ")) need each other in a circle. The upload is damaged."
        case .refused(let name, let reason):
            "The kernel refuses the module \(name): \(reason). 'dmesg' says more."
        case .unknownSymbols(let name):
            "The module \(name) needs another module that nobody names. Upload modules.dep too, or the whole directory "
                + "/lib/modules/VERSION of this kernel; 'dmesg' names what is missing."
        case .doesNotFit(let path, let running):
            "\(path) is not a module of the kernel \(running). Upload that of exactly this kernel."
        case .nothingThere(let path):
            "\(path) holds no kernel modules (.ko, .ko.xz, .ko.zst, .ko.gz). Give the files, or a directory with them."
        case .wholeTree(let path, let count):
            "\(path) holds \(count) modules, a whole kernel's. Name those to load after it."
        }
    }
}
