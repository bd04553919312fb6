import Testing

/// Where the script for the newer host connects to.
@Suite struct ClientTests {
    private static func scene(
        _ portals: String, disks states: [String] = ["exported"],
        authenticates: String = "false"
    ) throws -> Scene {
        let scene = try Scene()
        let disks = states.enumerated().map { index, state in
            """
            {"device": "/dev/sd\(index + 1)", "lun": \(index + 1), "state": "\(state)", "path": "/dev/sd\(index + 1)",
             "serial": "\(index)123456789abcdef0123456789abcdef"}
            """
        }.joined(separator: ", ")
        try scene.write(
            """
            {"name": "t", "target": "iqn.2003-01.org.linux-iscsi.host.davit:t", "adapter": 0, "state": "exported",
             "authenticates": \(authenticates), "portals": [\(portals)], "disks": [\(disks)]}
            """, "run/export/t.json")
        return scene
    }

    @Test func `of the portals those that another host reaches`() throws {
        let scene = try Self.scene("\"192.0.2.5:3260\", \"127.0.0.1:3260\", \"[2001:db8::5]:3261\"")
        let outcome = try scene.run("export", "client")
        #expect(outcome.output.contains("portals='192.0.2.5:3260 [2001:db8::5]:3261'"))
    }

    @Test func `through ssh the one on the loopback, which is all that the server forwards to`()
        throws
    {
        let scene = try Self.scene("\"192.0.2.5:3260\", \"127.0.0.1:3260\"")
        let outcome = try scene.run("export", "client", "--through-ssh", "root@server")
        #expect(outcome.output.contains("-L 127.0.0.1:3260:127.0.0.1:3260"))
        let everywhere = try Self.scene("\"0.0.0.0:3260\"")
        #expect(
            try everywhere.run("export", "client", "t", "--through-ssh", "root@server").output
                .contains("-L 127.0.0.1:3260:127.0.0.1:3260"))
    }

    @Test func `the target is asked for its secret where it has one`() throws {
        let scene = try Self.scene("\"192.0.2.5:3260\"", authenticates: "true, \"mutual\": true")
        try scene.write("first-secret", "run/export/secret")
        try scene.write("second-secret", "run/export/target-secret")
        let text = try scene.run("export", "client").output
        #expect(text.contains("\nnode.session.auth.password = first-secret\n"))
        #expect(text.contains("\nnode.session.auth.username_in = target\n"))
        #expect(text.contains("\nnode.session.auth.password_in = second-secret\n# END RECORD\n"))
    }

    @Test func `what an older davit has made is asked for none until it is made anew`() throws {
        let scene = try Self.scene("\"192.0.2.5:3260\"", authenticates: "true")
        try scene.write("first-secret", "run/export/secret")
        // Another export has been made since.
        try scene.write("second-secret", "run/export/target-secret")
        let text = try scene.run("export", "client").output
        #expect(text.contains("\nnode.session.auth.password = first-secret\n# END RECORD\n"))
        #expect(!text.contains("_in ="))
    }

    @Test(arguments: ["secret", "target-secret"])
    func `without its secrets there is no script that asks for less`(lost: String) throws {
        let scene = try Self.scene("\"192.0.2.5:3260\"", authenticates: "true, \"mutual\": true")
        for name in ["secret", "target-secret"] where name != lost {
            try scene.write("abc", "run/export/\(name)")
        }
        let outcome = try scene.run("export", "client")
        #expect(outcome.code == 1)
        #expect(outcome.output.contains("The secrets of 't' are not in "))
        #expect(!outcome.output.contains("iscsiadm"))
    }

    @Test func `what cannot be reached so is said, with what to do`() throws {
        let outer = try Self.scene("\"192.0.2.5:3260\"")
        let through = try outer.run("export", "client", "--through-ssh", "root@server")
        #expect(through.code == 1)
        #expect(
            through.output.contains("Run the same 'davit export' again with --listen 127.0.0.1."))
        let inner = try Self.scene("\"127.0.0.1:3260\"")
        let plain = try inner.run("export", "client")
        #expect(plain.code == 1)
        #expect(plain.output.contains("Add --through-ssh HOST"))
    }

    @Test func `a disk that failed is named, and not waited for`() throws {
        let scene = try Self.scene("\"192.0.2.5:3260\"", disks: ["exported", "failed"])
        let outcome = try scene.run("export", "client")
        #expect(outcome.output.contains("naas='60014050123456789abcdef012345678'\n"))
        #expect(outcome.output.contains("echo '/dev/sd2 is not exported."))
        let none = try Self.scene("\"192.0.2.5:3260\"", disks: ["failed"])
        #expect(try none.run("export", "client").output.contains("No disk of 't' is there yet."))
    }
}
