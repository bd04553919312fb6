import CLinux
import Glibc

/// TCP sockets over IPv6 and IPv4, by address bytes: no name is ever looked up.
package enum TCPSocket {
    /// One end of a connection.
    package struct Endpoint: Sendable, Equatable {
        /// 4 or 16 bytes in network byte order.
        package let address: [UInt8]
        package let port: UInt16

        package init(address: [UInt8], port: UInt16) {
            self.address = address
            self.port = port
        }
    }

    /// Listens on one address, which need not exist yet (IP_FREEBIND), or with `nil` on all of them: IPv6 and IPv4 in
    /// one socket, IPv4 alone where the machine has no IPv6.
    package static func listen(
        on address: [UInt8]?, port: UInt16, backlog: Int32
    ) throws(SystemError) -> FileDescriptor {
        if let address { return try listen(.init(address: address, port: port), backlog) }
        let any6 = Endpoint(address: [UInt8](repeating: 0, count: 16), port: port)
        do throws(SystemError) {
            return try listen(any6, backlog)
        } catch {
            guard error.code == EAFNOSUPPORT || error.code == EADDRNOTAVAIL else { throw error }
            return try listen(.init(address: [0, 0, 0, 0], port: port), backlog)
        }
    }

    /// Whether no program of this host listens there now.
    /// - Throws: when it cannot be tried, for example because the host does not have the address.
    package static func isFree(_ endpoint: Endpoint) throws(SystemError) -> Bool {
        let opened = davit_stream_socket(endpoint.address.count == 4 ? AF_INET : AF_INET6)
        guard opened >= 0 else { throw SystemError("make a socket for", "port \(endpoint.port)") }
        let socket = FileDescriptor(adopting: opened)
        set(socket.number, SOL_SOCKET, SO_REUSEADDR, 1)
        if withAddress(endpoint, { bind(socket.number, $0, $1) }) == 0 { return true }
        if errno == EADDRINUSE { return false }
        throw SystemError("listen on", "port \(endpoint.port)")
    }

    /// Begins to connect; the socket does not block.
    /// - Throws: the kernel's reason where it knows one already.
    package static func connect(to endpoint: Endpoint) throws(SystemError) -> FileDescriptor {
        let object = "port \(endpoint.port) of this machine"
        let opened = davit_stream_socket(endpoint.address.count == 4 ? AF_INET : AF_INET6)
        guard opened >= 0 else { throw SystemError("make a socket for", object) }
        let socket = FileDescriptor(adopting: opened)
        let status = withAddress(endpoint) { Glibc.connect(opened, $0, $1) }
        guard status == 0 || errno == EINPROGRESS else { throw SystemError("connect to", object) }
        set(opened, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        return socket
    }

    /// Whether a connection that was begun is made by now.
    /// - Throws: why it never will be.
    package static func isConnected(_ descriptor: Int32) throws(SystemError) -> Bool {
        var reason: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        let status = getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &reason, &size)
        guard status == 0, reason == 0 else {
            throw SystemError("connect", "to this machine", code: status == 0 ? reason : errno)
        }
        return peer(of: descriptor) != nil
    }

    /// The next connection, non-blocking and close-on-exec; `nil` when there is none now.
    package static func accept(
        from listener: Int32
    ) throws(SystemError) -> FileDescriptor? {
        let accepted = davit_accept(listener)
        if accepted >= 0 { return FileDescriptor(adopting: accepted) }
        // accept(2) also reports what befell a connection before it was taken: those are the client's errors.
        let transient = [
            EAGAIN, EINTR, ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET,
            EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH, EPERM,
        ]
        if transient.contains(errno) { return nil }
        throw SystemError("accept connections on", "descriptor \(listener)")
    }

    /// The other end of a connection, or `nil` when it is gone.
    package static func peer(of descriptor: Int32) -> Endpoint? {
        endpoint { getpeername(descriptor, $0, $1) }
    }

    /// This end of a socket.
    package static func local(of descriptor: Int32) -> Endpoint? {
        endpoint { getsockname(descriptor, $0, $1) }
    }

    /// Finds out within `silence` that the other end is gone, whether or not anything is being sent.
    package static func noticeDeadPeer(_ descriptor: Int32, after silence: Duration) {
        let seconds = Int32(clamping: max(8, silence.milliseconds / 1000))
        set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
        set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPIDLE, seconds / 2)
        set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPINTVL, max(1, seconds / 8))
        set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPCNT, 4)
        // Oldest kernel: 2.6.37. What was sent and never acknowledged counts too.
        set(descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, seconds &* 1000)
        // A keystroke's echo must not wait for the next one.
        set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    }

    /// Acknowledges what has come in at once, this time: a client that waits for it with its next packet (Nagle) would
    /// otherwise wait for 40 ms.
    package static func acknowledgeNow(_ descriptor: Int32) {
        set(descriptor, Int32(IPPROTO_TCP), TCP_QUICKACK, 1)
    }

    /// How many bytes have come in and were not read; 0 also when the other side has ended without a word.
    package static func unread(_ descriptor: Int32) -> Int {
        var count: Int32 = 0
        return davit_ioctl(descriptor, UInt(FIONREAD), &count) == 0 ? Int(count) : 0
    }

    /// Tells the other side that nothing more will come, and goes on hearing it.
    package static func endOutput(_ descriptor: Int32) { shutdown(descriptor, Int32(SHUT_WR)) }

    private static func listen(
        _ endpoint: Endpoint, _ backlog: Int32
    ) throws(SystemError) -> FileDescriptor {
        let isVersion4 = endpoint.address.count == 4
        let object = "port \(endpoint.port) over \(isVersion4 ? "IPv4" : "IPv6")"
        let opened = davit_stream_socket(isVersion4 ? AF_INET : AF_INET6)
        guard opened >= 0 else { throw SystemError("make a socket for", object) }
        let socket = FileDescriptor(adopting: opened)
        set(opened, SOL_SOCKET, SO_REUSEADDR, 1)
        set(opened, Int32(IPPROTO_IP), IP_FREEBIND, 1)
        if !isVersion4 { set(opened, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0) }
        let status = withAddress(endpoint) { bind(opened, $0, $1) }
        guard status == 0, Glibc.listen(opened, backlog) == 0 else {
            throw SystemError("listen on", object)
        }
        return socket
    }

    private static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        // A kernel without the option works without it.
        _ = setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func withAddress(
        _ endpoint: Endpoint, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var storage = sockaddr_storage()
        return withUnsafeMutableBytes(of: &storage) { bytes in
            let size: Int
            if endpoint.address.count == 4 {
                size = MemoryLayout<sockaddr_in>.size
                var address = sockaddr_in()
                address.sin_family = sa_family_t(AF_INET)
                address.sin_port = endpoint.port.bigEndian
                withUnsafeMutableBytes(of: &address.sin_addr) {
                    $0.copyBytes(from: endpoint.address)
                }
                withUnsafeBytes(of: address) { bytes.copyMemory(from: $0) }
            } else {
                size = MemoryLayout<sockaddr_in6>.size
                var address = sockaddr_in6()
                address.sin6_family = sa_family_t(AF_INET6)
                address.sin6_port = endpoint.port.bigEndian
                withUnsafeMutableBytes(of: &address.sin6_addr) {
                    $0.copyBytes(from: endpoint.address.prefix(16))
                }
                withUnsafeBytes(of: address) { bytes.copyMemory(from: $0) }
            }
            guard let base = bytes.baseAddress else { return -1 }
            return body(base.assumingMemoryBound(to: sockaddr.self), socklen_t(size))
        }
    }

    private static func endpoint(
        _ call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> Endpoint? {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutableBytes(of: &storage) { bytes -> Endpoint? in
            guard let base = bytes.baseAddress,
                call(base.assumingMemoryBound(to: sockaddr.self), &size) == 0
            else { return nil }
            switch Int32(bytes.load(as: sockaddr.self).sa_family) {
            case AF_INET:
                let found = bytes.load(as: sockaddr_in.self)
                return Endpoint(
                    address: withUnsafeBytes(of: found.sin_addr) { Array($0) },
                    port: UInt16(bigEndian: found.sin_port))
            case AF_INET6:
                let found = bytes.load(as: sockaddr_in6.self)
                return Endpoint(
                    address: withUnsafeBytes(of: found.sin6_addr) { Array($0) },
                    port: UInt16(bigEndian: found.sin6_port))
            default: return nil
            }
        }
    }
}
