import Addresses
import Bytes

/// Option 121. Source: RFC 3442.
package enum ClasslessRoutes {
    /// At most `limit` routes; `nil` when a prefix length is above 32 or the value ends within a route: the RFC has no way to
    /// tell which part of such a value to trust. A router of 0.0.0.0 means that the destination is on the link.
    package static func parse(_ value: [UInt8], atMost limit: Int) -> [IPv4Route]? {
        var reader = ByteReader(value)
        var routes: [IPv4Route] = []
        while let length = reader.byte() {
            guard length <= 32, let significant = reader.bytes((Int(length) + 7) / 8),
                let router = reader.uint32()
            else { return nil }
            let bytes = Array(significant) + Array(repeating: 0, count: 4 - significant.count)
            guard let network = IPv4Address(bytes: bytes) else { return nil }
            guard routes.count < limit else { continue }
            routes.append(
                IPv4Route(
                    to: IPv4Prefix(network, length: Int(length)),
                    via: router == 0 ? nil : IPv4Address(rawValue: router)))
        }
        return routes
    }
}
