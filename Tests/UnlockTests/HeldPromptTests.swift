import Foundation
import LinuxKit
import Testing

/// Debian's askpass, played by a shell, asks for a disk that is open already.
@Suite struct HeldPromptTests {
    /// The machine as davit sees it: one mapping that is open, and one process, which holds the FIFO.
    private final class Machine {
        let program: Program
        private var askpass: ChildProcess
        private let answer: String

        /// - Parameter tries: as the crypttab has them.
        init(open: String, asksFor name: String, tries: String? = nil) throws {
            program = try Program()
            let scratch = program.scratch
            for (file, text) in [
                ("sys/class/block/dm-0/dev", "254:0"), ("sys/class/block/dm-0/size", "2048"),
                ("sys/class/block/dm-0/dm/name", open),
            ] {
                let url = URL(fileURLWithPath: "\(scratch)/\(file)")
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try (text + "\n").write(to: url, atomically: false, encoding: .utf8)
            }
            for directory in ["proc", "lib/cryptsetup"] {
                try FileManager.default.createDirectory(
                    atPath: "\(scratch)/\(directory)", withIntermediateDirectories: true)
            }
            let fifo = scratch + "/lib/cryptsetup/passfifo"
            try #require(mkfifo(fifo, 0o600) == 0)
            answer = scratch + "/answer"
            // Open for writing as well, so that the shell does not wait for a writer before it is there.
            var request = ChildProcess.Request(
                "/bin/sh",
                [
                    "-c",
                    "exec 3<>\(fifo); : >\(answer)-ready; read -r line <&3; echo \"<$line>\" >\(answer)",
                ])
            request.environment = ["PATH=/usr/bin:/bin", "CRYPTTAB_NAME=\(name)"]
            if let tries { request.environment.append("CRYPTTAB_OPTION_tries=\(tries)") }
            askpass = try ChildProcess(starting: request)
            let deadline = Clock.now + .seconds(120)
            while !Files.exists(answer + "-ready"), Clock.now < deadline {
                _ = try Poll.wait([], until: Clock.now + .milliseconds(5))
            }
            // Nothing of this host's own processes is seen.
            try FileManager.default.createSymbolicLink(
                atPath: "\(scratch)/proc/\(askpass.pid)",
                withDestinationPath: "/proc/\(askpass.pid)")
        }

        deinit { askpass.signal(SIGKILL) }

        func davit(_ arguments: [String], input: String = "") throws -> Program.Result {
            let scratch = program.scratch
            return try program.run(
                arguments, input: input,
                environment: ["SYS=sys", "PROC=proc", "LIB=lib"].map { pair in
                    let parts = pair.split(separator: "=")
                    return "DAVIT_\(parts[0])=\(scratch)/\(parts[1])"
                })
        }

        /// Waits until the prompt has ended, and gives what it was told.
        func told() throws -> String? {
            try #require(try askpass.wait(until: Clock.now + .seconds(120)) != nil)
            return Files.text(answer)
        }

        var stillAsks: Bool { askpass.poll() == nil }
    }

    @Test func bootEndsIt() throws {
        let machine = try Machine(open: "root", asksFor: "root", tries: "3")
        let result = try machine.davit(["boot"])
        #expect(
            result.output.hasPrefix("The prompt for root, which is open, was ended."),
            "\(result.output)\(result.errors)")
        let told = try machine.told()
        #expect(told == "<>", "\(told ?? "nothing"), \(result.errors)")
    }

    @Test func bootLeavesWhatIsNotOpenToWhoeverAnswersIt() throws {
        let machine = try Machine(open: "data", asksFor: "root")
        let result = try machine.davit(["boot"])
        #expect(!result.output.contains("was ended"), "\(result.output)")
        #expect(machine.stillAsks)
    }

    @Test func bootDoesNotEndWhatWouldComeBackForEver() throws {
        let machine = try Machine(open: "root", asksFor: "root", tries: "0")
        let result = try machine.davit(["boot"])
        #expect(result.exit == .code(1))
        #expect(
            result.errors.hasPrefix(
                "root is open, and the boot scripts would ask for it again however often their prompt is ended (tries=0). 'davit unlock root' takes its passphrase"
            ), "\(result.errors)")
        #expect(machine.stillAsks)
    }
}
