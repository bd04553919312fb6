import ExportCore
import Foundation
import JSONKit
import LinuxKit
import Testing

@testable import Export

/// What another host wrote is on no disk yet: it is neither thrown away by the way nor laid over another disk.
@Suite struct OverlayCareTests {
    private static func state(_ fill: String?, isMerging: Bool = false) -> Snapshot.State {
        let target = isMerging ? "snapshot-merge" : "snapshot"
        return Snapshot.State(isThere: true, target: fill == nil ? nil : target, text: fill)
    }

    private func reason(
        _ states: Snapshot.State..., isCommitting: Bool = false, discards: Bool = false
    ) throws -> Refusal? {
        let name = try ExportName("t")
        let numbered = states.enumerated().map { (lun: $0 + 1, state: $1) }
        return Overlays.reasonToKeep(
            name, numbered, isCommitting: isCommitting, discards: discards)
    }

    @Test func `what certainly holds nothing may go`() throws {
        #expect(try reason() == nil)
        #expect(try reason(Snapshot.State(), Self.state(nil), Self.state("16/2048 16")) == nil)
    }

    @Test func `what holds something, or may, stays until somebody says so`() throws {
        let name = try ExportName("t")
        let empty = Self.state("16/2048 16")
        #expect(try reason(empty, Self.state("24/2048 16")) == .holdsWrites(name, 4096))
        #expect(
            try reason(empty, Self.state("Overflow"))
                == .overlayLost(name, "a write to LUN 2 did not fit into it"))
        #expect(
            try reason(empty, Self.state("Invalid"))
                == .overlayLost(name, "that of LUN 2 could not be read or written"))
        #expect(
            try reason(empty, Self.state("what no kernel says today"))
                == .overlayUnseen(name, "The kernel does not say how full that of LUN 2 is."))
        for fill in ["24/2048 16", "Overflow", "Invalid", "what no kernel says today"] {
            #expect(try reason(Self.state(fill), discards: true) == nil)
        }
    }

    @Test func `a commit is given up when it is asked for, but never under the kernel's hands`()
        throws
    {
        let name = try ExportName("t")
        let atWork = Self.state("24/2048 16", isMerging: true)
        let failed = Self.state("Merge failed", isMerging: true)
        #expect(try reason(failed, isCommitting: true) == .isCommitting(name))
        #expect(try reason(isCommitting: true) == .isCommitting(name))
        #expect(
            try reason(failed, atWork, isCommitting: true, discards: true) == .isCommitting(name))
        #expect(try reason(failed, isCommitting: true, discards: true) == nil)
        #expect(try reason(isCommitting: true, discards: true) == nil)
        #expect(Refusal.isCommitting(name).description.contains("stop t --discard"))
        #expect(Refusal.mergeFailed(name, "x").description.contains("export commit t"))
    }

    /// What `davit export-steps` answers to one request.
    private func answer(_ scene: Scene, _ request: JSON) throws -> JSON {
        let outcome = try scene.run("export-steps", input: request.compact + "\n")
        return try JSON(parsing: outcome.output)
    }

    private func storeRequest(_ file: String) -> JSON {
        [
            "do": "overlay-store", "name": "t", "lun": 1, "room": 1_048_576,
            "file": .string(file), "origin": "/dev/null", "serial": "ab", "disks": 1,
        ]
    }

    @Test func `a store is a regular file, and nothing else is touched`() throws {
        let scene = try Scene()
        let pipe = scene.path("pipe")
        #expect(mkfifo(pipe, 0o600) == 0)
        for path in [pipe, scene.path("."), "/dev/null"] {
            let words = try answer(scene, storeRequest(path))["words"]?.string ?? ""
            #expect(words.contains("\(path) is not the overlay of this export"), "\(words)")
            #expect(words.contains("it is no regular file"), "\(words)")
            #expect(FileManager.default.fileExists(atPath: path))
        }
    }

    @Test func `a store stays as long as it holds writes to a disk that was not here`() throws {
        let scene = try Scene()
        let file = scene.path("store")
        var label = OverlayLabel(room: 1 << 20)
        for lun in [1, 3] {
            try label.add(
                .init(lun: lun, serial: "ab", sectors: 2048), room: 1 << 20, store: file)
        }
        try Data(label.bytes).write(to: URL(fileURLWithPath: file))
        func forget(_ merged: [Int]) throws -> JSON {
            try answer(
                scene,
                [
                    "do": "overlay-forget", "name": "t", "lun": 1, "room": 1_048_576,
                    "file": .string(file), "merged": .array(merged.map { JSON($0) }),
                ])
        }
        #expect(try forget([1, 2])["kept"] == true)
        #expect(FileManager.default.fileExists(atPath: file))
        #expect(try forget([1, 2, 3])["kept"] == false)
        #expect(!FileManager.default.fileExists(atPath: file))
        // So it is when the run before was killed just behind it.
        #expect(try forget([1, 2, 3]) == ["code": 0, "kept": false])
    }
}
