import LinuxKit
import RepairCore

/// Gathers what the verdict needs: the counts of the output, of the processes, and of the devices.
struct Sampler {
    private let session: Int32
    private let devices: [String]
    private var sample = VerdictMachine.Sample()
    private(set) var activity: ProcessActivity
    private let startedAt = Clock.now
    private let startedWith: Traffic
    private(set) var traffic = Traffic()

    init(session: Int32, members: [String]) {
        self.session = session
        devices = members.compactMap { BlockNode(at: $0)?.name }
        activity = ProcessActivity(ofSession: session)
        startedWith = Self.traffic(of: devices)
    }

    mutating func take(_ progress: Progress) -> VerdictMachine.Sample {
        activity = ProcessActivity(ofSession: session)
        sample.steps = progress.steps
        sample.newLines = progress.newLines
        sample.noise = progress.noise
        // A child that has ended takes its counts along: none of them may fall.
        sample.processor = max(sample.processor, activity.processor)
        sample.reads = max(sample.reads, activity.reads)
        let transferred = Self.traffic(of: devices)
        sample.storage = max(
            sample.storage, activity.storage &+ transferred.read &+ transferred.written)
        sample.isBlocked = !activity.blocked.isEmpty
        traffic =
            devices.isEmpty
            ? Traffic(
                read: max(traffic.read, activity.fetched),
                written: max(traffic.written, activity.sent))
            : transferred.since(startedWith)
        return sample
    }

    /// What was read and written until now, in words.
    var words: String { traffic.words(over: Clock.now - startedAt) }

    /// Source: Linux Documentation/block/stat.rst; sectors there are of 512 bytes.
    private static func traffic(of devices: [String]) -> Traffic {
        var read: UInt64 = 0
        var written: UInt64 = 0
        for name in devices {
            let fields = (Files.text("\(Roots.sys)/class/block/\(name)/stat") ?? "")
                .split(separator: " ").map { UInt64($0) ?? 0 }
            guard fields.count > 6 else { continue }
            read &+= fields[2] &* 512
            written &+= fields[6] &* 512
        }
        return Traffic(read: read, written: written)
    }
}
