import JSONKit
import LinuxKit
import RepairCore

/// The trial: on overlays of all members, count what is reachable; on fresh ones, repair, and count again.
extension RepairJob {
    mutating func tryOut(_ signals: borrowing SignalDescriptor) throws {
        Overlays.removeLeftovers()
        defer { CensusRun.forgetContents(in: directory) }
        let place = request.overlayIn.map { OverlayPlan.Place.directory($0) } ?? .memory
        let before = try count(signals, "before", place)
        guard !cancellation.isCancelling else {
            end(how: "ended early", Meaning(32, "it was cancelled; nothing was written"))
            return
        }
        // The count has replayed journals into its overlays; the repair is to see what is on the disks.
        let overlays = try Overlays.make(
            of: request.members, attempt: record.id, set: 2, in: place)
        let exit = try repair(on: overlays, signals)
        let progress = reader.progress
        let (how, meaning) = explained(exit, progress)
        if let full = Self.full(overlays.fills()) {
            end(how: how, Meaning(8, full))
            return
        }
        record.after = look(at: overlays.paths)
        var after: Census?
        if !cancellation.isCancelling, meaning.bits & 8 == 0 {
            after = try count(on: overlays, signals, "after")
        }
        // What is shown of a trial that has ended is the checker's work, not the count.
        checkersProgress = progress
        record.trial = TrialOutcome(before: before, after: after)
        let bits = after?.failure == nil ? meaning.bits : meaning.bits | 4
        end(
            how: how,
            Meaning(bits, "\(meaning.words); on overlays only, the members are as they were"))
    }

    /// Why overlays that ran full spoil the trial.
    private static func full(_ fills: [SnapshotFill]) -> String? {
        for fill in fills {
            switch fill {
            case .holds: continue
            case .overflowed, .invalid, .mergeFailed:
                return
                    "an overlay ran full, so that the trial says nothing; the members are as they were. Give --overlay-in DIRECTORY with more room"
            }
        }
        return nil
    }

    // MARK: Its stages

    private mutating func count(
        _ signals: borrowing SignalDescriptor, _ name: String, _ place: OverlayPlan.Place
    ) throws -> Census? {
        let overlays = try Overlays.make(
            of: request.members, attempt: record.id, set: 1, in: place)
        return try count(on: overlays, signals, name)
    }

    private mutating func count(
        on overlays: borrowing Overlays, _ signals: borrowing SignalDescriptor, _ name: String
    ) throws -> Census? {
        guard let system = record.after ?? record.before else { return nil }
        var mount = backend.readOnlyMount(of: system)
        if request.isDegraded, let option = backend.degradedOption { mount = mount.adding(option) }
        let words = [directory, name, "\(request.readSeconds)", mount.type, mount.options]
        begin(
            Stage(
                program: "/proc/self/exe",
                arguments: ["davit", "job", "census"] + words + overlays.paths,
                devices: overlays.paths, inKernel: true, diesWithJob: true))
        let exit = try check(signals)
        overlays.forget(system.backend)
        let result = CensusRun.result(in: directory, name)
        guard let census = Files.text(result).flatMap({ try? JSON(parsing: $0) }) else {
            var failed = Census()
            failed.failure = "davit's own count ended with \(exit)"
            return failed
        }
        return Census(census)
    }

    private mutating func repair(
        on overlays: borrowing Overlays, _ signals: borrowing SignalDescriptor
    ) throws -> ChildProcess.Exit {
        let names = zip(request.members, overlays.paths)
        let arguments = request.arguments.map { word in
            names.first { $0.0 == word }?.1 ?? word
        }
        // A checker that searches for the other members itself must not find the real ones.
        let command =
            request.inKernel
            ? ["davit"] + arguments
            : ["davit", "job", "enclosed"] + overlays.paths + ["--", request.program] + arguments
        begin(
            Stage(
                program: "/proc/self/exe", arguments: command, devices: overlays.paths,
                progressDescriptor: request.progressDescriptor, inKernel: request.inKernel,
                diesWithJob: true))
        let exit = try check(signals)
        overlays.forget(request.backend)
        return exit
    }

    /// Each stage is judged by itself.
    private mutating func begin(_ next: Stage) {
        stage = next
        pastTroubles += reader.troubles.filter { !pastTroubles.contains($0) }
        reader = ProgressReader(backend, streams: 4)
        verdicts = Self.newVerdicts(request)
        estimator = Estimator()
        transcript.append(Array("# \(next.arguments.joined(separator: " "))\n".utf8))
    }
}

extension Overlays {
    /// btrfs remembers the devices of every file system that it has seen, and would take these for the members.
    borrowing func forget(_ backend: String) {
        guard backend == "btrfs" else { return }
        for path in paths { BtrfsDevices.forget(path) }
    }
}
