import JSONKit
import LinuxKit
import NetworkCore

/// What stands in IF.json; `InterfaceState` says what the fields mean.
struct InterfaceReport {
    let name: String
    let state: String
    let readiness: Readiness
    private let now: Duration
    /// The addresses have been taken away.
    var isReleased = false
    var since = Duration.zero
    var lastErrorAt: Duration?
    var broughtUp = false
    var originalMTU: UInt32 = 0
    var learned: (ipv6: JSON, name: JSON) = (.null, .null)
    var counters = InterfaceCounters()

    init(_ name: String, _ state: String, _ readiness: Readiness, at now: Duration) {
        self.name = name
        self.state = state
        self.readiness = readiness
        self.now = now
    }

    /// What is known of an interface that vanished stands here for its return.
    private var isThere: Bool { state != "absent" }
    private var link: Link { readiness.link }
    private var machine: IPv4Machine { readiness.machine }

    /// Debian's net-IF.conf in this directory; nothing without a lease.
    func writeNetConf(in directory: String, at now: Duration) throws(SystemError) {
        guard let lease = machine.held?.lease,
            let text = NetworkFiles.netConf(
                interface: name, lease: lease, mtu: link.mtu, uptime: now)
        else { return }
        try Files.replace("\(directory)/net-\(name).conf", with: text)
    }

    var json: JSON {
        let held = isReleased ? nil : machine.held
        let lease = held?.lease
        func time(_ time: Duration?) -> JSON { JSON(time?.milliseconds) }
        return [
            "interface": .string(name), "mac": JSON(link.hardwareAddress?.description),
            "state": .string(state), "since": time(since), "carrier": .bool(link.hasCarrier),
            "configured": .bool(isThere && readiness.isConfigured && lease != nil),
            "ready": .bool(isThere && !isReleased && readiness.isReady(at: now)),
            "readiness": .string(
                isThere ? readiness.words(at: now) : "there is no such interface"),
            "address": JSON(lease?.prefix.description),
            "linkLocal": JSON(isReleased ? nil : machine.linkLocal?.description),
            "gateway": JSON(lease?.gateway?.description),
            "dns": .array(lease?.nameServers.map { .string($0.description) } ?? []),
            "domain": JSON(lease?.domain),
            "ntp": .array(
                lease?.timeServers.map { .string($0.description) } ?? []),
            "server": JSON(lease.flatMap { $0.isFixed ? nil : $0.server.description }),
            "leaseSeconds": JSON(lease?.duration?.components.seconds),
            "leaseObtainedAt": time(held?.obtainedAt), "renewAt": time(held?.renewAt),
            "leaseEndsAt": time(held?.endsAt), "tries": .number(machine.tries),
            "lastTryAt": time(machine.lastTryAt), "nextTryAt": time(machine.nextTryAt),
            "lastError": JSON(readiness.lastError), "lastErrorAt": time(lastErrorAt),
            "broughtUp": .bool(broughtUp), "originalMTU": .number(Int(originalMTU)),
            "pid": .number(Int(Host.pid)),
            "ipv6": learned.ipv6, "mdns": learned.name, "counters": counters.json,
        ]
    }
}
