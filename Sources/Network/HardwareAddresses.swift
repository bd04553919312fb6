import Addresses
import LinuxKit
import NetworkCore

/// Gives interfaces the hardware addresses of the kernel's command line, and their own back at the end.
struct HardwareAddresses {
    /// What failed last, by the interface's name: said once, tried at each listing.
    private var failures: [String: String] = [:]
    /// When each was changed last, by index: somebody else may want another address, which is no reason to spin.
    private var changedAt: [Int32: Duration] = [:]
    private static let pause = Duration.seconds(10)

    /// Changes what differs. An interface that keeps its own address is used with that.
    /// - Returns: whether anything has changed, so that the links are to be listed again; and what is new to be said.
    mutating func give(
        _ rules: [Int32: StaticAddress], to links: [Link], _ routes: inout RouteSocket,
        at now: Duration
    ) -> (isChanged: Bool, words: [String]) {
        var isChanged = false
        var words: [String] = []
        for link in links {
            guard let wanted = rules[link.index]?.hardwareAddress,
                let present = link.hardwareAddress, present != wanted,
                changedAt[link.index].map({ now - $0 >= Self.pause }) ?? true
            else { continue }
            changedAt[link.index] = now
            do throws(SystemError) {
                if !Files.exists(Self.mark(link)) {
                    try Files.replace(Self.mark(link), with: present.description + "\n")
                }
                try Self.set(wanted, link, &routes)
                isChanged = true
                failures[link.name] = nil
                words.append(
                    "\(link.name): has the hardware address \(wanted), as the kernel's command line says; "
                        + "it was \(present)")
            } catch {
                if failures[link.name] != error.description {
                    words.append("\(link.name): \(error) It is used with \(present).")
                }
                failures[link.name] = error.description
            }
        }
        return (isChanged, words)
    }

    /// Gives back what this process or an earlier one changed.
    func restore(among links: [Link], _ routes: inout RouteSocket) {
        for link in links {
            guard let text = Files.text(Self.mark(link), limit: 64),
                let own = HardwareAddress(parsing: text)
            else { continue }
            try? Self.set(own, link, &routes)
            try? Files.remove(Self.mark(link))
        }
    }

    /// Through a moment in which it is switched off: many drivers want that, and the kernel makes its IPv6 address anew then.
    private static func set(
        _ address: HardwareAddress, _ link: Link, _ routes: inout RouteSocket
    ) throws(SystemError) {
        if link.isUp { try routes.setUp(false, link) }
        var failure: SystemError?
        do throws(SystemError) { try routes.setHardwareAddress(address, link) } catch {
            failure = error
        }
        if link.isUp { try routes.setUp(true, link) }
        if let failure { throw failure }
    }

    private static func mark(_ link: Link) -> String {
        InterfaceState.directory + "/\(link.name).mac"
    }
}
