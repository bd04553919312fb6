import LinuxKit
import NetworkCore
import Recorder

/// Puts what happens on one interface into words, loud or quiet, and never a flood.
final class Journal {
    private let interface: String
    private let recorder = Recorder(component: .net)
    private let isVerbose: Bool
    private var pace = NoticePace()
    /// One of its own, so that a flood of nonsense does not silence what matters.
    private var nonsensePace = NoticePace()
    /// Messages that nobody has answered, and since when.
    private var unanswered = 0
    private var quietAt: Duration?
    private var lastIgnored: DHCPMachine.Ignored?
    private var lastIgnoredAt: Duration?

    init(interface: String, isVerbose: Bool) {
        self.interface = interface
        self.isVerbose = isVerbose
    }

    /// For the file only.
    func detail(_ words: String) { write(words, .detail) }

    /// For the console too, as long as there are not too many.
    func change(
        _ words: String, _ outcome: Event.Outcome = .none, took duration: Duration? = nil,
        at now: Duration
    ) {
        let event =
            outcome == .none
            ? Event(.said) : Event(.address, .interface(interface), outcome, took: duration)
        write(words, pace.allowsChange(at: now) ? .notice : .detail, event)
    }

    func record(_ note: DHCPMachine.Note, tries: Int, at now: Duration) {
        switch note {
        case .tried(let kind, let count, let nextAt):
            quietAt = quietAt ?? now
            detail("\(kind.word) sent (try \(count)), next in \((nextAt - now).inWords)")
            unanswered += 1
            // The last one has just gone, and one alone may be lost.
            guard unanswered > 2, let quietAt, pace.allowsReminder(at: now) else { return }
            write(
                "no DHCP server answers: \(unanswered - 1) tries in \((now - quietAt).inWords), "
                    + "trying on for ever", .notice)
        case .offered(let lease):
            unanswered = 0
            detail("\(lease.server) offers \(lease.prefix)")
        case .bound(let held):
            let lease = held.lease
            let took = quietAt.map { now - $0 }
            let after = took.map { " after \($0.inWords)" } ?? ""
            answered()
            change(
                "has \(lease.prefix) from \(lease.server) for "
                    + (lease.duration?.inWords ?? "ever")
                    + (lease.gateway.map { ", gateway \($0)" } ?? ", no gateway") + after,
                .done, took: took, at: now)
        case .renewed(let held):
            answered()
            detail("\(held.lease.server) renewed \(held.lease.prefix)")
        case .refused(let server, let words):
            let reason = words.map { ": \($0)" } ?? ""
            unanswered = 0
            change(
                "\(server?.description ?? "a server") refused the address\(reason)", .refused,
                at: now)
        case .expired(let address):
            change("the lease of \(address) has ended; the address is gone", .lost, at: now)
        case .declined(let address, let nextAt):
            change(
                "\(address) is in use by another machine; asks for another in "
                    + (nextAt - now).inWords, at: now)
        case .postponed(let address, let until):
            unanswered = 0
            detail(
                "a server offers \(address), which is not tried for another "
                    + "\((until - now).inWords): it was in use, or ten in a row were")
        case .ignored(let reason):
            let isNews =
                reason != lastIgnored || (lastIgnoredAt.map { now - $0 > .seconds(60) } ?? true)
            guard isNews, nonsensePace.allowsChange(at: now) else { return }
            lastIgnored = reason
            lastIgnoredAt = now
            detail("ignored \(reason)")
        }
    }

    func record(_ note: IPv4Machine.ClaimNote, at now: Duration) {
        switch note {
        case .defended(let address, let rival):
            change("\(rival) uses \(address) too; told it whose it is", at: now)
        case .gaveWay(let address, let owner):
            change("\(owner) has \(address)", at: now)
        case .tookLinkLocal(let address):
            change("no lease yet: has given itself \(address)/16 meanwhile", at: now)
        case .droppedLinkLocal(let address):
            change("no longer needs \(address)", at: now)
        case .hurried: detail("somebody is heard on the link again; asks at once")
        }
    }

    private func answered() {
        unanswered = 0
        quietAt = nil
        pace.answered()
    }

    private func write(
        _ words: String, _ importance: Recorder.Importance, _ event: Event = Event(.said)
    ) {
        recorder.record("\(interface): \(words)", importance, event)
        if isVerbose { Output.line("\(interface): \(words)") }
    }
}
