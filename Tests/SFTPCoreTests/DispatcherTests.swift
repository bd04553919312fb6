import Bytes
import Testing

@testable import SFTPCore

/// Packets as a client writes them, without their length.
enum Packet {
    static func request(_ type: PacketType, _ id: UInt32, _ fields: [UInt8]...) -> ArraySlice<UInt8>
    {
        var packet = ByteWriter()
        packet.append(type.rawValue)
        packet.append(id)
        for field in fields { packet.append(field) }
        return packet.bytes[...]
    }

    static let initialize: ArraySlice<UInt8> = [PacketType.initialize.rawValue, 0, 0, 0, 3]

    static func string(_ bytes: [UInt8]) -> [UInt8] { number(UInt32(bytes.count)) + bytes }
    static func string(_ text: String) -> [UInt8] { string(Array(text.utf8)) }
    static func number(_ value: UInt32) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(value)
        return writer.bytes
    }
    static func long(_ value: UInt64) -> [UInt8] {
        number(UInt32(value >> 32)) + number(UInt32(truncatingIfNeeded: value))
    }

    /// The code of a status packet with its length; `nil` for another one.
    static func code(_ reply: [UInt8]) -> UInt32? {
        var reader = ByteReader(reply)
        guard reader.uint32() != nil, reader.byte() == PacketType.status.rawValue,
            reader.uint32() != nil
        else { return nil }
        return reader.uint32()
    }
}

@Suite struct DispatcherTests {
    private func greeted(isReadOnly: Bool = false) -> Dispatcher {
        var dispatcher = Dispatcher(isReadOnly: isReadOnly)
        _ = dispatcher.receive(Packet.initialize)
        return dispatcher
    }

    private static let none = Packet.number(0)

    /// Opens a file and gives its handle.
    private func open(_ dispatcher: inout Dispatcher, flags: UInt32 = 3) -> [UInt8] {
        let packet = Packet.request(
            .open, 1, Packet.string("/f"), Packet.number(flags), Self.none)
        guard case .perform(let id, let operation) = dispatcher.receive(packet) else { return [] }
        return Array(dispatcher.finish(id, operation, .done).dropFirst(9))
    }

    @Test func saysVersionThreeAndItsExtensions() {
        var dispatcher = Dispatcher()
        guard case .reply(let reply) = dispatcher.receive(Packet.initialize) else {
            Issue.record("no reply")
            return
        }
        #expect(reply[4...8] == [2, 0, 0, 0, 3])
        let text = String(decoding: reply, as: UTF8.self)
        for name in Extension.allCases { #expect(text.contains(name.rawValue)) }
    }

    @Test func understandsNothingBeforeTheVersion() {
        var dispatcher = Dispatcher()
        let packet = Packet.request(.stat, 1, Packet.string("/"))
        #expect(dispatcher.receive(packet) == .end("a request before the version"))
    }

    static let requests: [(ArraySlice<UInt8>, Operation)] = [
        (
            Packet.request(.opendir, 7, Packet.string("/d")),
            .openDirectory(slot: 0, Array("/d".utf8))
        ),
        (
            Packet.request(.stat, 7, Packet.string("")),
            .look(Array(".".utf8), followingLinks: true)
        ),
        (
            Packet.request(.lstat, 7, Packet.string("/l")),
            .look(Array("/l".utf8), followingLinks: false)
        ),
        (
            Packet.request(.rename, 7, Packet.string("a"), Packet.string("b")),
            .rename([97], to: [98], replacing: false)
        ),
        (
            Packet.request(
                .extended, 7, Packet.string("posix-rename@openssh.com"), Packet.string("a"),
                Packet.string("b")),
            .rename([97], to: [98], replacing: true)
        ),
        // OpenSSH's order: first where the link points.
        (
            Packet.request(.symlink, 7, Packet.string("target"), Packet.string("link")),
            .makeLink(Array("link".utf8), target: Array("target".utf8))
        ),
        (
            Packet.request(
                .setstat, 7, Packet.string("f"), Packet.number(0xD), Packet.long(1 << 33),
                Packet.number(0o600), Packet.number(5), Packet.number(6)),
            .change(
                [102],
                Attributes(
                    size: 1 << 33, permissions: 0o600, times: .init(accessed: 5, modified: 6)),
                followingLinks: true)
        ),
        (
            Packet.request(
                .extended, 7, Packet.string("lsetstat@openssh.com"), Packet.string("f"),
                Packet.number(2), Packet.number(8), Packet.number(9)),
            .change(
                [102], Attributes(owner: .init(user: 8, group: 9)), followingLinks: false)
        ),
        (
            Packet.request(
                .extended, 7, Packet.string("hardlink@openssh.com"), Packet.string("a"),
                Packet.string("b")),
            .makeHardLink([98], of: [97])
        ),
    ]

    @Test(arguments: requests) func reads(_ packet: ArraySlice<UInt8>, _ operation: Operation) {
        var dispatcher = greeted()
        #expect(dispatcher.receive(packet) == .perform(id: 7, operation))
        // One byte less, and it is malformed: no packet is read past its end.
        var other = greeted()
        guard case .reply(let reply) = other.receive(packet.dropLast()) else {
            Issue.record("half a request was carried out")
            return
        }
        #expect(Packet.code(reply) == Status.Code.badMessage.rawValue)
    }

    @Test func writesPointIntoThePacket() {
        var dispatcher = greeted()
        let handle = open(&dispatcher)
        let packet = Packet.request(
            .write, 2, handle, Packet.long(1 << 40), Packet.string([1, 2, 3]))
        guard
            case .perform(2, .write(let slot, let offset, let bytes)) = dispatcher.receive(packet)
        else {
            Issue.record("no write")
            return
        }
        #expect(slot == 0 && offset == 1 << 40 && Array(bytes) == [1, 2, 3])
    }

    @Test func readsAreNoLongerThanAReplyMayBe() {
        var dispatcher = greeted()
        let handle = open(&dispatcher)
        let packet = Packet.request(.read, 2, handle, Packet.long(0), Packet.number(.max))
        #expect(
            dispatcher.receive(packet)
                == .perform(id: 2, .read(slot: 0, offset: 0, count: Limits.content)))
        #expect(Limits.content + Reply.dataHeaderLength <= Limits.packet + 4)
    }

