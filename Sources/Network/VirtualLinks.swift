import LinuxKit
import NetworkCore

/// Makes the VLANs and bonds of the kernel's command line as soon as what they are made of is there, and again when they
/// are gone.
struct VirtualLinks {
    private let parameters: NetworkParameters
    /// What failed last, by name: said once, tried at each listing.
    private var failures: [String: String] = [:]

    init(_ parameters: NetworkParameters) { self.parameters = parameters }

    /// What could not be made, in words, for an interface.
    func failure(of name: String) -> String? { failures[name] }

    /// Makes what is missing.
    /// - Returns: whether anything has changed, so that the links are to be listed again; and what is new to be said.
    mutating func make(
        among links: [Link], _ routes: inout RouteSocket
    ) -> (isChanged: Bool, words: [String]) {
        var isChanged = false
        var words: [String] = []
        for vlan in parameters.vlans where !links.contains(where: { $0.name == vlan.name }) {
            guard let parent = links.first(where: { $0.name == vlan.parent }) else { continue }
            let failure = attempt(vlan.name) { () throws(SystemError) in
                if !parent.isUp { try routes.setUp(true, parent) }
                try routes.addVLAN(vlan.name, number: vlan.number, on: parent)
                try Files.replace(Self.mark(vlan.name), with: "")
            }
            isChanged = isChanged || failure == nil
            words += say(vlan.name, failure, "made the VLAN \(vlan.number) on \(vlan.parent)")
        }
        for bond in parameters.bonds {
            guard let there = links.first(where: { $0.name == bond.name }) else {
                let failure = attempt(bond.name) { () throws(SystemError) in
                    try routes.addBond(bond.name, bond.options.compactMap(setting))
                    try Files.replace(Self.mark(bond.name), with: "")
                }
                isChanged = isChanged || failure == nil
                words += say(bond.name, failure, "made the bond")
                continue
            }
            for part in links
            where bond.parts.contains(part.name)
                && (part.master != there.index || failures[part.name] != nil)
            {
                let failure = attempt(part.name) { () throws(SystemError) in
                    if part.master != there.index {
                        if part.isUp { try routes.setUp(false, part) }
                        try routes.join(part, to: there)
                    }
                    if let mtu = bond.mtu { try routes.setMTU(UInt32(mtu), there) }
                    let isPreferred = bond.options.contains { $0.value == .interface(part.name) }
                    if isPreferred { try routes.change(there, .primary(part.index)) }
                }
                isChanged = isChanged || failure == nil
                words += say(part.name, failure, "is a part of \(bond.name) now")
            }
        }
        return (isChanged, words)
    }

    /// Takes away what this process or an earlier one made.
    func remove(among links: [Link], _ routes: inout RouteSocket) {
        for link in links where Files.exists(Self.mark(link.name)) {
            try? routes.removeLink(link)
            try? Files.remove(Self.mark(link.name))
        }
    }

    private static func mark(_ name: String) -> String {
        InterfaceState.directory + "/\(name).made"
    }

    private func attempt(
        _ name: String, _ work: () throws(SystemError) -> Void
    ) -> SystemError? {
        do throws(SystemError) {
            try work()
            return nil
        } catch {
            return error
        }
    }

    private mutating func say(
        _ name: String, _ failure: SystemError?, _ success: String
    ) -> [String] {
        guard let failure else {
            failures[name] = nil
            return ["\(name): \(success)"]
        }
        let lacks =
            failure.isUnsupported
            ? " The kernel has no such interfaces: the module 8021q or bonding must be in the initramfs."
            : ""
        let words = failure.description + lacks
        guard failures[name] != words else { return [] }
        failures[name] = words
        return ["\(name): \(words)"]
    }

    private func setting(_ option: BondOption) -> RouteSocket.BondSetting? {
        guard case .number(let number) = option.value else { return nil }
        let small = UInt8(truncatingIfNeeded: number)
        return switch option.name {
        case .mode: .mode(small)
        case .failOverMAC: .failOverMAC(small)
        case .hashPolicy: .hashPolicy(small)
        case .selection: .selection(small)
        case .lacpRate: .lacpRate(small)
        case .miimon: .monitorInterval(number)
        case .updelay: .upDelay(number)
        case .downdelay: .downDelay(number)
        case .primary: nil
        }
    }
}
