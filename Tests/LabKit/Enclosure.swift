import Foundation

/// Namespaces and a scratch directory that vanish with this process, however it ends.
///
/// A holder process waits for the end of a pipe from us. When it goes, the kernel ends every
/// process of its PID namespace and takes down its network and mounts; then the directory is removed.
package final class Enclosure: Sendable {
    package enum Network: Sendable { case own, host }

    static let scratchPrefix = "davit-lab-"

    /// A directory for everything that the lab writes.
    package let scratch: String
    private let holder: Child
    private let target: pid_t

    /// - Parameter parent: where the scratch directory is made; the system's place when `nil`.
    /// - Throws: `.missing` without root or namespaces.
    package init(network: Network, parent: String? = nil) async throws {
        guard geteuid() == 0 else {
            throw LabError.missing(
                what: "root, for namespaces, file ownership and network devices",
                fix: "Run it with sudo.")
        }
        try Tools.require(["unshare", "nsenter", "ip"])
        scratch = try makeScratch(in: parent)
        var unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL"]
        if network == .own { unshare.append("--net") }
        let inside = """
            read -r process rest </proc/self/stat
            : >"$0/resolv.conf"
            if [ \(network == .own ? 1 : 0) = 1 ]; then
                mount --bind "$0/resolv.conf" "$(readlink -f /etc/resolv.conf)"
                ip link set lo up
            fi
            echo "holder $process"
            read -r nothing
            """
        let outside = """
            scratch=$0
            "$@" "$scratch"
            rm -rf -- "$scratch"
            """
        holder = try Child(
            ["sh", "-uc", outside, scratch] + unshare + ["sh", "-euc", inside],
            name: "the namespace holder")
        do {
            let mark = try await holder.output.expect("holder ", within: .seconds(180))
            let end = try await holder.output.expect("\n", after: mark, within: .seconds(180))
            let text = holder.output.text(from: mark, to: end).trimmingCharacters(in: .newlines)
            guard let process = pid_t(text) else {
                throw LabError.unexpected("The namespace holder gave no process number: \(text)")
            }
            target = process
        } catch {
            let said = holder.errors.text
            holder.closeInput()
            throw LabError.missing(
                what: "namespaces (unshare --mount --pid --net)",
                fix: "Run it as root outside a restricted container. \(said)")
        }
    }

    deinit { holder.closeInput() }

    /// Ends every process inside and removes the scratch directory; returns when both are gone.
    package func end() async {
        // In a task of its own: a cancelled story still waits here until everything has gone.
        await Task {
            holder.closeInput()
            do {
                _ = try await holder.status(within: .seconds(180))
            } catch {
                await holder.kill()
            }
        }.value
    }

    /// The command that runs `command` inside.
    package func wrapped(_ command: [String]) -> [String] {
        ["nsenter", "--target", "\(target)", "--mount", "--net", "--pid", "--"] + command
    }

    package func start(
        _ command: [String], name: String? = nil, environment: [String: String]? = nil,
        output: Transcript? = nil
    ) throws -> Child {
        try Child(
            wrapped(command), name: name ?? command.first, environment: environment, output: output)
    }

    /// Runs a program inside to its end; fails unless it exits with 0.
    @discardableResult
    package func run(
        _ command: [String], environment: [String: String]? = nil, input: [UInt8] = [],
        within limit: Duration = .seconds(180)
    ) async throws -> Child.Result {
        let child = try start(command, environment: environment)
        child.write(input)
        child.closeInput()
        return try await child.result(within: limit).checked()
    }

    /// A descriptor of the network namespace; the caller closes it.
    func networkNamespace() throws -> Int32 {
        let path = "/proc/\(target)/ns/net"
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw LabError.system(call: "open", object: path, errno: errno)
        }
        return descriptor
    }
}

private func makeScratch(in directory: String?) throws -> String {
    let parent = directory ?? ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
    var template = Array("\(parent)/\(Enclosure.scratchPrefix)XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
        throw LabError.system(call: "mkdtemp", object: parent, errno: errno)
    }
    return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
}
