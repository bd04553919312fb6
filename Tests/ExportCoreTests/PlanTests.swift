import ExportCore
import Testing

struct PlanTests {
    static func wanted(
        disks: Int = 3, initiators: [String] = [], isReadOnly: Bool = false,
        authenticates: Bool = true, name: String = "t", adapter: Int = 0
    ) throws -> Wanted {
        let name = try ExportName(name)
        return Wanted(
            name: name, target: IQN(export: name, host: "server"), adapter: adapter,
            disks: (1...disks).map {
                .init(
                    lun: $0, path: "/dev/sd\($0)",
                    serial: UnitSerial(DiskIdentity("wwid \($0)").serial))
            },
            portals: [try Portal("192.0.2.5"), try Portal("[2001:db8::5]:3261")],
            initiators: try initiators.map { try IQN($0) }, isReadOnly: isReadOnly,
            authenticates: authenticates)
    }

    static let lists = [[], ["iqn.1993-08.org.debian:01:a", "iqn.1993-08.org.debian:01:b"]]

    @Test(arguments: lists, [false, true])
    func `the kernel accepts every step, and then nothing is left to do`(
        initiators: [String], isReadOnly: Bool
    ) throws {
        let wanted = try Self.wanted(initiators: initiators, isReadOnly: isReadOnly)
        var kernel = FakeKernel()
        for planned in try ApplyPlan(wanted, over: kernel.observed).steps {
            try kernel.perform(planned.step)
        }
        #expect(try ApplyPlan(wanted, over: kernel.observed).steps == [])
        #expect(kernel.performed.last?.path.hasSuffix("tpgt_1/enable") == true)
    }

    @Test func `as many disks as a target holds come and go`() throws {
        let wanted = try Self.wanted(disks: 255, initiators: Self.lists[1])
        var kernel = FakeKernel()
        for planned in try ApplyPlan(wanted, over: kernel.observed).steps {
            try kernel.perform(planned.step)
        }
        #expect(try ApplyPlan(wanted, over: kernel.observed).steps == [])
        for step in StopPlan(wanted.name, in: kernel.observed, adapter: 0).steps {
            try kernel.perform(step)
        }
        #expect(kernel.observed.children(of: "core") == [])
        #expect(kernel.observed.targets.isEmpty)
    }

    @Test(arguments: lists)
    func `killed after any step, the same export goes on to the same end`(
        initiators: [String]
    ) throws {
        let wanted = try Self.wanted(initiators: initiators)
        let all = try ApplyPlan(wanted, over: Observed()).steps
        var whole = FakeKernel()
        for planned in all { try whole.perform(planned.step) }
        for killedAfter in 0...all.count {
            var kernel = FakeKernel()
            for planned in all.prefix(killedAfter) { try kernel.perform(planned.step) }
            let rest = try ApplyPlan(wanted, over: kernel.observed).steps
            // What the kernel sets by itself as soon as its object is there is left out.
            #expect(rest.count <= all.count - killedAfter)
            for planned in rest { try kernel.perform(planned.step) }
            #expect(kernel.observed == whole.observed)
        }
    }

    @Test(arguments: lists)
    func `from every half-built state stop leaves nothing, and so it does when it is killed itself`(
        initiators: [String]
    ) throws {
        let wanted = try Self.wanted(initiators: initiators)
        let all = try ApplyPlan(wanted, over: Observed()).steps
        for killedAfter in 0...all.count {
            var half = FakeKernel()
            for planned in all.prefix(killedAfter) { try half.perform(planned.step) }
            let steps = StopPlan(wanted.name, in: half.observed, adapter: wanted.adapter).steps
            for stopKilledAfter in 0...steps.count {
                var kernel = half
                for step in steps.prefix(stopKilledAfter) { try kernel.perform(step) }
                let rest = StopPlan(wanted.name, in: kernel.observed, adapter: wanted.adapter)
                for step in rest.steps { try kernel.perform(step) }
                for step in StopPlan.farewell(in: kernel.observed, madeFabric: true) {
                    try kernel.perform(step)
                }
                #expect(kernel.observed.directories == [])
                #expect(kernel.observed.links == [:])
            }
        }
    }

    @Test func `no secret stays behind in somebody else's fabric, wherever stop is killed`()
        throws
    {
        var half = FakeKernel()
        try half.perform(.makeDirectory(Layout.fabric))
        half.observed.attributes[Layout.discovery + "/userid"] = Secret.initiator.name
        half.observed.attributes[Layout.discovery + "/userid_mutual"] = Secret.target.name
        half.observed.secrets = [
            Layout.discovery + "/password", Layout.discovery + "/password_mutual",
        ]
        let steps = StopPlan.farewell(in: half.observed, madeFabric: false)
        for killedAfter in 0...steps.count {
            var kernel = half
            for step in steps.prefix(killedAfter) { try kernel.perform(step) }
            for step in StopPlan.farewell(in: kernel.observed, madeFabric: false) {
                try kernel.perform(step)
            }
            #expect(kernel.observed.secrets == [], "killed after \(killedAfter)")
            #expect(!kernel.observed.attributes.contains { $1 == "davit" || $1 == "target" })
        }
    }

