import Foundation
import JSONKit
import Testing

/// The copy of the record in another place, while the run goes on.
extension FakeCheckerTests {
    /// The copy follows the run: what a reset would leave says how far it was and how it was judged.
    @Test func theCopyFollowsTheRun() throws {
        let shop = try Workshop()
        let fake = try shop.fakeChecker(
            """
            echo 'Pass 1: Checking'
            until [ -e \(shop.path("next")) ] || ! $wanted; do sleep 0.1; done
            echo 'Pass 2: Checking'
            while $wanted; do echo same again; sleep 0.1; done
            """)
        try startDetached(shop, fake, more: ["--log-to", shop.path("kept")])
        func kept(_ condition: (JSON) -> Bool) throws -> Bool {
            let path = shop.path("kept/davit-repair-1/record.json")
            return try shop.wait { _ in
                let text = try? String(contentsOfFile: path, encoding: .utf8)
                return text.flatMap { try? JSON(parsing: $0) }.map(condition) ?? false
            }
        }
        // With this patience each four seconds, without any news.
        #expect(try kept { $0["progress"]?["number"]?.int == 1 })
        try Data().write(to: URL(fileURLWithPath: shop.path("next")))
        #expect(try kept { $0["progress"]?["number"]?.int == 2 })
        #expect(try kept { $0["verdict"]?["verdict"] == "livelocked" })
        #expect(try kept { $0["evidence"]?.array?.isEmpty == false })
        // The record is copied first; and what is being copied has another name meanwhile.
        var names: [String] = []
        let isWhole = try shop.wait { _ in
            names =
                (try? FileManager.default.contentsOfDirectory(
                    atPath: shop.path("kept/davit-repair-1"))) ?? []
            return names.contains("evidence-1.txt") && names.contains("transcript")
                && !names.contains { $0.hasSuffix(".new") }
        }
        #expect(isWhole, "\(names)")
        try cancelled(shop)
        #expect(try kept { $0["state"] == "ended" })
    }

    /// A place that goes away is named once, tried again, and never ends the run.
    @Test func thePlaceOfTheCopyGoesAway() throws {
        let shop = try Workshop()
        let place = shop.path("kept")
        let fake = try shop.fakeChecker(
            "echo 'Pass 1: Checking'; until [ -e \(shop.path("go")) ] || ! $wanted; do sleep 0.1; done; exit 0"
        )
        try startDetached(shop, fake, more: ["--log-to", place])
        #expect(try shop.wait { $0["copy"]?["at"]?.int != nil })
        // What is no directory can hold none. A copy may be made just then, and the directory with it.
        #expect(
            try shop.wait { _ in
                try? FileManager.default.removeItem(atPath: place)
                return (try? Data().write(to: URL(fileURLWithPath: place))) != nil
            })
        #expect(try shop.wait { $0["copy"]?["failure"]?.string?.contains("kept") == true })
        let failed = try shop.record()
        #expect(failed["state"] == "running")
        try FileManager.default.removeItem(atPath: place)
        #expect(try shop.wait { $0["copy"]?["failure"]?.string == nil })
        try Data().write(to: URL(fileURLWithPath: shop.path("go")))
        #expect(try shop.repair("watch").code == 0)
        let list = try shop.repair("list")
        #expect(list.output.contains("a copy of the record is in \(place)"), "\(list.output)")
        let log = try shop.run(Workshop.davit, ["log"]).output
        let complaints = log.components(separatedBy: "no copy of the record in").count - 1
        #expect(complaints == 1, "\(log)")
    }

    /// Gone at the end: the run ends as it ended, and it is said that its last copy is missing.
    @Test func thePlaceOfTheCopyIsGoneAtTheEnd() throws {
        let shop = try Workshop()
        let place = shop.path("kept")
        // Moved away whole: a copy that is under way there does not bring the name back.
        let fake = try shop.fakeChecker(
            "echo 'Pass 1: Checking'; until mv -T '\(place)' '\(place)-away' && : >'\(place)'; do rm -rf '\(place)-away'; done; exit 4"
        )
        let outcome = try shop.repair("--check", "--checker", fake, "--log-to", place, "e.img")
        #expect(outcome.code == 4)
        #expect(
            outcome.output.contains("  No copy of the record in \(place): Cannot "),
            "\(outcome.output)")
        #expect(try shop.record()["state"] == "ended")
        let log = try shop.run(Workshop.davit, ["log"]).output
        #expect(log.contains("1: no copy of the record in \(place): "), "\(log)")
    }
}
