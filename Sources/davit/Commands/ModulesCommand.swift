import Arguments
import LinuxKit
import ModuleKit

enum ModulesCommand: Command {
    static let name = "modules"
    static let summary = "loads kernel modules that were uploaded, with what they need"
    static let help = """
        davit modules load DIRECTORY|FILE… [NAME…]

        Loads modules without modprobe: the files given (.ko, .ko.xz, .ko.zst, .ko.gz), or the modules NAME out of a
        directory, together with those they need. A module that is there already is a success.

        A directory may be a whole tree, as /lib/modules/VERSION or the unpacked package of a kernel; then name what is
        to be loaded. Of a directory without modules.dep, everything is loaded. With names only, the running system's
        own tree is taken. Modules of another kernel are refused by name.

        Example: scp -r /lib/modules/6.1.0-40-amd64 root@server:/run/modules
                 ssh root@server modules load /run/modules iscsi_target_mod target_core_iblock
        """

    static func run(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        var words = try reader.operands()[...]
        guard words.popFirst() == "load" else {
            throw UsageError("'davit modules' knows the word 'load' only.")
        }
        guard !words.isEmpty else { throw UsageError("Say what to load.") }
        let upload = try ModuleUpload(Array(words))
        var failed = false
        for name in try upload.names {
            do {
                for (module, outcome) in try upload.loader.load(name) {
                    Output.line("\(module): \(outcome == .loaded ? "loaded" : "is there already")")
                }
            } catch {
                // The others are still loaded: one that does not fit never blocks them.
                Output.error("davit modules: \(error)")
                failed = true
            }
        }
        return failed ? .failed : .done
    }
}
