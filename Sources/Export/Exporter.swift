import ExportCore
import JSONKit
import LinuxKit
import Recorder

/// Makes configfs hold the export that is wanted: `davit export DEVICE…`.
package struct Exporter {
    /// What was asked for on the command line.
    package struct Request: Sendable {
        package var devices: [String]
        package var name: ExportName
        package var listen: [Portal] = []
        package var initiators: [IQN] = []
        package var isReadOnly = false
        package var authenticates = true
        /// Whether disks that are not there yet are left for later, instead of being refused.
        package var mayBeLate = false

        package init(devices: [String], name: ExportName) {
            self.devices = devices
            self.name = name
        }
    }

    /// What one pass has done.
    package struct Result: Sendable {
        package let intent: Intent
        /// The steps that were needed; none when everything was there already.
        package let steps: [PlannedStep]

        package var isComplete: Bool { intent.disks.allSatisfy { $0.state == .exported } }
        package var isWaiting: Bool { intent.disks.contains { $0.state == .waiting } }
    }

    /// As long as one step may take: a disk that is dying is opened slowly.
    private static let patience = Duration.seconds(10)

    private let request: Request
    private let recorder = Recorder(component: "export")

    package init(_ request: Request) { self.request = request }

    /// The members of a file system that are here, and how an export of them is called.
    /// - Throws: `Refusal.noFileSystem`.
    package static func members(
        of uuid: String
    ) throws(Refusal) -> (devices: [String], name: String) {
        guard let set = MemberSet(uuid: uuid) else { throw .noFileSystem(uuid) }
        return (set.paths, set.name)
    }

    /// What would be done, without doing any of it.
    package func plan() throws -> Result {
        let secret = try CHAPSecret()
        let observed = ConfigTree.observe(comparing: secret)
        let intent = try intent(over: observed)
        return Result(intent: intent, steps: try ApplyPlan(intent.wanted, over: observed).steps)
    }

    /// Looks at the disks and at configfs, and does the difference.
    package func apply() throws -> Result { try Turn.run { try pass() } }

    private func pass() throws -> Result {
        // Refusals come before anything is changed, a module loaded or a secret made.
        let before = ConfigTree.observe(comparing: try CHAPSecret())
        var intent = try intent(over: before)
        _ = try ApplyPlan(intent.wanted, over: before)
        try Machine.prepare()
        try CHAPSecret.make()
        Checkpoint.passed()
        let observed = ConfigTree.observe(comparing: try CHAPSecret())
        // Only somebody else can have changed it meanwhile, or a configfs that had not been mounted shows it now.
        if observed != before { intent = try self.intent(over: observed) }
        let plan = try ApplyPlan(intent.wanted, over: observed)
        let known = Intent(reading: request.name)
        if plan.steps.isEmpty, known?.state == .exported, known?.disks == intent.settled.disks {
            return Result(intent: intent.settled, steps: [])
        }
        try SharedState.remember(madeFabric: !observed.directories.contains(Layout.fabric))
        try intent.write()
        try carryOut(plan.steps, for: &intent)
        intent = intent.settled
        try intent.write()
        return Result(intent: intent, steps: plan.steps)
    }

    /// The intent for what is there now.
    private func intent(over observed: Observed) throws -> Intent {
        let name = request.name
        let known = Intent(reading: name)
        let found = try disks(over: observed)
        let target = known?.target ?? IQN(export: name, host: Host.name)
        var intent = Intent(
            name: name, target: target,
            adapter: adapter(known, observed))
        intent.since = known?.since ?? Clock.now
        intent.isReadOnly = request.isReadOnly
        intent.authenticates = request.authenticates
        intent.guardsDiscovery = observed.mayGuardDiscovery
        intent.portals = try Listening.choose(request.listen, in: observed)
        intent.initiators = request.initiators
        let contents = found.map { $0.map { Content(of: $0.node.path) } }
        for (index, disk) in found.enumerated() {
            var entry = Intent.Disk(device: request.devices[index], lun: index + 1)
            if let disk, let content = contents[index] {
                describe(disk, content, &entry, besides: intent.disks, known)
            }
            intent.disks.append(entry)
        }
        noteMembers(contents, &intent)
        return intent
    }

    private func describe(
        _ disk: Disk, _ content: Content, _ entry: inout Intent.Disk,
        besides others: [Intent.Disk], _ known: Intent?
    ) {
        var identity = disk.identity(content)
        // A copy of another disk has its identity too; the initiator must not take them for one.
        if others.contains(where: { $0.serial?.digits == identity.serial }) {
            identity = DiskIdentity("\(identity.text) copy \(disk.node.name)", isLasting: false)
        }
        entry.path = disk.node.path
        entry.content = content.type
        entry.serial = UnitSerial(identity.serial)
        entry.isLasting = identity.isLasting
        // The newer host may have written another superblock since; the disk keeps the name that it has there.
        let path = entry.path
        if let before = known?.disks.first(where: { $0.path == path && $0.state == .exported }) {
            entry.serial = before.serial
            entry.isLasting = before.isLasting
        }
    }

    /// Looks for the rest of each file system once, however many of its members are exported: that reads every disk.
    private func noteMembers(_ contents: [Content?], _ intent: inout Intent) {
        let shared = contents.compactMap { $0 }.filter(\.isShared)
        for uuid in shared.map(\.uuid).uniqued {
            guard let set = MemberSet(uuid: uuid) else { continue }
            for index in contents.indices where contents[index]?.uuid == uuid {
                let path = intent.disks[index].path
                intent.disks[index].fileSystem = uuid
                intent.disks[index].otherMembers = set.paths.filter { $0 != path }
                intent.disks[index].missingMembers = set.missing
            }
        }
    }

    private func adapter(_ known: Intent?, _ observed: Observed) -> Int {
        let own = observed.backstores.first { Layout.export(ofBackstore: $0) == request.name }
        let number = own?.split(separator: "/").dropFirst().first?.split(separator: "_").last
        return number.flatMap { Int($0) } ?? known?.adapter ?? observed.freeAdapter
    }

    /// The disks in the order in which they were asked for; `nil` for one that is not there yet.
    private func disks(over observed: Observed) throws(Refusal) -> [Disk?] {
        guard request.devices.count <= 255 else { throw .tooManyDisks(request.devices.count) }
        var found: [Disk?] = []
        for given in request.devices {
            let disk = try Disk(given)
            if disk == nil, !request.mayBeLate { throw .noDevice(given) }
            if let disk,
                let twin = found.lazy.compactMap({ $0 }).first(where: { $0.isSame(as: disk) })
            {
                throw .givenTwice(twin.given, and: given)
            }
            if let use = disk?.use(besides: request.name, in: observed) { throw .inUse(given, use) }
            found.append(disk)
        }
        return found
    }

    /// A step that fails for one disk leaves out what follows for that disk only.
    private func carryOut(_ steps: [PlannedStep], for intent: inout Intent) throws {
        let runner = StepRunner()
        for planned in steps {
            let index = intent.disks.firstIndex { $0.lun == planned.lun }
            if let index, intent.disks[index].state == .failed { continue }
            let outcome = try runner.perform(planned.step, until: Clock.now + Self.patience)
            guard let reason = outcome.failure else { continue }
            recorder.record("\(request.name): '\(planned.step)' failed: \(reason)", .warning)
            guard let index else {
                intent.state = .incomplete
                intent.lastError = "'\(planned.step)' failed: \(reason)."
                try intent.write()
                throw Failure.step(planned.step, reason: reason, name: request.name)
            }
            intent.disks[index].state = .failed
            intent.disks[index].lastError = "'\(planned.step)' failed: \(reason)."
            try takeBack(planned, runner, Layout(intent.wanted))
        }
    }

    /// Of a disk that cannot be opened nothing is left behind, so that the next run begins anew.
    private func takeBack(
        _ planned: PlannedStep, _ runner: StepRunner, _ layout: Layout
    ) throws(SystemError) {
        guard let lun = planned.lun, planned.step.path.hasPrefix(layout.backstore(lun) + "/")
        else { return }
        _ = try runner.perform(
            .removeDirectory(layout.backstore(lun)), until: Clock.now + Self.patience)
    }

    package enum Failure: Error, CustomStringConvertible {
        case step(Step, reason: String, name: ExportName)

        package var description: String {
            switch self {
            case .step(let step, let reason, let name):
                "'\(step)' failed in \(ConfigTree.root): \(reason). 'dmesg' says more. Run the same command again, or "
                    + "'davit export stop \(name)', which takes away what is there."
            }
        }
    }
}

extension Intent {
    /// With the states of the disks as they are once the steps have been carried out.
    var settled: Intent {
        var settled = self
        for index in settled.disks.indices where settled.disks[index].state != .failed {
            settled.disks[index].state = settled.disks[index].path == nil ? .waiting : .exported
        }
        let states = Set(settled.disks.map(\.state))
        settled.state =
            states.contains(.failed)
            ? .incomplete : states.contains(.waiting) ? .waiting : .exported
        settled.lastError = settled.disks.compactMap(\.lastError).first
        return settled
    }
}

extension StepRunner.Outcome {
    /// Why it failed, in words.
    var failure: String? {
        switch self {
        case .done: nil
        case .failed(let code): ErrorNumber.words(code)
        case .hangs: "the kernel does not come back from it"
        }
    }
}

extension Observed {
    /// Discovery has one secret for the whole machine: not ours to set where somebody else's targets are.
    var mayGuardDiscovery: Bool {
        let user = attributes[Layout.discovery + "/userid"] ?? ""
        return ["", "NULL", Wanted.user].contains(user)
            && targets.allSatisfy { $0.iqn.export != nil }
    }
}
