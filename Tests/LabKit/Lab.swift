import Foundation

/// One story's world: a network of its own, guests on it, a DHCP server, a client, a timeline.
///
///     try await Lab.with("First rescue") { lab in
///         let guest = try await lab.boot(image)
///         let server = try await lab.startDHCP()
///         try await guest.console.expect("login:", within: .seconds(120))
///     }
package final class Lab: Sendable {
    package static let prefix = "10.77.0"
    /// The lab's own address on the bridge.
    package static let hostAddress = "\(prefix).1"
    /// The addresses that the DHCP server gives, by their last number.
    package static let pool = 50...99
    static let bridge = "br0"

    package let enclosure: Enclosure
    package let timeline: Timeline
    /// What passes on the bridge.
    package let wire: Wire
    private let guests = Observed<[Guest]>([])

    private init(timeline: Timeline) async throws {
        self.timeline = timeline
        enclosure = try await Enclosure(network: .own)
        do {
            let setUp = """
                ip link add \(Lab.bridge) type bridge stp_state 0 forward_delay 0
                ip address add \(Lab.hostAddress)/24 dev \(Lab.bridge)
                ip link set \(Lab.bridge) up
                """
            try await enclosure.run(["sh", "-euc", setUp])
            wire = try Wire(enclosure: enclosure, interface: Lab.bridge, timeline: timeline)
        } catch {
            await enclosure.end()
            throw error
        }
    }

    /// Runs a story in a lab of its own, at most two at a time, and leaves nothing behind.
    ///
    /// When the story fails, its timeline is printed. The timeline and the consoles always go to
    /// `$DAVIT_LAB_LOGS` if that is set, and the ends of those of a story that failed to `failure.txt` beside them.
    package static func with<Result: Sendable>(
        _ story: String, echo: (@Sendable (Timeline.Entry) -> Void)? = nil,
        _ body: @Sendable (Lab) async throws -> Result
    ) async throws -> Result {
        try await Slots.shared.take()
        do {
            let lab = try await Lab(timeline: Timeline(echo: echo))
            let result = await lab.outcome(body)
            lab.writeLogs(story, result)
            await lab.end()
            await Slots.shared.give()
            return try result.get()
        } catch {
            await Slots.shared.give()
            throw error
        }
    }

    private func outcome<Value: Sendable>(
        _ body: @Sendable (Lab) async throws -> Value
    ) async -> Result<Value, any Error> {
        do {
            return .success(try await body(self))
        } catch {
            timeline.note("lab", "failed: \(error)")
            print(timeline.report)
            return .failure(error)
        }
    }

    private func end() async {
        for guest in guests.value { await guest.powerOff() }
        wire.end()
        await enclosure.end()
    }

    /// Boots a guest; with `disks`, from what an earlier one left on them.
    package func boot(
        _ image: GuestImage, _ options: Guest.Options = Guest.Options(), disks: [String]? = nil
    ) async throws -> Guest {
        let number = guests.read(\.count) + 1
        let accelerator = await Accelerator.best(
            machine: image.machine, kernel: image.kernel, enclosure: enclosure)
        let guest = try await Guest(
            number: number, image: image, options: options, disks: disks,
            accelerator: accelerator, lab: self)
        guests.update { $0.append(guest) }
        return guest
    }

    /// Starts dnsmasq on the bridge.
    package func startDHCP(
        range: ClosedRange<Int> = pool, leaseSeconds: Int = 600
    ) async throws -> DHCPServer {
        let server = try await DHCPServer(
            enclosure: enclosure, interface: Lab.bridge, range: range, leaseSeconds: leaseSeconds)
        timeline.note("lab", "DHCP server started")
        return server
    }

    /// OpenSSH's client for an image's davit, which it knows at every address of the pool.
    package func sshClient(_ image: GuestImage) throws -> SSHClient {
        try SSHClient(
            enclosure: enclosure, privateKey: image.privateKey, hostKeys: image.hostKeys,
            hosts: Lab.pool.map { "\(Lab.prefix).\($0)" })
    }

    private func writeLogs<Value>(_ story: String, _ result: Result<Value, any Error>) {
        guard let parent = ProcessInfo.processInfo.environment["DAVIT_LAB_LOGS"] else { return }
        let directory = "\(parent)/\(story.replacingOccurrences(of: " ", with: "-"))"
        var files = ["timeline": timeline.report]
        for guest in guests.value { files["console-\(guest.number)"] = guest.console.text }
        if case .failure = result {
            let consoles = guests.value.map {
                "console of guest \($0.number):\n\($0.console.tail())"
            }
            let lines = timeline.report.split(separator: "\n").suffix(40).joined(separator: "\n")
            files["failure"] = ([lines] + consoles).joined(separator: "\n")
        }
        try? FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        for (name, text) in files {
            try? text.write(
                toFile: "\(directory)/\(name).txt", atomically: true, encoding: .utf8)
        }
    }
}

/// At most two labs at once: each guest has two emulated processors of its own.
private actor Slots {
    static let shared = Slots()

    private var free = 2
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func take() async throws {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func give() {
        if waiting.isEmpty {
            free += 1
        } else {
            waiting.removeFirst().resume()
        }
    }
}
