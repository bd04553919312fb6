import Addresses

/// What the kernel's command line says of the network: `ip=`, `vlan=`, `bond=` and `nameserver=`.
package struct NetworkParameters: Equatable, Sendable {
    package struct VLAN: Equatable, Sendable {
        package let name: String
        package let parent: String
        /// 1 to 4094.
        package let number: UInt16
    }

    package struct Bond: Equatable, Sendable {
        package let name: String
        package var parts: [String]
        package var options: [BondOption] = []
        package var mtu: UInt16?
    }

    package private(set) var addresses: [StaticAddress] = []
    package private(set) var vlans: [VLAN] = []
    package private(set) var bonds: [Bond] = []
    /// Those of `nameserver=`, then those of `ip=` that belong to no lease.
    package private(set) var nameServers: [IPAddress] = []
    /// Each a sentence that names what cannot be used, and says what is done instead.
    package private(set) var complaints: [String] = []

    package init() {}

    package init(parsing line: String) {
        let parameters = KernelParameters(parsing: line)
        for value in parameters.values("ip") { takeAddress(value) }
        for value in parameters.values("vlan") { takeVLAN(value) }
        for value in parameters.values("bond") { takeBond(value) }
        for value in parameters.values("nameserver") {
            let isBracketed = value.hasPrefix("[") && value.hasSuffix("]")
            if let address = IPAddress(isBracketed ? value.dropFirst().dropLast() : value),
                address.isHost
            {
                nameServers.append(address)
            } else {
                complain("nameserver=\(value)", "this is no address", "it is left out")
            }
        }
        nameServers = Array((nameServers + addresses.flatMap(\.nameServers)).prefix(8))
    }

    /// What is said of one interface by its name, or else of every one; not a fixed address for whichever is first.
    package func address(of interface: String) -> StaticAddress? {
        addresses.first { $0.interface == interface }
            ?? addresses.first { $0.interface == nil && !$0.isFixed }
    }

    /// A fixed address for the first interface that has a carrier and none of its own.
    package var addressOfTheFirst: StaticAddress? {
        addresses.first { $0.interface == nil && $0.isFixed }
    }

    /// The interfaces that are named here, which need not be hardware.
    package var interfaces: [String] {
        var names: [String] = []
        for name in addresses.compactMap(\.interface) + vlans.map(\.name) + bonds.map(\.name)
        where !names.contains(name) {
            names.append(name)
        }
        return names
    }

    private mutating func takeAddress(_ value: Substring) {
        do throws(StaticAddress.Refusal) {
            let rule = try StaticAddress(parsing: value)
            if !add(rule) {
                let whom = rule.interface ?? "the same interfaces"
                complain("ip=\(value)", "there is another ip= for \(whom)", "the first one counts")
            }
        } catch {
            complain("ip=\(value)", error.reason, "DHCP is used instead")
            // It was meant for this one, which may be a VLAN or a bond that nothing else names.
            if let name = error.interface, let rule = try? StaticAddress(parsing: name + ":dhcp") {
                _ = add(rule)
            }
        }
    }

    /// - Returns: `false` where another one for the same interface counts before it.
    private mutating func add(_ rule: StaticAddress) -> Bool {
        guard let place = addresses.firstIndex(where: { $0.interface == rule.interface }) else {
            addresses.append(rule)
            return true
        }
        // One may be for IPv4 and one for IPv6.
        return addresses[place].join(rule)
    }

    /// `NAME:PARENT`, the number at the end of NAME: vlan5, vlan0005, eth0.5, eth0.0005.
    private mutating func takeVLAN(_ value: Substring) {
        let parts = value.split(separator: ":", omittingEmptySubsequences: false)
        let digits = parts.first?.reversed().prefix { ("0"..."9").contains($0) }.reversed() ?? []
        guard parts.count == 2, parts.allSatisfy({ InterfaceName.isValid($0) }),
            let number = UInt16(String(digits)), (1...4094).contains(number),
            parts[0] != parts[1]
        else {
            complain(
                "vlan=\(value)",
                "expected NAME:INTERFACE with a number from 1 to 4094 at the end of NAME",
                "it is left out")
            return
        }
        vlans.append(VLAN(name: String(parts[0]), parent: String(parts[1]), number: number))
    }

    /// `[NAME[:INTERFACE,INTERFACE[:OPTION=VALUE,OPTION=VALUE[:MTU]]]]`
    private mutating func takeBond(_ value: Substring) {
        let fields = value.split(
            separator: ":", maxSplits: 3, omittingEmptySubsequences: false)
        func field(_ place: Int) -> Substring { place < fields.count ? fields[place] : "" }
        let name = field(0).isEmpty ? "bond0" : field(0)
        let parts =
            field(1).isEmpty
            ? ["eth0", "eth1"] : field(1).split(separator: ",").map { String($0) }
        guard InterfaceName.isValid(name), !parts.isEmpty,
            parts.allSatisfy({ InterfaceName.isValid($0) && $0 != name })
        else {
            complain("bond=\(value)", "expected NAME:INTERFACE,INTERFACE", "it is left out")
            return
        }
        var bond = Bond(name: String(name), parts: parts)
        for word in field(2).split(separator: ",") {
            if let option = BondOption(parsing: word) {
                bond.options.append(option)
            } else {
                complain("bond=\(value)", "davit does not know '\(word)'", "it is left out")
            }
        }
        if bond.options.isEmpty, let standard = BondOption(parsing: "mode=balance-rr") {
            bond.options = [standard]
        }
        if !field(3).isEmpty {
            bond.mtu = UInt16(field(3)).flatMap { $0 >= 576 ? $0 : nil }
            if bond.mtu == nil {
                complain("bond=\(value)", "'\(field(3))' is no MTU", "it is left out")
            }
        }
        bonds.append(bond)
    }

    private mutating func complain(_ what: String, _ why: String, _ instead: String) {
        complaints.append("\(what) on the kernel's command line: \(why); \(instead).")
    }
}
