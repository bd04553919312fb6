import CLab
import Foundation
import Glibc
import Synchronization

/// A program that was started: its output is drained always, and it ends when it is told to.
package final class Child: Sendable {
    package enum Status: Sendable, Equatable, CustomStringConvertible {
        case exited(Int32)
        case signalled(Int32)

        package var description: String {
            switch self {
            case .exited(let code): "exit \(code)"
            case .signalled(let signal): "signal \(signal)"
            }
        }
    }

    /// What a program said and how it ended.
    package struct Result: Sendable {
        package let program: String
        package let status: Status
        package let output: [UInt8]
        package let errors: String

        package var text: String { String(decoding: output, as: UTF8.self) }
        package var succeeded: Bool { status == .exited(0) }

        /// - Throws: `.failed` unless the program exited with 0.
        @discardableResult
        package func checked() throws -> Result {
            guard succeeded else {
                let said = errors.isEmpty ? text : errors
                throw LabError.failed(
                    program: program, status: "\(status)", said: String(said.suffix(3000)))
            }
            return self
        }
    }

    package let name: String
    package let process: pid_t
    package let output: Transcript
    package let errors: Transcript
    private let ended = Observed<Status?>(nil)
    private let input: Mutex<Int32?>

    /// - Parameters:
    ///   - command: program and arguments; the program is looked up in PATH.
    ///   - environment: the whole environment; that of the lab when `nil`.
    ///   - output: what receives standard output; a transcript of its own when `nil`.
    package init(
        _ command: [String], name: String? = nil, environment: [String: String]? = nil,
        output: Transcript? = nil
    ) throws {
        let program = command.first ?? ""
        self.name = name ?? program
        self.output = output ?? Transcript("\(self.name)")
        errors = Transcript("\(self.name)'s errors")
        _ = brokenPipesAreErrors
        let environment = environment ?? ProcessInfo.processInfo.environment
        let inputs = try pipeEnds()
        let outputs = try pipeEnds()
        let complaints = try pipeEnds()
        var arguments = command.map { strdup($0) } + [nil]
        var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer {
            for text in arguments + variables { free(text) }
            close(inputs.read)
            close(outputs.write)
            close(complaints.write)
        }
        var started: pid_t = 0
        let failed = lab_spawn(
            &started, program, &arguments, &variables, inputs.read, outputs.write,
            complaints.write)
        process = started
        input = Mutex(inputs.write)
        guard failed == 0 else {
            for descriptor in [inputs.write, outputs.read, complaints.read] { close(descriptor) }
            input.withLock { $0 = nil }
            throw LabError.system(call: "posix_spawn", object: program, errno: failed)
        }
        drain(outputs.read, into: self.output)
        drain(complaints.read, into: errors)
        reap(self.output, errors)
    }

    deinit {
        closeInput()
    }

    package var isRunning: Bool { ended.value == nil }

    /// Writes to the program's standard input; a program that has gone does not mind.
    package func write(_ text: String) { write(Array(text.utf8)) }

    package func write(_ bytes: [UInt8]) {
        input.withLock { input in
            guard let input else { return }
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
                guard count > 0 else { return }
                rest.removeFirst(count)
            }
        }
    }

    package func closeInput() {
        input.withLock { input in
            if let open = input { close(open) }
            input = nil
        }
    }

    /// Sends a signal to the program's whole session, if the program still runs.
    package func signal(_ number: Int32) {
        ended.update { if $0 == nil { Glibc.kill(-process, number) } }
    }

    /// Ends the program and everything it started, and waits until it has gone.
    package func kill() async {
        signal(SIGKILL)
        // In a task of its own: also a cancelled story waits for what it started.
        _ = await Task { try? await ended.first(before: .now + .seconds(120)) { $0 } }.value
    }

    /// - Throws: `.timedOut` when it still runs after `limit`.
    package func status(within limit: Duration) async throws -> Status {
        if let status = try await ended.first(before: .now + limit, { $0 }) { return status }
        throw LabError.timedOut(
            waitingFor: "\(name) to end", seconds: limit.seconds,
            seen: output.tail() + "\n" + errors.tail())
    }

    /// Waits for the end; kills the program when `limit` passes first.
    /// - Throws: `.timedOut`.
    package func result(within limit: Duration) async throws -> Result {
        do {
            let status = try await status(within: limit)
            return Result(
                program: name, status: status, output: output.bytes, errors: errors.text)
        } catch {
            await kill()
            throw error
        }
    }

    private func reap(_ output: Transcript, _ errors: Transcript) {
        let process = process
        let ended = ended
        Thread.detachNewThread {
            // The zombie stays until `ended` is set, so that `signal` never reaches a stranger.
            var information = siginfo_t()
            while waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT) == -1,
                errno == EINTR
            {}
            output.awaitClose()
            errors.awaitClose()
            ended.update {
                var status: Int32 = 0
                while waitpid(process, &status, 0) == -1, errno == EINTR {}
                let signal = status & 0x7F
                $0 = signal == 0 ? .exited(status >> 8 & 0xFF) : .signalled(signal)
            }
        }
    }
}

/// Reads a pipe to its end on a thread of its own, so that no writer ever stalls.
private func drain(_ descriptor: Int32, into transcript: Transcript) {
    Thread.detachNewThread {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            transcript.append(buffer[..<count])
        }
        close(descriptor)
        transcript.close()
    }
}

/// A program that has gone must not take the lab with it.
private let brokenPipesAreErrors: Void = { _ = Glibc.signal(SIGPIPE, SIG_IGN) }()

private func pipeEnds() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    guard lab_pipe(&ends) == 0 else {
        throw LabError.system(call: "pipe2", object: "a new pipe", errno: errno)
    }
    return (ends[0], ends[1])
}

/// Runs a program to its end and gives what it said; fails unless it exits with 0.
@discardableResult
package func run(
    _ command: [String], environment: [String: String]? = nil, input: [UInt8] = [],
    within limit: Duration = .seconds(300)
) async throws -> Child.Result {
    let child = try Child(command, environment: environment)
    child.write(input)
    child.closeInput()
    return try await child.result(within: limit).checked()
}
