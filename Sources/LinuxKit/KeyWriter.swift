import CLinux
import Glibc

/// The end of the process that holds the connection.
package struct KeyWriter: ~Copyable {
    private let ring: KeyRing
    private let socket: FileDescriptor
    private var peer: FileDescriptor?
    /// Whether the reader still wants what is typed; then it goes nowhere else.
    package private(set) var isWanted = true
    /// The reader left it to somebody else: not one that just ended.
    package private(set) var isReleased = false

    package init() throws(SystemError) {
        let ring = try KeyRing()
        var ends: [Int32] = [-1, -1]
        guard davit_message_sockets(&ends) == 0 else { throw SystemError("make", "sockets") }
        let ours = FileDescriptor(adopting: ends[0])
        let theirs = FileDescriptor(adopting: ends[1])
        guard davit_send_descriptor(ours.number, ring.descriptor.number) == 0 else {
            throw SystemError("hand on", "memory for what is typed")
        }
        self.ring = ring
        socket = ours
        peer = consume theirs
    }

    /// What a child must find as its descriptor 3 (`ChildProcess.Request.extra`), and in its environment.
    package var childDescriptor: Int32 { peer.number }
    package static let variable = "DAVIT_KEYS=3"

    /// To be called when the child has its end.
    package mutating func childStarted() { peer = nil }

    /// To be polled for input: the reader has taken something, or wants nothing more.
    package var number: Int32 { socket.number }

    /// Takes what the reader has to say.
    package mutating func hear() {
        var failures = 0
        while isWanted {
            let heard = try? socket.read(atMost: 16)
            switch heard {
            case .wouldBlock: return
            case .bytes(let bytes):
                if bytes.contains(KeyReader.released) { (isWanted, isReleased) = (false, true) }
            // Who ends with a message of ours unread makes an error of the first read, before what it said last.
            case nil where failures == 0: failures += 1
            case .end, nil: isWanted = false
            }
        }
    }

    /// - Returns: how many of `bytes` there was room for; all of them when nobody wants them.
    package mutating func write(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard isWanted else { return bytes.count }
        let count = ring.write(bytes)
        // A socket that is full of messages wakes the reader as well.
        if count > 0 { socket.send(message: 0) }
        return count
    }

    /// Whether the reader has left something to whatever it starts next.
    package var hasLeftover: Bool { isReleased && !ring.isEmpty }

    /// Lends what the reader has left, not always all of it at once; `body` says how much of it is gone.
    package mutating func drainLeftover<Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) {
        if hasLeftover { try ring.drain(body) }
    }

    /// Nothing more will be typed.
    package mutating func end() { socket.send(message: KeyReader.ended) }
}

extension FileDescriptor {
    /// One byte into a socket that keeps messages apart; lost when there is no room, or nobody at the other end.
    borrowing func send(message: UInt8) {
        var message = message
        withUnsafeBytes(of: &message) { _ = try? writeOnce($0) }
    }
}
