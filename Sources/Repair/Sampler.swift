import LinuxKit
import RepairCore

/// Gathers what the verdict needs: the counts of the output, of the processes, and of the devices.
struct Sampler {
    private let session: Int32
    private let devices: [String]
    private var sample = VerdictMachine.Sample()
    private(set) var activity: ProcessActivity

    init(session: Int32, members: [String]) {
        self.session = session
        devices = members.compactMap(Usage.kernelName)
        activity = ProcessActivity(ofSession: session)
    }

    mutating func take(_ progress: Progress) -> VerdictMachine.Sample {
        activity = ProcessActivity(ofSession: session)
        sample.steps = progress.steps
        sample.newLines = progress.newLines
        sample.noise = progress.noise
        // A child that has ended takes its counts along: none of them may fall.
        sample.processor = max(sample.processor, activity.processor)
        sample.reads = max(sample.reads, activity.reads)
        sample.storage = max(sample.storage, activity.storage &+ transferred)
        sample.isBlocked = !activity.blocked.isEmpty
        return sample
    }

    /// Bytes that the members' devices have moved. Source: Linux Documentation/block/stat.rst.
    private var transferred: UInt64 {
        devices.reduce(0) { sum, name in
            let fields = (Files.text("\(Roots.sys)/class/block/\(name)/stat") ?? "")
                .split(separator: " ").map { UInt64($0) ?? 0 }
            return fields.count > 6 ? sum &+ (fields[2] &+ fields[6]) &* 512 : sum
        }
    }
}
