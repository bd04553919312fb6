import ExportCore
import Foundation
import Glibc
import JSONKit
import Testing

/// Where an export listens that is not told where, and what has the port already.
@Suite struct ListeningTests {
    private static func plan(_ scene: Scene, _ arguments: [String]) throws -> Scene.Outcome {
        try scene.run(
            arguments: ["export", "/dev/null", "--wait", "0", "--name", "t", "--dry-run", "--json"]
                + arguments)
    }

    @Test func `the same command from anywhere leaves it where it is`() throws {
        let scene = try Scene()
        // 192.0.2.1 is an address that this host has lost.
        try scene.write(
            """
            {"name": "t", "target": "iqn.2003-01.org.linux-iscsi.host.davit:t", "adapter": 0, "state": "exported",
             "portals": ["192.0.2.1:3261", "127.0.0.1:3261"], "disks": []}
            """, "run/export/t.json")
        let plan = try JSON(parsing: Self.plan(scene, []).output)
        #expect(plan["portals"] == ["127.0.0.1:3261"])
        let moved = try JSON(parsing: Self.plan(scene, ["--listen", "127.0.0.1:3262"]).output)
        #expect(moved["portals"] == ["127.0.0.1:3262"])
    }

    @Test func `a target on another address does not hide a program that has the port`() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 1) == 0
                    && getsockname(listener, $0, &length) == 0
            }
        }
        #expect(isListening)
        let port = UInt16(bigEndian: address.sin_port)
        let group = "iscsi/iqn.2020-01.com.example:x/tpgt_1"
        for (there, isFree) in [
            ("192.0.2.5", false), ("127.0.0.1", true), ("0.0.0.0", true), ("[::]", true),
        ] {
            let scene = try Scene()
            try scene.place(["\(group)/np/\(there):\(port)/iser": "0\n"])
            let said = try Self.plan(scene, ["--listen", "127.0.0.1:\(port)"])
            #expect(
                said.output.contains("Another program listens on 127.0.0.1:\(port).") != isFree,
                "\(there): \(said.output)")
        }
    }
}
