import Foundation
import JSONKit
import Testing

/// The user-space bcachefs fsck, of the version that wrote the three members, on these members.
@Suite(
    .enabled(
        if: BcachefsTools.program != nil,
        "needs bcachefs-tools 1.13 of Debian experimental, which scripts/test fetches where it can")
)
struct BcachefsToolsTests {
    @Test func soundMembersThatWereNotClosed() throws {
        let shop = try Workshop()
        let members = try shop.unpackedMembers()
        let program = try #require(BcachefsTools.program)
        let before = try members.map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
        let version = try shop.run(program, ["version"]).output
            .trimmingCharacters(in: .whitespacesAndNewlines)

        let check = try shop.repair(members, "--check", "--checker", program)
        #expect(check.code == 0, "\(check.output)\(check.error)")
        #expect(try members.map { try Data(contentsOf: URL(fileURLWithPath: $0)) } == before)
        let checked = try shop.record()
        #expect(checked["checkerVersion"]?.string == "bcachefs \(version)" && !version.isEmpty)
        #expect(checked["progress"]?["phasesEnded"]?.int == 29)
        #expect(checked["progress"]?["errorsFound"] == 0)
        #expect(checked["words"]?.string?.contains("14-23 replayed in memory") == true)
        #expect(checked["verdict"]?["verdict"] == "working")

        let repair = try shop.repair(members, "--run", "--yes", "--checker", program)
        #expect(repair.code == 0, "\(repair.output)\(repair.error)")
        let record = try shop.record(2)
        #expect(record["words"]?.string?.contains("journal entries 14-23 replayed") == true)
        #expect(record["progress"]?["journal"]?["closedAt"]?.int ?? 0 > 23)
        #expect(record["before"]?["state"] == "not closed in order")
        #expect(record["after"]?["state"] == "clean")
        #expect(record["after"]?["journal"] == "journal empty")
        // What show-super says of them is what davit's look says.
        let shown = try shop.run(program, ["show-super", members[0]]).output
        #expect(shown.contains("Clean:                                     1"), "\(shown)")
        #expect(try shop.repair(members).output.contains("clean, journal empty"))
    }

    /// The tree of inodes is lost in both copies: what a check cannot get behind, what one repair leaves, and what the
    /// next one mends.
    @Test func aTreeThatIsLost() throws {
        let shop = try Workshop()
        let members = try shop.unpackedMembers()
        let program = try #require(BcachefsTools.program)
        #expect(try shop.breakTree(1, of: members) == 2)
        let before = try members.map { try Data(contentsOf: URL(fileURLWithPath: $0)) }

        let check = try shop.repair(members, "--check", "--checker", program)
        #expect(check.code == 12, "\(check.output)\(check.error)")
        #expect(check.output.contains("the check could not go on behind them"))
        #expect(try members.map { try Data(contentsOf: URL(fileURLWithPath: $0)) } == before)
        let checked = try shop.record()
        #expect(checked["progress"]?["errorsFound"]?.int ?? 0 > 5)
        #expect(checked["progress"]?["errorsFixed"] == 0)
        let troubles = (checked["troubles"]?.array ?? []).compactMap { $0["name"]?.string }
        #expect(troubles.contains("bcachefs-tree-lost") && troubles.contains("bcachefs-stopped"))

        let repair = try shop.repair(members, "--run", "--yes", "--checker", program)
        #expect(repair.code == 1, "\(repair.output)\(repair.error)")
        let record = try shop.record(2)
        #expect(record["progress"]?["errorsFixed"]?.int ?? 0 > 5)
        // Closed in order, and its superblock still asks for a pass.
        #expect(record["after"]?["state"] == "marked as damaged")
        #expect(record["after"]?["journal"] == "journal empty")
        // Its counters it mends in the next run only; a check says so.
        #expect(try shop.repair(members, "--check", "--checker", program).code == 4)
        var runs = 0
        while runs < 4,
            try shop.repair(members, "--run", "--yes", "--checker", program).code != 0
        { runs += 1 }
        #expect(runs < 4)
        #expect(try shop.repair(members, "--check", "--checker", program).code == 0)
        #expect(try shop.repair(members).output.contains("clean, journal empty"))
    }

    /// One member alone is too few for two replicas: the look says which are missing, and nothing is begun.
    @Test func oneMemberAlone() throws {
        let shop = try Workshop()
        let members = try shop.unpackedMembers()
        let program = try #require(BcachefsTools.program)
        let refused = try shop.repair([members[0]], "--run", "--yes", "--checker", program)
        #expect(refused.code == 1, "\(refused.output)\(refused.error)")
        let check = try shop.repair([members[0]], "--check", "--degraded", "--checker", program)
        #expect(check.code == 8, "\(check.output)\(check.error)")
        let troubles = (try shop.record()["troubles"]?.array ?? [])
            .compactMap { $0["name"]?.string }
        #expect(troubles == ["bcachefs-members-missing"])
    }
}

/// Where scripts/test has put it.
enum BcachefsTools {
    static var program: String? {
        ProcessInfo.processInfo.environment["DAVIT_BCACHEFS_TOOLS"].map { $0 + "/bcachefs" }
            .flatMap { FileManager.default.isExecutableFile(atPath: $0) ? $0 : nil }
    }
}

extension Workshop {
    fileprivate func repair(_ members: [String], _ arguments: String...) throws -> Outcome {
        try run(Self.davit, ["repair"] + arguments + members)
    }

    /// Overwrites the beginning of every node of a tree, by its number in enum btree_id.
    /// - Returns: how many copies there were.
    fileprivate func breakTree(_ tree: UInt8, of members: [String]) throws -> Int {
        var broken = 0
        for member in members {
            let name = URL(fileURLWithPath: member).lastPathComponent
            let identity = try read(8, at: 4096 + 40, in: name)
            // BSET_MAGIC, combined with the beginning of the internal UUID. A node fills a bucket here.
            let magic = zip([0xF5, 0x07, 0x9E, 0xB9, 0x78, 0x5C, 0x13, 0x90], identity)
                .map { UInt8($0) ^ $1 }
            for offset in stride(from: UInt64(0), to: 96 << 20, by: 128 << 10) {
                let header = try read(32, at: offset, in: name)
                guard Array(header[16..<24]) == magic, header[24] & 0xF == tree else { continue }
                let noise = (0..<4000).map { UInt8(truncatingIfNeeded: $0 &* 37) }
                try write(noise, at: offset, in: name)
                broken += 1
            }
        }
        return broken
    }
}
