import Foundation
import Testing

@testable import Repair

/// Checkers that somebody has uploaded: found, preferred, or refused with a word that helps.
@Suite(.enabled(if: Workshop.has("mke2fs", "e2fsck")))
struct UploadTests {
    /// A sound ext4, and `content` as `$DAVIT_RUN/tools/e2fsck`.
    private func uploaded(
        _ content: Data, mode: Int = 0o755
    ) throws -> (shop: Workshop, path: String) {
        let shop = try Workshop()
        try shop.image("e.img", megabytes: 16)
        try shop.tool("mke2fs", "-q", "-t", "ext4", "e.img")
        let tools = shop.run.appendingPathComponent("tools")
        try FileManager.default.createDirectory(at: tools, withIntermediateDirectories: true)
        let path = tools.appendingPathComponent("e2fsck").path
        try content.write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes(
            [.posixPermissions: mode], ofItemAtPath: path)
        return (shop, path)
    }

    private func real() throws -> Data {
        let path = try #require(Workshop.find("e2fsck"))
        return try Data(contentsOf: URL(fileURLWithPath: path))
    }

    /// The host's own is passed over for it.
    @Test func isPreferred() throws {
        let (shop, path) = try uploaded(try real())
        let check = try shop.repair("--check", "e.img")
        #expect(check.code == 0, "\(check.output)\(check.error)")
        let command = try #require(try shop.record()["command"]?.string)
        #expect(command.hasPrefix(path + " "), "\(command)")
        #expect(try shop.record()["checkerVersion"]?.string?.hasPrefix("e2fsck 1.") == true)
    }

    @Test func aScriptIsAProgramToo() throws {
        let script = "#!/bin/sh\n[ \"$1\" = -V ] && { echo mine 7; exit 0; }\nexit 4\n"
        let (shop, _) = try uploaded(Data(script.utf8))
        #expect(try shop.repair("--check", "e.img").code == 4)
        #expect(try shop.record()["checkerVersion"]?.string == "mine 7")
    }

    /// What cannot be run is named, in the look too, and the system's own serves instead.
    @Test(arguments: ["mode", "others", "machine", "loader", "interpreter"])
    func cannotBeRun(_ fault: String) throws {
        var content = try real()
        var mode = 0o755
        let reason: String
        switch fault {
        case "mode":
            // So sftp leaves it.
            mode = 0o644
            reason = "it is not marked as a program; 'chmod 0755 "
        case "others":
            mode = 0o777
            reason = "others than root can change it; 'chown root "
        case "machine":
            // e_machine in either order: a processor that nobody has.
            content.replaceSubrange(18..<20, with: [0x77, 0x77])
            reason = "it was built for processor 30583, and this machine is "
        case "loader":
            let loader = try #require(
                content.range(of: Data("/ld-linux".utf8)) ?? content.range(of: Data("/ld64".utf8)))
            content.replaceSubrange(
                loader, with: Data("/no-such".utf8 + [UInt8(ascii: "x")]).prefix(loader.count))
            reason = "it is linked dynamically and needs "
        default:
            content = Data("#!/no/such/shell\nexit 0\n".utf8)
            reason = "it is a script for /no/such/shell, which is not here"
        }
        let (shop, path) = try uploaded(content, mode: mode)
        let look = try shop.repair("e.img")
        #expect(
            look.output.contains("  not used: \(path) cannot be run: \(reason)"), "\(look.output)")
        #expect(!look.output.contains("not here:"), "\(look.output)")
        let check = try shop.repair("--check", "e.img")
        #expect(check.code == 0, "\(check.output)\(check.error)")
        #expect(try shop.record()["command"]?.string?.hasPrefix(path) == false)
        // Asked for by name there is no other.
        let named = try shop.repair("--check", "--checker", path, "e.img")
        #expect(named.code == 1)
        #expect(named.error.contains("\(path) cannot be run: \(reason)"), "\(named.error)")
    }

    @Test func lacksItsLibraries() throws {
        let script =
            "#!/bin/sh\necho \"$0: error while loading shared libraries: libext2fs.so.2: cannot open shared object file: No such file or directory\" >&2\nexit 127\n"
        let (shop, path) = try uploaded(Data(script.utf8))
        let check = try shop.repair("--check", "e.img")
        #expect(check.code == 1)
        for words in ["\(path) cannot be run: it says '", "libext2fs.so.2", "linked statically"] {
            #expect(check.error.contains(words), "\(check.error)")
        }
        #expect((try? shop.record()) == nil, "nothing was started")
    }

    @Test func aPathFromHere() throws {
        let (shop, path) = try uploaded(try real())
        let check = try shop.repair("--check", "--checker", "run/tools/e2fsck", "e.img")
        #expect(check.code == 0, "\(check.error)")
        #expect(try shop.record()["command"]?.string?.hasPrefix(path) == true)
    }

    @Test func inTheOrderOfThePlaces() throws {
        let shop = try Workshop()
        for place in ["first", "second", "third"] {
            try FileManager.default.createDirectory(
                atPath: shop.path(place), withIntermediateDirectories: true)
        }
        func put(_ name: String, _ mode: Int) throws {
            try Data("#!/bin/sh\n".utf8).write(to: URL(fileURLWithPath: shop.path(name)))
            try FileManager.default.setAttributes(
                [.posixPermissions: mode], ofItemAtPath: shop.path(name))
        }
        try put("second/newer", 0o755)
        try put("third/older", 0o755)
        try put("first/older", 0o644)
        let places = ["first", "second", "third", "nowhere"].map(shop.path)
        let search = Checkers.Search(for: ["older", "newer"], in: places)
        #expect(search.path == shop.path("second/newer"))
        #expect(search.passedOver.count == 1)
        #expect(search.passedOver.first?.hasPrefix(shop.path("first/older")) == true)
        let none = Checkers.Search(for: ["older"], in: [shop.path("first")])
        #expect(none.path == nil)
    }
}