    @Test func `a stop that is killed after every two changes comes to its end`() throws {
        var kernel = FakeKernel()
        let wanted = try Self.wanted()
        for planned in try ApplyPlan(wanted, over: Observed()).steps {
            try kernel.perform(planned.step)
        }
        var rounds = 0
        func rest() -> [Step] {
            let steps = StopPlan(wanted.name, in: kernel.observed, adapter: wanted.adapter).steps
            return steps + StopPlan.farewell(in: kernel.observed, madeFabric: false)
        }
        while !rest().isEmpty, rounds < 100 {
            for step in rest().prefix(2) { try kernel.perform(step) }
            rounds += 1
        }
        #expect(rest() == [])
    }

    @Test func `nor wherever apply was killed`() throws {
        let wanted = try Self.wanted(initiators: Self.lists[1])
        var empty = FakeKernel()
        try empty.perform(.makeDirectory(Layout.fabric))
        let all = try ApplyPlan(wanted, over: empty.observed).steps
        for killedAfter in 0...all.count {
            var kernel = empty
            for planned in all.prefix(killedAfter) { try kernel.perform(planned.step) }
            for step in StopPlan(wanted.name, in: kernel.observed, adapter: wanted.adapter).steps {
                try kernel.perform(step)
            }
            for step in StopPlan.farewell(in: kernel.observed, madeFabric: false) {
                try kernel.perform(step)
            }
            #expect(kernel.observed.secrets == [], "killed after \(killedAfter)")
            #expect(!kernel.observed.attributes.contains { $1 == "davit" || $1 == "target" })
        }
    }

    @Test func `stop leaves other exports and other people's targets alone`() throws {
        var kernel = FakeKernel()
        let other = try Self.wanted(disks: 1, name: "other", adapter: 1)
        for planned in try ApplyPlan(other, over: kernel.observed).steps {
            try kernel.perform(planned.step)
        }
        for path in [
            "iscsi/iqn.2020-01.com.example:x", "iscsi/iqn.2020-01.com.example:x/tpgt_1",
            "core/fileio_7",
        ] {
            try kernel.perform(.makeDirectory(path))
        }
        let before = kernel.observed
        let mine = try Self.wanted(adapter: kernel.observed.freeAdapter)
        for planned in try ApplyPlan(mine, over: kernel.observed).steps {
            try kernel.perform(planned.step)
        }
        for step in StopPlan(mine.name, in: kernel.observed, adapter: mine.adapter).steps {
            try kernel.perform(step)
        }
        #expect(kernel.observed == before)
    }

    @Test func `data LUNs begin at 1 and the other host cannot discard`() throws {
        let steps = try ApplyPlan(Self.wanted(), over: Observed()).steps.map(\.step.description)
        #expect(!steps.contains { $0.hasSuffix("lun_0") })
        #expect(steps.contains("echo 0 > core/iblock_0/davit.t.1/attrib/emulate_tpu"))
        #expect(!steps.contains { $0.hasPrefix("echo 1") && $0.contains("emulate_") })
    }

