import Addresses
import SSHCore

/// The first byte chooses: an even one takes the rest as the line of an exec request and as an address to listen on, an
/// odd one as the script of a day of the listener's: connections that come, get on, log in and go.
func fuzz(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let text = String(decoding: input.dropFirst(), as: UTF8.self)
    if first.isMultiple(of: 2) {
        readLine(text)
        if let address = ListenAddress(text) {
            claim(ListenAddress(address.description) == address, "\(address) does not survive")
        }
        if let address = IPAddress(text) {
            claim(IPAddress(address.description) == address, "\(address) does not survive")
        }
    } else {
        liveThrough(Script(input.dropFirst()))
    }
}

private func readLine(_ line: String) {
    if let words = ShellWords.split(line) {
        // Quoted again, they are the same words: so nothing of the line was lost or made up.
        let quoted = words.map {
            "'"
                + $0.split(separator: "'", omittingEmptySubsequences: false)
                .joined(separator: "'\\''") + "'"
        }.joined(separator: " ")
        claim(ShellWords.split(quoted) == words, "\(words) do not survive")
    }
    switch Invocation(command: line, isApplet: { $0 == "unlock" }) {
    case .davit: break
    case .shell(let whole): claim(whole == line, "a shell gets another line")
    }
}

private func liveThrough(_ given: Script) {
    var script = given
    var configuration = ConnectionLimits.Configuration()
    (configuration.silent, configuration.spoken, configuration.started) = (6, 4, 4)
    (configuration.exchanged, configuration.offered, configuration.total) = (4, 2, 6)
    configuration.addresses = 8
    var limits = ConnectionLimits(configuration)
    var now = Duration.zero
    var id: Int32 = 0
    while !script.isOver {
        let event = script.byte()
        let chosen = Int32(script.byte()) % max(1, id + 1)
        now += .milliseconds(Int(event >> 4) * 20)
        switch event & 15 {
        case 0...4:
            id += 1
            guard let address = IPAddress(bytes: [10, 0, script.byte() & 3, script.byte() & 3])
            else { continue }
            let decision = limits.arrived(id, from: address, at: now, roll: Int(chosen))
            if case .turnAway = decision { claim(!limits.contains(id), "turned away, and there") }
        case 5, 6: _ = limits.spoke(chosen, at: now)
        case 7, 8:
            while let start = limits.next(at: now, roll: Int(chosen)) {
                claim(limits.contains(start.id), "starts who is not there")
                claim(start.inPlaceOf.map { !limits.contains($0) } ?? true, "pushed out, and there")
            }
        case 9: limits.ready(chosen, at: now)
        case 10: limits.progressed(chosen, at: now)
        case 11: _ = limits.reached(.exchanged, chosen, at: now)
        case 12: _ = limits.reached(.offered, chosen, at: now)
        case 13: limits.loggedIn(chosen, at: now)
        case 14: limits.refused(chosen, at: now)
        default: limits.closed(chosen)
        }
        for overdue in limits.overdue(at: now) { limits.closed(overdue) }
        if let deadline = limits.deadline(after: now) { claim(deadline > now, "spins") }
        let places: [(ConnectionLimits.Stage, Int)] = [
            (.silent, 6), (.spoken, 4), (.started, 4), (.exchanged, 4), (.offered, 2),
        ]
        // Addresses from which somebody logged in keep their places, at most eight each.
        let known = limits.count(.loggedIn) > 0 || id > 0 ? 16 * 8 : 0
        for (stage, most) in places {
            claim(limits.count(stage) <= most + known, "too many are \(stage)")
        }
        let all = ConnectionLimits.Stage.allCases.reduce(0) { $0 + limits.count($1) }
        claim(all == limits.halfOpenCount + limits.count(.loggedIn), "miscounted")
    }
}
