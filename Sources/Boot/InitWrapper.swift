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
    package static func keepServices() {
        let trouble = provideFileSystems()
        try? Process.dropStandardStreams()
        let recorder = Recorder(component: .`init`)
        let line = Files.text(Roots.proc + "/cmdline", limit: 4096) ?? ""
        guard !line.split(separator: " ").contains("davit=off") else { return }
        for words in trouble { recorder.record("\(words)", .warning) }
        for report in OverlayModules.load() { recorder.record("\(report)") }
        keep(pausing: pause, note: { recorder.record("\($0)", .warning) }) {
            for one in Mounts.KernelFileSystem.all { try Mounts.provide(one) }
            var request = ChildProcess.Request.davit(
                ["supervise", "--until-hand-over", "--keep-address"])
            request.diesWithParent = false
            var supervisor = try ChildProcess(starting: request)
            return try supervisor.wait(until: nil)
        }
    }

    /// Carries out `attempt`, again and again, until it ends with 0: asked to end, or the system has taken over. One that
    /// could not even be started is no reason to leave a machine without its way in.
    static func keep(
        pausing pause: Duration, note: (String) -> Void, _ attempt: () throws -> ChildProcess.Exit?
    ) {
        while true {
            do {
                guard let exit = try attempt(), exit != .code(0) else { return }
                note("the supervisor ended with \(exit); it is started again")
            } catch {
                note("the supervisor cannot be started: \(error) It is tried again.")
            }
            _ = try? Poll.wait([], until: Clock.now + pause)
        }
    }

    /// The initramfs's own /init mounts them too, a moment later, and would hide what was written into a /run before.
    /// - Returns: what could not be mounted, in words.
    private static func provideFileSystems() -> [String] {
        let deadline = Clock.now + patience
        let wanted = Mounts.KernelFileSystem.all
        while Clock.now < deadline, !wanted.allSatisfy({ Mounts.isMountPoint($0.point) }) {
            // Without /proc there is no event to wait for.
            _ = try? Poll.wait([], until: Clock.now + .milliseconds(50))
        }
        return wanted.compactMap { one in
            do throws(SystemError) {
                try Mounts.provide(one)
                return nil
            } catch {
                return error.description
            }
        }
    }
}
