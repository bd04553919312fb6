import Addresses
import CLinux
import Glibc

/// The IP addresses of this host.
package enum HostAddresses {
    /// All addresses of interfaces that are up, loopback last, as text without a scope; link-local IPv6 left out.
    package static var all: [String] {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return [] }
        defer { freeifaddrs(first) }
        var usual: [String] = []
        var loopback: [String] = []
        var next = first
        while let entry = next?.pointee {
            next = entry.ifa_next
            guard entry.ifa_flags & UInt32(IFF_UP) != 0, let address = entry.ifa_addr,
                let text = text(of: address)
            else { continue }
            if entry.ifa_flags & UInt32(IFF_LOOPBACK) != 0 {
                loopback.append(text)
            } else {
                usual.append(text)
            }
        }
        return usual + loopback
    }

    private static func text(of address: UnsafeMutablePointer<sockaddr>) -> String? {
        let raw = UnsafeRawPointer(address)
        let bytes: [UInt8]
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            let ip = raw.loadUnaligned(as: sockaddr_in.self).sin_addr
            bytes = withUnsafeBytes(of: ip) { Array($0) }
        case AF_INET6:
            let ip = raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            bytes = withUnsafeBytes(of: ip) { Array($0) }
        default: return nil
        }
        guard IPv6Address(bytes: bytes)?.isLinkLocal != true else { return nil }
        return IPAddress(bytes: bytes)?.description
    }
}
