import JSONKit
import LinuxKit
import RepairCore

/// One attempt, from its start on: `record.json` in the job's directory, replaced as it goes.
///
/// `{id, state: running|cancelling|ended, purpose, type, uuid, members, command, checkerVersion, kernel, pid,
/// checkerPid, checkerStartedAt, startedAt, startedWall, endedAt, progress: {…}, words, traffic: {read, written}, verdict: {verdict, because, since}, estimate,
/// troubles: […], waitsFor, before: {state, journal, sequence}, after, exit: {how, bits, words}, transcript, leftOut,
/// evidence: […], copy: {place, at, failure}, below: […], trial: {kind, words: […], before: {…}, after: {…}}}`; times are milliseconds since boot, `startedWall` seconds since 1970.
struct JobRecord {
    enum State: String { case running, cancelling, ended }

    let id: Int
    let request: JobRequest
    let startedAt = Clock.now
    private let startedWall = Clock.wall
    var state = State.running
    var checkerPid: Int32?
    /// With the number it tells this process from a later one.
    var checkerStartedAt: Duration?
    var endedAt: Duration?
    var progress = Progress()
    var words = ""
    var verdict = Verdict.working
    var because = ""
    var verdictSince = Clock.now
    var estimate: Estimate?
    var rate: Double?
    var traffic = Traffic()
    /// The same in words.
    var moved = ""
    var troubles: [Trouble] = []
    var waitsFor: String?
    var before: FileSystem?
    var after: FileSystem?
    var ending: (how: String, meaning: Meaning)?
    var leftOut = 0
    var trial: TrialOutcome?
    var below: [String] = []
    var evidence: [String] = []
    /// What became of the copy that outlives this boot.
    var copy = JSON.null

    init(id: Int, request: JobRequest) {
        self.id = id
        self.request = request
    }

    var json: JSON {
        [
            "id": .number(id),
            "state": .string(state.rawValue),
            "purpose": .string(request.kind),
            "type": .string(request.type),
            "uuid": .string(request.uuid),
            "members": .array(request.members.map { .string($0) }),
            "command": .string(request.command),
            "checkerVersion": .string(checkerVersion),
            "kernel": .string(Host.kernelRelease),
            "pid": JSON(Host.pid),
            "checkerPid": JSON(checkerPid),
            "checkerStartedAt": JSON(checkerStartedAt?.milliseconds),
            "startedAt": JSON(startedAt.milliseconds),
            "startedWall": JSON(startedWall.components.seconds),
            "endedAt": JSON(endedAt?.milliseconds),
            "progress": progress.json(rate: rate),
            "words": .string(words),
            "verdict": [
                "verdict": .string(verdict.rawValue), "because": .string(because),
                "since": JSON(verdictSince.milliseconds),
            ],
            "traffic": ["read": JSON(traffic.read), "written": JSON(traffic.written)],
            "estimate": estimate.map { $0.json } ?? .null,
            "troubles": .array(troubles.map { $0.json(for: request.members) }),
            "waitsFor": JSON(waitsFor),
            "before": before.map { $0.stateJSON } ?? .null,
            "after": after.map { $0.stateJSON } ?? .null,
            "exit": ending.map { ending in
                [
                    "how": .string(ending.how), "bits": JSON(ending.meaning.bits),
                    "words": .string(ending.meaning.words),
                ]
            } ?? .null,
            "transcript": .string("\(Jobs.directory(id))/transcript"),
            "leftOut": .number(leftOut),
            "evidence": .array(evidence.map { .string($0) }),
            "copy": copy,
            "below": .array(below.map { .string($0) }),
            "trial": trial.map(\.json) ?? .null,
        ]
    }

    /// As the program said when it was asked, or else in its output.
    private var checkerVersion: String {
        guard request.checkerVersion.isEmpty else { return request.checkerVersion }
        let name = request.program.split(separator: "/").last.map(String.init) ?? request.program
        return progress.version.map { "\(name) \($0)" } ?? name
    }
}
