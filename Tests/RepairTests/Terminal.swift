import Foundation
import LinuxKit
import Testing

/// A davit at a terminal: types, and reads what a person would see.
final class Terminal {
    private var terminal: PseudoTerminal?
    private var child: ChildProcess
    private(set) var shown = ""

    /// Ctrl-C and Ctrl-D, as the keyboard sends them.
    static let interrupt = "\u{3}"
    static let end = "\u{4}"

    /// Everything that a loaded machine may take.
    private static let patience = Duration.seconds(180)

    init(_ shop: Workshop, _ arguments: [String]) throws {
        let made = try PseudoTerminal()
        PseudoTerminal.resize(
            made.program.number, columns: 200, rows: 50, width: 0, height: 0)
        var request = ChildProcess.Request(Workshop.davit, arguments)
        request.environment = shop.environment.map { "\($0.key)=\($0.value)" }
        request.runs(on: made.program.number)
        child = try ChildProcess(starting: request)
        terminal = consume made
    }

    func type(_ text: String) throws { try terminal?.controlling.write(text) }

    /// The line is cut: the kernel tells who runs there.
    func hangUp() { terminal = nil }

    /// Reads until `text` is shown, and forgets what was shown up to there.
    /// - Returns: what was shown before it, and it.
    @discardableResult
    func expect(_ text: String, _ location: SourceLocation = #_sourceLocation) throws -> String {
        let deadline = Clock.now + Self.patience
        while !shown.contains(text), Clock.now < deadline {
            let descriptor = terminal?.controlling.number ?? -1
            _ = try Poll.wait(
                [.init(descriptor, .input), .init(child.descriptor, .input)], until: deadline)
            let hasEnded = child.poll() != nil
            take()
            if hasEnded { break }
        }
        let range = try #require(
            shown.range(of: text), "shown: \(shown)", sourceLocation: location)
        let before = String(shown[..<range.upperBound])
        shown.removeSubrange(..<range.upperBound)
        return before
    }

    /// How it ended; what it showed at its end is in `shown`.
    func exit() throws -> ChildProcess.Exit? {
        let deadline = Clock.now + Self.patience
        while child.poll() == nil, Clock.now < deadline {
            // A full terminal would hold it up.
            let descriptor = terminal?.controlling.number ?? -1
            _ = try Poll.wait(
                [.init(descriptor, .input), .init(child.descriptor, .input)], until: deadline)
            take()
        }
        take()
        return child.poll()
    }

    private func take() {
        while case .bytes(let bytes)? = try? terminal?.controlling.read(atMost: 4096) {
            shown += String(decoding: bytes, as: UTF8.self)
        }
    }
}
