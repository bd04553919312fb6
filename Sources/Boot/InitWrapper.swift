import LinuxKit
import ModuleKit
import Recorder

/// `rdinit=/davit-init`: davit is the first program of an initramfs that knows nothing of it, starts its services
/// beside it, and becomes the initramfs's own /init.
package enum InitWrapper {
    package enum Failure: Error, CustomStringConvertible {
        case notFirst

        package var description: String {
            "Only the kernel starts this, as the first process: put rdinit=/davit-init on the kernel line."
        }
    }

    private static let programPath = "/usr/sbin:/usr/bin:/sbin:/bin"
    /// How long the initramfs may take to mount /proc, /sys, /dev and /run before davit does.
    private static let patience = Duration.seconds(4)
    /// Before a supervisor that ended in a failure is started again.
    private static let pause = Duration.seconds(2)

    /// The first process' part: starts the services' keeper and becomes /init. Nothing is mounted yet.
    /// - Parameter program: the path that the kernel started.
    package static func becomeInit(program: String, arguments: [String]) throws -> Never {
        guard Host.pid == 1 else { throw Failure.notFirst }
        do throws(SystemError) {
            try startKeeper(program)
        } catch {
            // The boot is worth more than davit.
            Output.error("davit init: \(error) The boot goes on without davit.")
        }
        let error = Process.become("/init", arguments)
        Output.error("davit init: \(error) There is nothing to boot, but davit runs: log in.")
        Process.collectOrphans()
    }

    private static func startKeeper(_ program: String) throws(SystemError) {
        var request = ChildProcess.Request(program, [])
        request.arguments = ["davit", "init", "--keep-services"]
        request.environment = ["PATH=\(programPath)", "HOME=/root", "TERM=linux"]
        // The console, or what the kernel gave in its place: there is no /dev/null yet.
        (request.input, request.output, request.error) = (0, 1, 2)
        request.newSession = true
        request.diesWithParent = false
        var keeper = try ChildProcess(starting: request)
        keeper.detach()
    }

    /// The keeper's part: waits for the file systems, loads drivers, and keeps a supervisor running until the hand-over.
    package static func keepServices() throws {
        try provideFileSystems()
        try? Process.dropStandardStreams()
        let recorder = Recorder(component: "init")
        let line = Files.text(Roots.proc + "/cmdline", limit: 4096) ?? ""
        guard !line.split(separator: " ").contains("davit=off") else { return }
        for report in OverlayModules.load() { recorder.record(report) }
        while true {
            var request = ChildProcess.Request.davit(
                ["supervise", "--until-hand-over", "--keep-address"])
            request.diesWithParent = false
            var supervisor = try ChildProcess(starting: request)
            let exit = try supervisor.wait(until: nil)
            // With 0 it was asked to end, or the system has taken over.
            guard let exit, exit != .code(0) else { return }
            recorder.record("the supervisor ended with \(exit); it is started again", .warning)
            _ = try Poll.wait([], until: Clock.now + pause)
        }
    }

    /// The initramfs's own /init mounts them too, a moment later, and would hide what was written into a /run before.
    private static func provideFileSystems() throws(SystemError) {
        let deadline = Clock.now + patience
        let wanted = Mounts.KernelFileSystem.all
        while Clock.now < deadline, !wanted.allSatisfy({ Mounts.isMountPoint($0.point) }) {
            // Without /proc there is no event to wait for.
            _ = try Poll.wait([], until: Clock.now + .milliseconds(50))
        }
        for one in wanted { try Mounts.provide(one) }
    }
}
