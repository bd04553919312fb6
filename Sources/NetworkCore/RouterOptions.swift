import Addresses
import Bytes

/// The options of router advertisements that the kernel leaves to programs: name servers and search domains.
/// Source: RFC 8106 §5; RTM_NEWNDUSEROPT, net/ipv6/ndisc.c.
package struct RouterOptions: Equatable, Sendable {
    /// In seconds; 0 takes back what was said before, UInt32.max: for ever.
    package private(set) var nameServers: [(address: IPv6Address, lifetime: UInt32)] = []
    package private(set) var search: [(domain: String, lifetime: UInt32)] = []

    /// Never refuses: what stands before a broken place counts. At most eight of each.
    package init(parsing bytes: ArraySlice<UInt8>) {
        var reader = ByteReader(bytes)
        // The length counts units of eight bytes, type and length included.
        while let type = reader.byte(), let units = reader.byte(),
            let body = reader.bytes(Int(units) * 8 - 2)
        {
            var option = ByteReader(body)
            guard option.uint16() != nil, let lifetime = option.uint32() else { continue }
            if type == Self.recursiveServers {
                while nameServers.count < 8, let bytes = option.bytes(16) {
                    guard let one = IPv6Address(bytes: bytes), one.isHost else { continue }
                    nameServers.append((one, lifetime))
                }
            } else if type == Self.searchList {
                // The list is padded with zeros, each of which would be an empty name.
                let names = DomainName.list(parsing: Array(option.remainder()), atMost: 8)
                search += names.prefix(8 - search.count).map { ($0, lifetime) }
            }
        }
    }

    package static func == (left: RouterOptions, right: RouterOptions) -> Bool {
        left.nameServers.elementsEqual(right.nameServers) { $0 == $1 }
            && left.search.elementsEqual(right.search) { $0 == $1 }
    }

    private static let recursiveServers: UInt8 = 25
    private static let searchList: UInt8 = 31
}