    /// A slot has a new user by then, and the old handle must not reach it.
    @Test func aHandleUsedAfterItsCloseReachesNothing() {
        var dispatcher = greeted()
        let old = open(&dispatcher)
        _ = dispatcher.finish(2, .close(slot: 0), .done)
        let new = open(&dispatcher)
        #expect(old != new)
        guard case .reply(let reply) = dispatcher.receive(Packet.request(.fstat, 3, old)) else {
            Issue.record("an old handle was taken")
            return
        }
        #expect(Packet.code(reply) == Status.Code.failure.rawValue)
        #expect(
            dispatcher.receive(Packet.request(.fstat, 3, new))
                == .perform(id: 3, .lookAtOpen(slot: 0)))
    }

    @Test func noMoreFilesThanThereAreHandles() {
        var dispatcher = greeted()
        for _ in 0..<Limits.handles { #expect(open(&dispatcher).count == 12) }
        #expect(open(&dispatcher) == [])
        // One that cannot be opened gives its place back.
        _ = dispatcher.finish(1, .close(slot: 5), .done)
        let packet = Packet.request(.open, 1, Packet.string("/f"), Packet.number(1), Self.none)
        for _ in 0..<3 {
            guard case .perform(let id, let operation) = dispatcher.receive(packet) else {
                Issue.record("no place")
                return
            }
            _ = dispatcher.finish(id, operation, .failed(Status(.noSuchFile, "")))
        }
    }

    @Test(arguments: [(1, true), (2, false), (9, false), (17, false), (5, false)])
    func readOnlyOpensForReadingOnly(flags: UInt32, allowed: Bool) {
        var dispatcher = greeted(isReadOnly: true)
        #expect((open(&dispatcher, flags: flags) != []) == allowed)
        guard
            case .reply(let reply) = dispatcher.receive(
                Packet.request(.remove, 9, Packet.string("f")))
        else {
            Issue.record("removed")
            return
        }
        #expect(Packet.code(reply) == Status.Code.permissionDenied.rawValue)
    }

    @Test func refusesAByteOfZeroInAPath() {
        var dispatcher = greeted()
        guard
            case .reply(let reply) = dispatcher.receive(
                Packet.request(.stat, 1, Packet.string([47, 0, 47])))
        else {
            Issue.record("taken")
            return
        }
        #expect(Packet.code(reply) == Status.Code.badMessage.rawValue)
    }

    @Test(arguments: [
        ([0, 0, 0], Dispatcher.Frame.incomplete), ([0, 0, 0, 1], .incomplete),
        ([0, 0, 0, 1, 9], .packet(1)), ([0, 0, 0, 0], .packet(0)),
        ([0, 4, 0, 1, 9], .tooLong(262_145)), ([255, 255, 255, 255, 1], .tooLong(.max)),
    ])
    func frames(_ bytes: [UInt8], _ frame: Dispatcher.Frame) {
        #expect(Dispatcher.frame(bytes[...]) == frame)
    }

    /// Mangled packets by the thousand: whatever they say, there is an answer, and an open slot is a slot within bounds.
    @Test(arguments: 1...20) func survivesAnything(seed: UInt64) {
        var random = Seeded(seed)
        var dispatcher = greeted()
        var handles = [open(&dispatcher)]
        for _ in 0..<2000 {
            var packet: [UInt8] = [UInt8.random(in: 0...21, using: &random)]
            if packet[0] == 21 { packet[0] = PacketType.extended.rawValue }
            packet += Packet.number(UInt32.random(in: 0...9, using: &random))
            if packet[0] == PacketType.extended.rawValue {
                packet += Packet.string(
                    Extension.allCases.randomElement(using: &random)?.rawValue ?? "")
            }
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                switch Int.random(in: 0...3, using: &random) {
                case 0: packet += handles.randomElement(using: &random) ?? []
                case 1: packet += Packet.string("/x")
                case 2: packet += Packet.number(UInt32.random(in: 0...63, using: &random))
                default: packet += Packet.long(UInt64.random(in: 0...UInt64.max, using: &random))
                }
            }
            if Bool.random(using: &random), packet.count > 6 {
                packet[Int.random(in: 5..<packet.count, using: &random)] ^= 0x80
            }
            guard case .perform(let id, let operation) = dispatcher.receive(packet[...]) else {
                continue
            }
            let outcome: Outcome =
                Bool.random(using: &random) ? .done : .failed(Status(.failure, "no"))
            let reply = dispatcher.finish(id, operation, outcome)
            #expect(reply.count >= 9 && reply.count < 200)
            if reply[4] == PacketType.handle.rawValue { handles.append(Array(reply.dropFirst(9))) }
        }
    }
}

/// SplitMix64.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
