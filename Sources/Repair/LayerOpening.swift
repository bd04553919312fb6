import LinuxKit
import ModuleKit
import RepairCore

/// Assembles, activates or opens what lies below file systems, by the tools that are here, one layer after the other.
package struct LayerOpening {
    private let allowMissing: Bool
    private let say: (String) -> Void
    private var tried: [[String]] = []

    /// More layers on one another are a mistake.
    private static let deepest = 8
    private static let waitsForWrites = "\(Roots.sys)/module/md_mod/parameters/start_ro"

    /// - Parameter say: gets a line about each layer as it is done.
    package init(allowMissing: Bool, say: @escaping (String) -> Void) {
        self.allowMissing = allowMissing
        self.say = say
    }

    /// How many layers there were, and how many are open now.
    package struct Outcome: Sendable, Equatable {
        package var found = 0
        package var opened = 0
    }

    /// Opens all layers that were found, and those that show on them; one that cannot be opened does not keep the others
    /// from it.
    /// - Parameter isEverything: nobody named a target.
    /// - Throws: `.noSuchTarget` when a device goes away meanwhile.
    package mutating func open(
        _ first: Look, isEverything: Bool
    ) throws(RepairError) -> Outcome {
        var outcome = Outcome()
        var look = first
        for round in 0..<Self.deepest {
            let layers = look.findings.compactMap { finding in
                if case .layer(let layer) = finding { layer } else { nil }
            }.filter { layer in
                // What is open is news only in the first look.
                !tried.contains(layer.paths) && (round == 0 || layer.holders.isEmpty)
            }
            let opened = open(layers)
            outcome.found += layers.count
            outcome.opened += opened
            guard opened > 0 else { break }
            tried += layers.map(\.paths)
            let above = layers.flatMap(\.paths).flatMap(Self.holders)
            look = try Look(at: isEverything ? [] : Set(above).sorted())
        }
        return outcome
    }

    private func open(_ layers: [Layer]) -> Int {
        var locked: [String] = []
        var opened = 0
        for layer in layers {
            let paths = layer.paths.joined(separator: ", ")
            switch layer.opening(allowMissing: allowMissing) {
            case .nothing(let why): say("\(paths): left alone: \(why).")
            case .unlock: locked += layer.paths
            case .run(let invocation, let package):
                guard let program = Checkers.path(of: [invocation.program]) else {
                    say(
                        "\(layer.name): there is no \(invocation.program) here. Upload it (Debian package \(package)) to \(Checkers.uploads)."
                    )
                    continue
                }
                opened += run(invocation, by: program, for: layer) ? 1 : 0
            }
        }
        return opened + unlock(locked)
    }

    private static func holders(of path: String) -> [String] {
        BlockNode(at: path)?.holderPaths ?? []
    }

    /// All at once, so that one passphrase is typed once. It is read from this terminal.
    private func unlock(_ paths: [String]) -> Int {
        guard !paths.isEmpty else { return 0 }
        _ = run(.davit(["unlock"] + paths))
        let open = paths.filter { !Self.holders(of: $0).isEmpty }
        for path in paths {
            let holder = Self.holders(of: path).first
            say("\(path): \(holder.map { "open as \($0)" } ?? "davit unlock did not open it").")
        }
        return open.count
    }

    private func run(_ invocation: Invocation, by program: String, for layer: Layer) -> Bool {
        var arguments = invocation.arguments
        let isArray = layer.mark?.kind == .md
        load(
            isArray
                ? ["md_mod", "raid0", "raid1", "raid10", "raid456", "linear"]
                : ["dm_mod", "dm_snapshot", "dm_mirror", "dm_raid", "dm_thin_pool"])
        // Up to the first write no resync begins and no superblock is written. Source: Linux drivers/md/md.c, start_ro.
        let usual = isArray ? Files.text(Self.waitsForWrites) : nil
        if isArray, !set("1") { arguments.insert("--readonly", at: 1) }
        var request = ChildProcess.Request(program, arguments)
        request.environment = Environment.inherited
        let isOpen = run(request)
        if let usual { _ = set(usual) }
        let command = ([invocation.program] + arguments).joined(separator: " ")
        say("\(layer.name): \(isOpen ? "done" : "failed"): \(command)")
        return isOpen
    }

    private func set(_ value: String) -> Bool {
        guard let file = try? FileDescriptor(updating: Self.waitsForWrites) else { return false }
        return (try? file.write(value)) != nil
    }

    private func load(_ modules: [String]) {
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
