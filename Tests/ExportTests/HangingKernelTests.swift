import Testing

/// Whatever hangs in configfs, no command does: each ends, and says what hangs.
@Suite struct HangingKernelTests {
    private static let group = "iscsi/iqn.2003-01.org.linux-iscsi.host.davit:t/tpgt_1"
    private static let backstore = "core/iblock_0/davit.t.1"

    private static func scene() throws -> Scene {
        let scene = try Scene()
        try scene.place([
            "\(group)/enable": "1\n", "\(group)/dynamic_sessions": "",
            "\(backstore)/enable": "1\n", "\(backstore)/info": "",
        ])
        return scene
    }

    @Test func `status says what the kernel does not show`() throws {
        let scene = try Self.scene()
        try scene.hang("\(Self.group)/dynamic_sessions")
        let outcome = try scene.run("export", "status", within: .seconds(5))
        #expect(outcome.code == 0)
        #expect(
            outcome.output.contains("The kernel does not show \(Self.group) (process "),
            "\(outcome.output)")
        #expect(outcome.output.contains("'t': parts of it are in configfs"))
    }

    @Test func `stop names what hangs, goes on with the rest, and ends within 5 s`() throws {
        let scene = try Self.scene()
        try scene.hang("\(Self.group)/dynamic_sessions")
        let outcome = try scene.run("export", "stop", "t", within: .seconds(5))
        #expect(outcome.code == 1)
        #expect(
            outcome.output.contains("\(Self.group) cannot be looked at: process "),
            "\(outcome.output)")
        // In this tree only the kernel's own files are in the way; it was tried.
        #expect(outcome.output.contains("'rmdir \(Self.backstore)': "))
    }

    @Test func `an export is not begun over what cannot be seen`() throws {
        let scene = try Self.scene()
        try scene.hang("\(Self.backstore)/info")
        let outcome = try scene.run(
            "export", "/dev/null", "--name", "other", within: .seconds(5))
        #expect(outcome.code == 1)
        #expect(
            outcome.output.contains("\(Self.backstore) in /sys/kernel/config/target cannot be"),
            "\(outcome.output)")
        #expect(outcome.output.contains("Nothing was changed."))
    }

    @Test func `a machine that is only slow is waited for`() throws {
        let scene = try Scene()
        // Each look takes a fifth of a second, and all of them more than may be lost on what hangs.
        let slow = (1...24).map { "core/iblock_0/davit.t.\($0)" }
        try scene.place(Dictionary(uniqueKeysWithValues: slow.map { ("\($0)/enable", "1\n") }))
        try scene.answerLate(slow.map { "\($0)/info" }, after: 0.2)
        // Who answers gets its turn late on a busy machine, and seems to hang.
        var outcome = try scene.run("export", "status")
        for _ in 0..<2 where outcome.output.contains("The kernel does not show") {
            outcome = try scene.run("export", "status")
        }
        #expect(outcome.took > .seconds(4))
        #expect(!outcome.output.contains("The kernel does not show"), "\(outcome.output)")
    }

    @Test func `what the last export leaves behind is no success`() throws {
        let scene = try Scene()
        try scene.place([
            "iscsi/discovery_auth/userid": "davit\n",
            // A directory: it cannot be written to.
            "iscsi/discovery_auth/enforce_discovery_auth/x": "",
        ])
        let named = try scene.run("export", "stop", "t")
        #expect(named.code == 1)
        #expect(
            named.output.contains("iscsi/discovery_auth/enforce_discovery_auth': "),
            "\(named.output)")
        let all = try scene.run("export", "stop", "--all")
        #expect(all.code == 1)
        #expect(all.output.contains("No export is left, but this is in the way"), "\(all.output)")
    }

    @Test func `without a target there is nothing, and nothing hangs`() throws {
        let scene = try Scene()
        #expect(try scene.run("export", "status").output == "Nothing is exported.\n")
        #expect(try scene.run("export", "stop").output == "There is no export: nothing to stop.\n")
        let never = try scene.run("export", "stop", "t")
        #expect(never.output == "'t' never existed.\n")
        #expect(never.code == 0)
    }
}
