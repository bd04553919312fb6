import Addresses
import ExportCore
import JSONKit
import LinuxKit

/// On which addresses an export listens.
enum Listening {
    /// What was asked for; or else where the export listens already, so that the same command from another session moves
    /// nothing; or else one address: that of this SSH session, else of the lease, else the only one there is.
    /// - Parameter before: where it listens, as far as that is known.
    /// - Throws: `Refusal.noAddress`, `.addressNotHere`, `.portInUse`, `.everywhereBeside`.
    static func choose(
        _ asked: [Portal], keeping before: [Portal], for name: ExportName, in observed: Observed
    ) throws(Refusal) -> [Portal] {
        let has = HostAddresses.all
        var portals = asked.uniqued
        if portals.isEmpty {
            portals = before.filter { $0.isEverywhere || has.contains($0.address) }
        }
        if portals.isEmpty { portals = [try standard(has)] }
        for portal in portals {
            guard portal.isEverywhere || has.contains(portal.address) else {
                throw .addressNotHere(portal, has: has)
            }
            if portal.isEverywhere,
                let other = portals.first(where: { $0 != portal && $0.port == portal.port })
            {
                throw .everywhereBeside(portal, other)
            }
            if observed.listens(at: portal, for: name) { continue }
            guard let address = IPAddress(portal.address) else { continue }
            let endpoint = TCPSocket.Endpoint(address: address.bytes, port: portal.port)
            if (try? TCPSocket.isFree(endpoint)) == false { throw .portInUse(portal) }
        }
        return portals
    }

    /// This host's address in the SSH session that asks, if one does.
    static var sessionAddress: String? {
        // CLIENT PORT SERVER PORT, as sshd sets it.
        let words = (Environment["SSH_CONNECTION"] ?? "").split(separator: " ").map(String.init)
        return words.count == 4 ? words[2] : nil
    }

    private static func standard(_ has: [String]) throws(Refusal) -> Portal {
        let session = [sessionAddress].compactMap { $0 }
        let leases = Files.names(in: Roots.run + "/net").compactMap { name -> String? in
            guard let text = Files.text("\(Roots.run)/net/\(name)"),
                let address = (try? JSON(parsing: text))?["address"]?.string
            else { return nil }
            return address.split(separator: "/").first.map(String.init)
        }
        if let address = (session + leases).first(where: { has.contains($0) }) {
            return Portal(address: address)
        }
        let own = has.filter { $0 != "::1" && !$0.hasPrefix("127.") }
        guard let only = own.first, own.count == 1 else { throw .noAddress(has: own) }
        return Portal(address: only)
    }
}

extension Observed {
    /// Whether it is the kernel itself that has the port: targets share a portal, and one on every address takes all of
    /// them. The portals of the export itself go before it is opened on every address.
    func listens(at portal: Portal, for name: ExportName) -> Bool {
        targets.contains { target in
            children(of: target.path).flatMap { children(of: $0 + "/np") }.contains { path in
                let other = path.split(separator: "/").last.flatMap { try? Portal(String($0)) }
                guard let other, other.port == portal.port else { return false }
                return other == portal || other.isEverywhere
                    || portal.isEverywhere && target.iqn.export == name
            }
        }
    }
}

extension Array where Element: Hashable {
    /// Without repetitions, in order.
    var uniqued: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
