import Addresses
import LinuxKit
import SSHCore
import SSHKit

extension Connection {
    /// Most connections forwarded at a time. Bounds the sockets and buffers of one connection.
    static let mostForwardings = 16

    package func mayForward(to target: ForwardingTarget) -> Bool {
        guard login != nil, !isEnding else { return false }
        if case .refused(let reason) = answer(to: target) {
            // As short as names are: whoever is logged in may still not fill the log.
            let host = String(decoding: target.host.utf8.prefix(64), as: UTF8.self)
            log.record(
                "\(peer): may not have a connection to \(host), port \(target.port): \(reason)")
            return false
        }
        return forwardings.count < Self.mostForwardings
    }

    package func opened(_ channel: Channel, to target: ForwardingTarget) -> Bool {
        guard case .allowed(let address) = answer(to: target) else { return false }
        do throws(SystemError) {
            forwardings.append(try Forwarding(channel, to: address, port: target.port))
        } catch {
            log.record("\(peer): \(error)")
            return false
        }
        log.record("\(peer): forwards a connection to \(address), port \(target.port)")
        return true
    }

    private func answer(to target: ForwardingTarget) -> ForwardingPolicy.Answer {
        guard let login else { return .refused("nobody is logged in") }
        return forwardingPolicy.answer(for: target.host, target.port, login.rights)
    }

    /// - Parameter events: one for each forwarding that was there when they were waited for.
    /// - Returns: whether there is more to be moved at once.
    func pumpForwardings(_ events: ArraySlice<Poll.Events>) -> Bool {
        var hasMore = false
        var rest = events
        for forwarding in forwardings {
            if forwarding.pump(Array(rest.prefix(1))) { hasMore = true }
            rest = rest.dropFirst()
        }
        return hasMore
    }

    func collectForwardings(_ session: ServerSession) {
        for forwarding in forwardings where forwarding.isClosed { session.free(forwarding.channel) }
        forwardings.removeAll { $0.isClosed }
    }
}
