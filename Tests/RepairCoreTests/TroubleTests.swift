import Foundation
import Testing

@testable import RepairCore

/// Every row of the table of known troubles, by what shows it.
struct TroubleTests {
    /// The lines of the fixture: a row's name, or `none`, and what a checker or the kernel says.
    private static let shown: [(name: String, line: String)] = {
        let file = Fixtures.directory.appendingPathComponent("troubles.txt")
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
            guard let colon = line.firstRange(of: ": ") else { return nil }
            return (String(line[..<colon.lowerBound]), String(line[colon.upperBound...]))
        }
    }()

    @Test func eachLineShowsItsRow() {
        for (name, line) in Self.shown {
            let found = Trouble.known(in: Line(line), while: Progress())
            #expect(found?.name ?? "none" == name, "\(line)")
        }
    }

    @Test func eachRowIsShown() {
        let names = Trouble.all.map(\.name)
        #expect(names.count > 50)
        #expect(Set(names).count == names.count)
        #expect(Set(names).subtracting(Self.shown.map(\.name)) == [])
    }

    @Test func eachRowIsWhole() {
        for trouble in Trouble.all {
            for text in [trouble.explanation, trouble.nextStep(for: ["/dev/sda"])] {
                #expect(text.hasSuffix("."))
                #expect(!text.contains("MEMBERS") && !text.contains("  "), "\(text)")
            }
        }
    }

    /// A flood may stand behind anything: a known trouble is found wherever it is in the line.
    @Test func inTheKernelsLog() {
        var reader = ProgressReader(ExtBackend())
        reader.readKernel(
            Line("2,701,9876543,-;critical medium error, dev sda, sector 264448 op 0x0:(READ)"))
        reader.readKernel(Line("2,702,9876544,-;I/O error, dev sda, sector 264448 op 0x0:(READ)"))
        #expect(reader.troubles.map(\.name) == ["disk-medium", "disk-errors"])
        #expect(reader.progress == Progress())
    }

    /// The next step can be typed as it stands.
    @Test func namesExactlyTheseMembers() throws {
        var reader = ProgressReader(BcachefsBackend())
        reader.take(Array("journal_replay...\nerror journal_reclaim_would_deadlock\n".utf8))
        let trouble = try #require(reader.troubles.first)
        #expect(trouble.isFinal)
        #expect(
            trouble.nextStep(for: ["/dev/mapper/bch0", "/dev/mapper/bch1"]).hasPrefix(
                "Let a host with Linux 6.9 or newer recover it: 'davit export /dev/mapper/bch0 /dev/mapper/bch1' here,"
            ))
    }

    @Test(arguments: [
        ("[sda] tag#9", "sda", true), ("dev sda, sector", "sda", true), ("dev sda1,", "sda", false),
        ("dev xsda", "sda", false), ("sdaa sda", "sda", true), ("ata3.00: failed", "ata3", true),
        ("ata31: failed", "ata3", false), ("", "sda", false), ("sda", "", false),
    ])
    func deviceNames(_ line: String, _ name: String, _ isNamed: Bool) {
        #expect(Line(line).names(name) == isNamed)
    }
}
