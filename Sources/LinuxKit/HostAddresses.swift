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

    /// Whether no program of this host listens on that address and port now.
    /// - Throws: when it cannot be tried, for example because the host does not have the address.
    package static func isFree(_ address: String, port: UInt16) throws(SystemError) -> Bool {
        let isIPv6 = address.utf8.contains(UInt8(ascii: ":"))
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let socket = FileDescriptor(
            adopting: Glibc.socket(isIPv6 ? AF_INET6 : AF_INET, type, 0))
        var yes: Int32 = 1
        setsockopt(
            socket.number, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        let status =
            isIPv6
            ? bind6(socket.number, address, port) : bind4(socket.number, address, port)
        if status == 0 { return true }
        if errno == EADDRINUSE { return false }
        throw SystemError("listen on", "\(address) port \(port)")
    }

    private static func bind4(_ socket: Int32, _ text: String, _ port: UInt16) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, text, &address.sin_addr)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private static func bind6(_ socket: Int32, _ text: String, _ port: UInt16) -> Int32 {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        inet_pton(AF_INET6, text, &address.sin6_addr)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
            }
        }
    }

    private static func text(of address: UnsafeMutablePointer<sockaddr>) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let raw = UnsafeRawPointer(address)
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            var ip = raw.loadUnaligned(as: sockaddr_in.self).sin_addr
            guard inet_ntop(AF_INET, &ip, &buffer, socklen_t(buffer.count)) != nil else {
                return nil
            }
        case AF_INET6:
            var ip = raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            guard inet_ntop(AF_INET6, &ip, &buffer, socklen_t(buffer.count)) != nil else {
                return nil
            }
        default: return nil
        }
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        let text = String(decoding: bytes, as: UTF8.self)
        return text.hasPrefix("fe80:") ? nil : text
    }
}
