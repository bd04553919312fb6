import CLab
import Foundation
import Synchronization

/// Everything about DHCP that passes on the lab's bridge, seen by a raw socket.
package final class Wire: Sendable {
    package struct Sighting: Sendable {
        package let time: ContinuousClock.Instant
        package let packet: DHCPPacket
    }

    private let seen = Observed<[Sighting]>([])
    private let isEnding = Mutex(false)

    init(enclosure: Enclosure, interface: String, timeline: Timeline) throws {
        let namespace = try enclosure.networkNamespace()
        defer { close(namespace) }
        let socket = try openPacketSocket(namespace: namespace, interface: interface)
        Thread.detachNewThread { self.watch(socket, timeline) }
    }

    /// Ends the reading thread, which closes the socket: an open one would keep the namespace.
    func end() { isEnding.withLock { $0 = true } }

    private func watch(_ socket: Int32, _ timeline: Timeline) {
        var buffer = [UInt8](repeating: 0, count: 65536)
        var readable = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        while !isEnding.withLock({ $0 }) {
            guard poll(&readable, 1, 200) > 0 else { continue }
            let count = recv(socket, &buffer, buffer.count, 0)
            guard count > 0, let packet = DHCPPacket(frame: buffer[..<count]) else { continue }
            seen.update { $0.append(Sighting(time: .now, packet: packet)) }
            timeline.note("wire", packet.story)
        }
        close(socket)
    }

    package var sightings: [Sighting] { seen.value }

    /// Times of the packets of one kind, in order.
    package func times(_ kind: DHCPPacket.Kind) -> [ContinuousClock.Instant] {
        sightings.filter { $0.packet.kind == kind }.map(\.time)
    }

    /// Waits for the `count`-th packet of `kind` since `start`, to or from `client` (a hardware address) or anybody.
    /// - Throws: `.timedOut`.
    @discardableResult
    package func expect(
        _ kind: DHCPPacket.Kind, count: Int = 1, of client: String? = nil,
        since start: ContinuousClock.Instant? = nil, within limit: Duration
    ) async throws -> Sighting {
        let found = try await seen.first(before: .now + limit) { seen in
            seen.filter {
                $0.packet.kind == kind && $0.time >= start ?? $0.time
                    && $0.packet.client == client ?? $0.packet.client
            }.dropFirst(count - 1).first
        }
        guard let found else {
            throw LabError.timedOut(
                waitingFor: "DHCP \(kind) number \(count) on the bridge", seconds: limit.seconds,
                seen: seen.value.suffix(8).map { "    \($0.packet.story)" }.joined(separator: "\n"))
        }
        return found
    }
}

extension DHCPPacket {
    fileprivate var story: String {
        switch kind {
        case .offer, .ack: "DHCP \(kind) \(address) to \(client)"
        case .discover, .request, .decline, .nak, .release, .inform: "DHCP \(kind) of \(client)"
        }
    }
}

/// setns changes the thread that calls it: the socket is opened on one that ends afterwards.
private func openPacketSocket(namespace: Int32, interface: String) throws -> Int32 {
    let answer = Observed<(descriptor: Int32, errno: Int32)>((-1, 0))
    let done = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
        let descriptor = lab_packet_socket(namespace, interface)
        let failed = errno
        answer.update { $0 = (descriptor, failed) }
        done.signal()
    }
    done.wait()
    guard answer.value.descriptor >= 0 else {
        throw LabError.system(
            call: "socket(AF_PACKET)", object: interface, errno: answer.value.errno)
    }
    return answer.value.descriptor
}