    @Test func `no secret stands in a step`() throws {
        let steps = try ApplyPlan(Self.wanted(), over: Observed()).steps.map(\.step.description)
        #expect(
            steps.filter { $0.contains("password") }.allSatisfy {
                $0.hasPrefix("echo (the secret) >")
                    || $0.hasPrefix("echo (the target's own secret) >")
            })
    }

    private static func credentials(_ wanted: Wanted) -> [String] {
        let group = Layout(wanted).group
        return [Layout.discovery, group + "/auth"]
            + wanted.initiators.map { Layout(wanted).list($0) + "/auth" }
    }

    @Test(arguments: lists)
    func `wherever a secret is asked for, the target has one of its own to show`(
        initiators: [String]
    ) throws {
        let wanted = try Self.wanted(initiators: initiators)
        let steps = try ApplyPlan(wanted, over: Observed()).steps.map(\.step)
        #expect(
            steps.filter { if case .write(.secret, _) = $0 { true } else { false } }
                == Self.credentials(wanted).flatMap { directory -> [Step] in
                    [
                        .write(.secret(.initiator), to: directory + "/password"),
                        .write(.secret(.target), to: directory + "/password_mutual"),
                    ]
                })
        let open = try Self.wanted(initiators: initiators, authenticates: false)
        let none = try ApplyPlan(open, over: Observed()).steps.map(\.step.description)
        #expect(!none.contains { $0.contains("secret") || $0.contains("userid") })
    }

    @Test(arguments: lists)
    func `an export that an older davit made gets the target's secret, and nothing else is touched`(
        initiators: [String]
    ) throws {
        let wanted = try Self.wanted(initiators: initiators)
        var kernel = FakeKernel()
        for planned in ApplyPlan.everything(wanted) where !planned.step.path.hasSuffix("_mutual") {
            try kernel.perform(planned.step)
        }
        let steps = try ApplyPlan(wanted, over: kernel.observed).steps
        #expect(
            steps.map(\.step)
                == Self.credentials(wanted).flatMap { directory -> [Step] in
                    [
                        .write(.text("target"), to: directory + "/userid_mutual"),
                        .write(.secret(.target), to: directory + "/password_mutual"),
                    ]
                })
        for planned in steps { try kernel.perform(planned.step) }
        #expect(try ApplyPlan(wanted, over: kernel.observed).steps == [])
    }

    @Test func `a secret that somebody has changed is written again, and only that`() throws {
        let wanted = try Self.wanted()
        var kernel = FakeKernel()
        for planned in ApplyPlan.everything(wanted) { try kernel.perform(planned.step) }
        let changed = Layout(wanted).group + "/auth/password_mutual"
        kernel.observed.secrets.remove(changed)
        #expect(
            try ApplyPlan(wanted, over: kernel.observed).steps.map(\.step)
                == [.write(.secret(.target), to: changed)])
    }

    @Test func `a late disk is added to what is there`() throws {
        var wanted = try Self.wanted(disks: 3)
        let late = wanted.disks.remove(at: 1)
        var kernel = FakeKernel()
        for planned in try ApplyPlan(wanted, over: kernel.observed).steps {
            try kernel.perform(planned.step)
        }
        wanted.disks.insert(late, at: 1)
        let steps = try ApplyPlan(wanted, over: kernel.observed).steps
        #expect(Set(steps.map(\.lun)) == [2])
        for planned in steps { try kernel.perform(planned.step) }
        #expect(try ApplyPlan(wanted, over: kernel.observed).steps == [])
    }

    @Test func `an initiator that is not wanted any more is removed alone`() throws {
        var wanted = try Self.wanted(initiators: Self.lists[1])
        var kernel = FakeKernel()
        for planned in try ApplyPlan(wanted, over: kernel.observed).steps {
            try kernel.perform(planned.step)
        }
        wanted.initiators.removeLast()
        let steps = try ApplyPlan(wanted, over: kernel.observed).steps.map(\.step)
        #expect(steps.allSatisfy { $0.path.contains("acls/iqn.1993-08.org.debian:01:b") })
        for step in steps { try kernel.perform(step) }
        #expect(try ApplyPlan(wanted, over: kernel.observed).steps == [])
    }

    @Test func `a door is not shut behind somebody who is in`() throws {
        let open = try Self.wanted(authenticates: false)
        var kernel = FakeKernel()
        for planned in try ApplyPlan(open, over: kernel.observed).steps {
            try kernel.perform(planned.step)
        }
        let secret = try Self.wanted()
        let listed = try Self.wanted(initiators: Self.lists[1], authenticates: false)
        // While nobody is in, it is.
        #expect(throws: Never.self) { try ApplyPlan(secret, over: kernel.observed) }
        #expect(throws: Never.self) { try ApplyPlan(listed, over: kernel.observed) }
        let group = Layout(open).group
        kernel.observed.attributes[group + "/dynamic_sessions"] = "iqn.2020-01.com.example:x\n\0"
        func refusal(_ how: String) -> Refusal {
            .holdsOther(
                open.name,
                "iqn.2020-01.com.example:x is logged in \(how), and would go on reading and writing"
            )
        }
        #expect(throws: refusal("without the secret")) {
            try ApplyPlan(secret, over: kernel.observed)
        }
        #expect(throws: refusal("without a list")) {
            try ApplyPlan(listed, over: kernel.observed)
        }
        #expect(try ApplyPlan(open, over: kernel.observed).steps == [])
    }

    @Test func `who is listed and came without the secret is in, too`() throws {
        let open = try Self.wanted(initiators: Self.lists[1], authenticates: false)
        var kernel = FakeKernel()
        for planned in try ApplyPlan(open, over: kernel.observed).steps {
            try kernel.perform(planned.step)
        }
        kernel.observed.attributes[
            Layout(open).list(try IQN(Self.lists[1][0])) + "/info"] =
            "InitiatorName: \(Self.lists[1][0])\nSession State: TARG_SESS_STATE_LOGGED_IN\n"
        let secret = try Self.wanted(initiators: Self.lists[1])
        #expect(throws: Refusal.self) { try ApplyPlan(secret, over: kernel.observed) }
        #expect(try ApplyPlan(open, over: kernel.observed).steps == [])
    }

    @Test func `another disk in a LUN, or another mode, is refused with a way on`() throws {
        let wanted = try Self.wanted()
        var kernel = FakeKernel()
        for planned in try ApplyPlan(wanted, over: kernel.observed).steps {
            try kernel.perform(planned.step)
        }
        var other = wanted
        other.disks[0].path = "/dev/other"
        #expect(
            throws: Refusal.holdsOther(
                wanted.name, "LUN 1 is /dev/sd1, and /dev/other is wanted there")
        ) { try ApplyPlan(other, over: kernel.observed) }
        other = wanted
        other.isReadOnly = true
        #expect(throws: Refusal.self) { try ApplyPlan(other, over: kernel.observed) }
        other = wanted
        other.disks.removeLast()
        #expect(throws: Refusal.self) { try ApplyPlan(other, over: kernel.observed) }
        #expect(
            Refusal.holdsOther(wanted.name, "x").description.contains("davit export stop t"))
    }
}
