import LinuxKit
import SSHKit

/// The streams of a program that runs for a channel: three pipes, or one terminal for all.
struct ProgramStreams: ~Copyable {
    /// What the program reads; `nil` when it was closed, or when `terminal` stands for all.
    private(set) var input: FileDescriptor?
    private(set) var output: FileDescriptor?
    private(set) var error: FileDescriptor?
    private let isTerminal: Bool

    /// Starts a program with its streams.
    /// - Throws: when a pipe, a terminal or the program cannot be had.
    static func start(
        _ request: ChildProcess.Request, terminal: TerminalRequest?
    ) throws(SystemError) -> Started {
        var request = request
        // A session of its own: so that a signal reaches everything that it starts.
        request.newSession = true
        guard let terminal else { return try startOnPipes(request) }

        let pair = try PseudoTerminal().split()
        let ours = FileDescriptor(adopting: pair.controlling)
        let program = FileDescriptor(adopting: pair.program)
        resize(ours.number, terminal.size)
        request.runs(on: program.number)
        let child = try spawn(request)
        return Started(
            child: child, streams: ProgramStreams(input: nil, output: ours, isTerminal: true))
    }

    struct Started: ~Copyable {
        let child: ChildProcess
        let streams: ProgramStreams

        consuming func take(
            _ body: (consuming ChildProcess, consuming ProgramStreams) -> Void
        ) { body(child, streams) }
    }

    private init(
        input: consuming FileDescriptor?, output: consuming FileDescriptor?,
        error: consuming FileDescriptor? = nil, isTerminal: Bool
    ) {
        self.input = input
        self.output = output
        self.error = error
        self.isTerminal = isTerminal
    }

    private static func startOnPipes(
        _ request: ChildProcess.Request
    ) throws(SystemError) -> Started {
        var request = request
        let forInput = try FileDescriptor.pipe().split()
        let input = FileDescriptor(adopting: forInput.writing)
        let theirInput = FileDescriptor(adopting: forInput.reading)
        let forOutput = try FileDescriptor.pipe().split()
        let output = FileDescriptor(adopting: forOutput.reading)
        let theirOutput = FileDescriptor(adopting: forOutput.writing)
        let forError = try FileDescriptor.pipe().split()
        let error = FileDescriptor(adopting: forError.reading)
        let theirError = FileDescriptor(adopting: forError.writing)
        try input.setNonBlocking()
        try output.setNonBlocking()
        try error.setNonBlocking()
        request.input = theirInput.number
        request.output = theirOutput.number
        request.error = theirError.number
        let child = try spawn(request)
        return Started(
            child: child,
            streams: ProgramStreams(input: input, output: output, error: error, isTerminal: false))
    }

    private static func spawn(_ request: ChildProcess.Request) throws(SystemError) -> ChildProcess {
        // A key derivation may need a gigabyte, a checker more: the session's limits are not theirs.
        try ResourceLimits.lifted { () throws(SystemError) in try ChildProcess(starting: request) }
    }

    private static func resize(_ descriptor: Int32, _ size: WindowSize) {
        PseudoTerminal.resize(
            descriptor, columns: size.columns, rows: size.rows, width: size.width,
            height: size.height)
    }

    /// The descriptor to write input to, or -1.
    var inputNumber: Int32 {
        isTerminal ? output.number : input.number
    }
    var outputNumber: Int32 { output.number }
    var errorNumber: Int32 { error.number }

    var areAtEnd: Bool { outputNumber < 0 && errorNumber < 0 }

    func resize(_ size: WindowSize) {
        if isTerminal { Self.resize(outputNumber, size) }
    }

    /// Closes the input; on a terminal types Control-D for programs that read whole lines.
    mutating func endInput() {
        if isTerminal, PseudoTerminal.isCanonical(outputNumber) {
            // The first ends a line that was begun, the second is the end itself.
            FileDescriptor.lend(outputNumber) { _ = try? $0.write([4, 4]) }
        }
        input = nil
    }

    /// Closes the error output, or the other one, which is the terminal where there is one.
    mutating func close(error isError: Bool) {
        if isError { error = nil } else { output = nil }
    }
}
