import JSONKit
import LinuxKit
import RepairCore

/// The attempts of this boot: directories `1`, `2`, … under `$DAVIT_RUN/repair`.
package enum Jobs {
    static var root: String { Roots.run + "/repair" }

    package static func directory(_ id: Int) -> String { "\(root)/\(id)" }

    /// Held by a job as long as it lives, so that what has ended without a word is known as interrupted.
    static func lock(_ id: Int) -> String { "\(directory(id))/lock" }

    /// Held for each member while something works on it.
    static func lock(onMember path: String) -> String {
        let real = Files.realPath(path) ?? path
        return "\(root)/lock" + String(real.map { $0 == "/" ? "-" : $0 })
    }

    /// The attempts by ascending number.
    package static var ids: [Int] { Files.names(in: root).compactMap { Int($0) }.sorted() }

    /// The record of an attempt as its job wrote it; `state` is `interrupted` when the job died before its end.
    package static func record(_ id: Int) -> JSON? {
        // Asked first: a job that ends between the two looks has written its last record by then. And asked again: one that
        // begins between them has its lock before it writes.
        let isAlive = LockFile.isHeld(lock(id))
        guard let text = Files.text("\(directory(id))/record.json"),
            case .object(let members)? = try? JSON(parsing: text)
        else { return nil }
        guard !isAlive, members.contains(where: { $0.name == "state" && $0.value != "ended" }),
            !LockFile.isHeld(lock(id))
        else { return .object(members) }
        return .object(members.map { $0.name == "state" ? .init("state", "interrupted") : $0 })
    }

    /// The attempt that is meant: the given one, or the one that runs, or the last.
    /// - Throws: `.noSuchJob`.
    package static func chosen(_ id: Int?) throws(RepairError) -> Int {
        if let id {
            guard record(id) != nil else { throw .noSuchJob(id) }
            return id
        }
        let known = ids.filter { record($0) != nil }
        let running = known.last { LockFile.isHeld(lock($0)) }
        guard let chosen = running ?? known.last else { throw .noSuchJob(nil) }
        return chosen
    }

    /// The last attempt on any of these members that did not come to its end, in this boot or by a record in `place`.
    static func unfinishedAttempt(on subject: Subject, in place: String?) -> JSON? {
        let wanted = Set(subject.paths.map { Files.realPath($0) ?? $0 })
        let here = ids.reversed().lazy.compactMap { record($0) }.first { record in
            (record["members"]?.array ?? []).compactMap(\.string).contains {
                wanted.contains(Files.realPath($0) ?? $0)
            }
        }
        // Names of devices change from boot to boot.
        let last =
            here
            ?? place.flatMap { place in
                RecordCopy.records(in: place).last {
                    $0["uuid"]?.string == subject.system.uuid && !subject.system.uuid.isEmpty
                }
            }
        guard let last, let state = last["state"]?.string else { return nil }
        if here != nil, state == "running" || state == "cancelling" { return nil }
        let bits = last["exit"]?["bits"]?.int ?? 0
        guard state != "ended" || bits & 32 != 0 else { return nil }
        return last
    }

    /// Removes what killed attempts have left behind; their overlays would look like users of the members.
    package static func tidy() { Overlays.removeLeftovers() }

    /// Starts a job of its own session, which outlives this process.
    /// - Returns: its number, once it has begun.
    package static func start(_ request: JobRequest) throws(RepairError) -> Int {
        for member in request.members {
            guard LockFile.isHeld(lock(onMember: member)) else { continue }
            let holder = LockFile.holder(lock(onMember: member))
            let id = ids.last { holder != nil && record($0)?["pid"]?.int == holder.map { Int($0) } }
            throw .alreadyRunning(id: id ?? 0, paths: request.members)
        }
        if let orphan = orphan(on: request.members) {
            throw .orphan(id: orphan.id, process: orphan.process)
        }
        let id = try makeDirectory()
        do throws(SystemError) {
            try Files.replace("\(directory(id))/request.json", with: request.json.pretty)
            var child = ChildProcess.Request.davit(["job", "repair", "\(id)"])
            child.newSession = true
            child.diesWithParent = false
            var job = try ChildProcess(starting: child)
            job.detach()
            try waitForRecord(id, &job)
        } catch {
            throw .system(error)
        }
        guard record(id) != nil else { throw .cannotStart }
        return id
    }

    /// A checker, or a process that it started, that goes on although its job was killed. It is known by the session
    /// that the job gave it: whatever it calls itself and its members.
    private static func orphan(on members: [String]) -> (id: Int, process: Int32)? {
        let wanted = Set(members.map { Files.realPath($0) ?? $0 })
        for id in ids.reversed() {
            guard let record = record(id), record["state"] == "interrupted",
                let session = record["checkerPid"]?.int.flatMap({ Int32(exactly: $0) }),
                let began = record["checkerStartedAt"]?.int,
                (record["members"]?.array ?? []).compactMap(\.string).contains(where: {
                    wanted.contains(Files.realPath($0) ?? $0)
                })
            else { continue }
            // A number is given anew only when its session has ended, and then to a process that began later.
            if let leader = ProcessTable.beginning(of: session), leader.milliseconds != began {
                continue
            }
            if let process = ProcessActivity(ofSession: session).processes.min() {
                return (id, process)
            }
        }
        return nil
    }

    private static func waitForRecord(
        _ id: Int, _ job: inout ChildProcess
    ) throws(SystemError) {
        // As long as it lives: it begins with the record, and a machine may have much else to do.
        let deadline = Clock.now + .seconds(60)
        while record(id) == nil, Clock.now < deadline, job.poll() == nil {
            _ = try job.wait(until: min(deadline, Clock.now + .milliseconds(20)))
        }
    }

    private static func makeDirectory() throws(RepairError) -> Int {
        do throws(SystemError) {
            try Files.makeDirectory(root, mode: 0o700)
            for id in ((ids.last ?? 0) + 1)...Int(Int32.max) {
                if try Files.makeNewDirectory(directory(id), mode: 0o700) { return id }
            }
        } catch {
            throw .system(error)
        }
        throw .cannotStart
    }

    /// Asks a running job to end its checker; with `kill`, by SIGKILL.
    /// - Throws: `.jobHasEnded`.
    package static func cancel(_ id: Int, kill: Bool) throws(RepairError) {
        guard let holder = LockFile.holder(lock(id)), let job = OtherProcess(holder) else {
            throw .jobHasEnded(id)
        }
        do throws(SystemError) {
            try job.signal(kill ? Signal.quit : Signal.terminate)
        } catch {
            throw .system(error)
        }
    }

    /// Waits for the job's end; `true` when it has ended by the deadline, `false` also when `descriptor` has become
    /// readable before.
    package static func waitForEnd(
        of id: Int, until deadline: Duration, or descriptor: Int32 = -1
    ) -> Bool {
        guard let holder = LockFile.holder(lock(id)), let job = OtherProcess(holder) else {
            return true
        }
        return (try? job.waitForEnd(until: deadline, or: descriptor)) ?? false
    }
}
