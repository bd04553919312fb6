import Foundation
import Glibc
import Testing

/// While the overlays of an export are written to its disks, which takes as long as it takes.
@Suite struct CommittingTests {
    @Test func `nobody takes it away, and everything else goes on`() throws {
        let scene = try Scene()
        try scene.write(
            """
            {"name": "t", "target": "iqn.2003-01.org.linux-iscsi.host.davit:t", "adapter": 0, "state": "committing",
             "overlay": {"room": 1048576, "file": null}, "portals": [], "disks": []}
            """, "run/export/t.json")
        let lock = open(scene.path("run/export/t.lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        #expect(flock(lock, LOCK_EX) == 0)
        let refused = try scene.run(
            "export", "stop", "t", "--discard", within: .seconds(5))
        #expect(refused.code == 1)
        #expect(
            refused.output.contains("The overlay of 't' is being written to the disks."),
            "\(refused.output)")
        #expect(
            try scene.run("export", "stop", "other", within: .seconds(5)).output
                == "'other' never existed.\n")
        // A test beside this one may be starting a program, which has a copy of it until it runs.
        flock(lock, LOCK_UN)
        close(lock)
        // Whose process was killed is given up when it is asked for, and nothing stays behind.
        let gone = try scene.run("export", "stop", "t", "--discard")
        #expect(gone.output.contains("The commit was given up"), "\(gone.output)")
        #expect(!FileManager.default.fileExists(atPath: scene.path("run/export/t.lock")))
    }

    /// Killed behind the end of its export, it has left what all exports share; the same command again takes that away.
    @Test(arguments: [[], ["t"]])
    func `a commit that was killed at its very end is brought to it`(name: [String]) throws {
        let scene = try Scene()
        let left = ["run/export/secret", "run/export/target-secret"]
        for path in left { try scene.write("abc", path) }
        let again = try scene.run(arguments: ["export", "commit", "--yes"] + name)
        #expect(
            again.output.contains(name.isEmpty ? "nothing to commit" : "never existed"),
            "\(again.output)")
        for path in left {
            #expect(!FileManager.default.fileExists(atPath: scene.path(path)), "\(path)")
        }
    }
}
