import JSONKit
import LinuxKit

/// Waits for what the daemon that runs already reaches, as `davit net --once` does beside it: it configures nothing itself.
package struct NetworkFollower: ~Copyable {
    private let options: NetworkOptions
    private let signals: SignalDescriptor

    /// A file that is replaced tells nobody; this is how late it may be noticed.
    private static let period = Duration.milliseconds(100)

    package init(_ options: NetworkOptions) throws(SystemError) {
        self.options = options
        signals = try SignalDescriptor([Signal.terminate, Signal.interrupt])
    }

    /// - Parameter deadline: when to give up; `nil`: never.
    /// - Returns: `nil` when the other has ended and the place is free.
    package func run(until deadline: Duration?) throws(SystemError) -> NetworkDaemon.Outcome? {
        while true {
            guard let holder = DaemonPlace.holder else { return nil }
            if isConfigured(by: holder) { return .configured }
            if let deadline, deadline <= Clock.now { return .timedOut }
            let look = Clock.now + Self.period
            _ = try Poll.wait(
                [.init(signals.number, .input)], until: deadline.map { min($0, look) } ?? look)
            if signals.next() != nil { return .stopped }
        }
    }

    /// As `NetworkDaemon.report`.
    package var report: [String] {
        let states = states
        if states.isEmpty { return ["there is no Ethernet interface"] }
        return states.map { name, state in
            "\(name): \(state?["readiness"]?.string ?? "there is no such interface")"
        }
    }

    /// What an earlier daemon left in the files does not count.
    private func isConfigured(by holder: Int32) -> Bool {
        let states = states
        func isReady(_ state: JSON?) -> Bool {
            state?["ready"]?.bool == true && state?["pid"]?.int == Int(holder)
        }
        return options.interfaces.isEmpty
            ? states.contains { isReady($0.1) } : states.allSatisfy { isReady($0.1) }
    }

    /// What the other has written of each interface.
    private var states: [(String, JSON?)] {
        let directory = InterfaceState.directory
        let names =
            options.interfaces.isEmpty
            ? Files.names(in: directory).filter { $0.hasSuffix(".json") }.map {
                String($0.dropLast(".json".utf8.count))
            } : options.interfaces
        return names.map { name in
            let text = Files.text("\(directory)/\(name).json", limit: 65536)
            return (name, text.flatMap { try? JSON(parsing: $0) })
        }
    }
}
