import CSSH
import LinuxKit

/// Sees packets before libssh does, which then deals with them.
///
/// libssh copies what it takes out of a packet, more than once, and wipes none of it. So a secret is taken out here and zeros
/// are left in its place: there is never a copy that would have to be looked for.
final class PacketCallbacks {
    /// Source: RFC 4252 §6, RFC 4256 §5, RFC 4254 §9.
    private static let loginRequest = 50
    private static let answers = 61
    private static let channelData = 94
    private static let channelRequest = 98

    private let callbacks = UnsafeMutablePointer<ssh_packet_callbacks_struct>.allocate(capacity: 1)
    private let functions: UnsafeMutablePointer<ssh_packet_callback?>

    init() {
        let count = Self.channelRequest + 1 - Self.loginRequest
        functions = .allocate(capacity: count)
        functions.initialize(repeating: nil, count: count)
        functions[0] = { _, _, packet, context in
            PacketCallbacks.show(packet, context) { $0.loginRequested($1) }
        }
        functions[Self.answers - Self.loginRequest] = { _, _, packet, context in
            PacketCallbacks.show(packet, context) { $0.answersCame($1) }
        }
        functions[Self.channelData - Self.loginRequest] = { _, _, packet, context in
            PacketCallbacks.show(packet, context) { $0.dataCame($1) }
        }
        functions[Self.channelRequest - Self.loginRequest] = { _, _, packet, context in
            PacketCallbacks.show(packet, context) { $0.requestCame($1) }
        }
    }

    func install(on session: ServerSession) {
        callbacks.initialize(
            to: .init(
                start: UInt8(Self.loginRequest),
                n_callbacks: UInt8(Self.channelRequest + 1 - Self.loginRequest),
                callbacks: functions, user: Unmanaged.passUnretained(session).toOpaque()))
        ssh_packet_set_callbacks(session.session, callbacks)
    }

    /// Once the session is gone.
    func free() {
        callbacks.deallocate()
        functions.deallocate()
    }

    private static func show(
        _ packet: ssh_buffer?, _ context: UnsafeMutableRawPointer?,
        _ look: (ServerSession, WrittenPacket) -> Void
    ) -> CInt {
        if let me = ServerSession.at(context), let packet, let base = ssh_buffer_get(packet) {
            let length = Int(ssh_buffer_get_len(packet))
            look(me, WrittenPacket(bytes: .init(start: base, count: length)))
        }
        return SSH_PACKET_NOT_USED
    }
}

/// A packet without its type, in libssh's own buffer.
struct WrittenPacket {
    let bytes: UnsafeMutableRawBufferPointer

    func number(at offset: Int) -> UInt32? {
        guard offset >= 0, offset <= bytes.count - 4 else { return nil }
        return UInt32(
            bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// The bytes of the string whose length stands at `offset`.
    func string(at offset: Int) -> UnsafeMutableRawBufferPointer? {
        guard let length = number(at: offset), Int(length) <= bytes.count - offset - 4 else {
            return nil
        }
        return .init(rebasing: bytes[(offset + 4)..<(offset + 4 + Int(length))])
    }
}

extension ServerSession {
    fileprivate func loginRequested(_ packet: WrittenPacket) {
        securityKeySignature = SecurityKeySignature(userauthRequest: Array(packet.bytes))
    }

    /// uint32 how many, then as many strings. Source: RFC 4256 §3.4.
    fileprivate func answersCame(_ packet: WrittenPacket) {
        answer = nil
        var offset = 4
        while let bytes = packet.string(at: offset) {
            if offset == 4 { answer = Self.copy(UnsafeRawBufferPointer(bytes)) }
            bytes.wipe()
            offset += 4 + bytes.count
        }
    }

    private static func copy(_ bytes: UnsafeRawBufferPointer) -> SecretBytes? {
        guard var secret = try? SecretBytes(capacity: max(1, bytes.count)) else { return nil }
        for byte in bytes { _ = secret.append(byte) }
        return secret
    }

    /// uint32 recipient, string data. Source: RFC 4254 §5.2.
    fileprivate func dataCame(_ packet: WrittenPacket) {
        guard let number = packet.number(at: 0), let channel = channel(numbered: number),
            channel.isConcealing, let data = packet.string(at: 4)
        else { return }
        channel.take(data)
    }

    /// uint32 recipient, and then what only libssh reads. Source: RFC 4254 §5.4.
    fileprivate func requestCame(_ packet: WrittenPacket) {
        requestedChannel = packet.number(at: 0)
    }
}

extension UnsafeMutableRawBufferPointer {
    /// Leaves zeros.
    func wipe() {
        if let baseAddress {
            _ = baseAddress.initializeMemory(as: UInt8.self, repeating: 0, count: count)
        }
    }
}
