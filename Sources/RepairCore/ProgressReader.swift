/// Follows one checker: bytes in, progress and known troubles out.
package struct ProgressReader: Sendable {
    package private(set) var progress = Progress()
    /// Known troubles that the output has shown, in the order in which they came, each once.
    package private(set) var troubles: [Trouble] = []

    private let backend: any Backend
    private var splitters: [LineSplitter]

    /// `streams` outputs are followed side by side, such as standard output, standard error and a progress descriptor.
    package init(_ backend: any Backend, streams: Int = 1) {
        self.backend = backend
        splitters = Array(repeating: LineSplitter(), count: max(1, streams))
    }

    /// Takes bytes of one stream, in pieces of any size.
    package mutating func take(_ bytes: some Sequence<UInt8>, from stream: Int = 0) {
        guard splitters.indices.contains(stream) else { return }
        var splitter = splitters[stream]
        splitter.take(bytes) { line in read(line) }
        // A pass that has begun stands on a line that ends with the pass.
        for observation in backend.unfinished(splitter.unfinished) { progress.apply(observation) }
        splitters[stream] = splitter
    }

    /// The streams have ended: what stands there without a line end counts as a line.
    package mutating func finish() {
        for stream in splitters.indices {
            var splitter = splitters[stream]
            splitter.finish { line in read(line) }
            splitters[stream] = splitter
        }
    }

    /// Takes a record of the kernel log about the members, for known troubles only: the progress is the checker's.
    package mutating func readKernel(_ line: Line) {
        noteTrouble(in: KernelPrefix.stripped(line))
    }

    /// Takes one whole line, such as a record of the kernel log.
    package mutating func read(_ line: Line) {
        let line = backend.stripped(line)
        guard !line.trimmed.isEmpty else { return }
        noteTrouble(in: line)
        let observations = OwnLines.read(line) ?? backend.read(line, in: progress.phase)
        if observations.isEmpty {
            progress.applyUnknown(line)
        } else {
            for observation in observations { progress.apply(observation) }
        }
    }

    private mutating func noteTrouble(in line: Line) {
        guard let trouble = Trouble.known(in: line, while: progress), !troubles.contains(trouble)
        else { return }
        troubles.append(trouble)
    }
}
