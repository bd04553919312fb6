import LinuxKit
import ModuleKit
import RepairCore

/// Assembles, activates or opens what lies below file systems, by the tools that are here.
package struct LayerOpening {
    private let allowMissing: Bool

    package init(allowMissing: Bool) { self.allowMissing = allowMissing }

    /// Opens all layers that were found; one that cannot be opened does not keep the others from it.
    /// - Returns: a line for each, and whether any was opened.
    package func open(_ look: Look) throws(RepairError) -> (lines: [String], opened: Int) {
        var lines: [String] = []
        var opened = 0
        for case .layer(let layer) in look.findings {
            switch layer.opening(allowMissing: allowMissing) {
            case .nothing(let why):
                lines.append("\(layer.paths.joined(separator: ", ")): left alone: \(why).")
            case .unlock:
                // It reads the passphrase itself, from this terminal.
                let isOpen = run(.davit(["unlock"]))
                opened += isOpen ? 1 : 0
                lines.append(
                    "\(layer.paths.joined(separator: ", ")): davit unlock \(isOpen ? "has ended well" : "did not open it")."
                )
            case .run(let invocation, let package):
                guard let program = Checkers.path(of: [invocation.program]) else {
                    lines.append(
                        "\(layer.name): there is no \(invocation.program) here. Upload it (Debian package \(package)) to \(Checkers.uploads)."
                    )
                    continue
                }
                prepare(layer)
                var request = ChildProcess.Request(program, invocation.arguments)
                request.environment = Environment.inherited
                let isOpen = run(request)
                opened += isOpen ? 1 : 0
                let command = ([invocation.program] + invocation.arguments).joined(separator: " ")
                lines.append("\(layer.name): \(isOpen ? "done" : "failed"): \(command)")
            }
        }
        return (lines, opened)
    }

    private func prepare(_ layer: Layer) {
        let modules =
            layer.mark?.kind == .md
            ? ["md_mod", "raid0", "raid1", "raid10", "raid456", "linear"]
            : ["dm_mod", "dm_snapshot", "dm_mirror"]
        let loader = ModuleLoader([.running()])
        for name in modules { _ = try? loader.load(name) }
    }

    private func run(_ request: ChildProcess.Request) -> Bool {
        var request = request
        (request.input, request.output, request.error) = (0, 1, 2)
        guard var child = try? ChildProcess(starting: request) else { return false }
        return (try? child.wait(until: nil)) == .code(0)
    }
}
