import Foundation
import LinuxKit
import Recorder
import Testing

@Suite struct RecorderTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test func oneLineForEachEventWithTimeAndWriter() throws {
        let recorder = scratch.recorder()
        let before = Clock.now
        recorder.record("eth0: first")
        recorder.record("eth0: second", .detail, Event(.address, .interface("eth0"), .done))
        let entries = try scratch.entries()
        #expect(entries.map(\.remark) == ["eth0: first", "eth0: second"])
        #expect(entries.map(\.pid) == [Host.pid, Host.pid])
        #expect(entries.allSatisfy { before...Clock.now ~= $0.time })
        #expect(
            entries[0].description.firstMatch(of: /^\d+\.\d{3} net\[\d+\]: eth0: first$/) != nil)
        #expect(entries[0].event == Event(.said))
        #expect(entries[1].event == Event(.address, .interface("eth0"), .done))
    }

    @Test(arguments: [
        (Event(.started), "started"),
        (
            Event(.unlocking, .mapping("root"), .done, took: .seconds(2)),
            "root: unlocking done after 2 s"
        ),
        (Event(.ended, .named("net"), .failed, code: -9), "net: ended failed (-9)"),
        (Event(.repair, .number(4), .begun), "4: repair begun"),
    ])
    func anEventWithoutASentenceIsPutIntoWords(event: Event, words: String) throws {
        scratch.recorder().record(event)
        let entry = try #require(try scratch.entries().first)
        #expect(entry.event == event)
        #expect(entry.words == words)
    }

    @Test func everyKindOfEventIsReadBack() throws {
        let recorder = scratch.recorder(.unlock)
        for what in Event.What.allCases {
            for outcome in Event.Outcome.allCases {
                recorder.record(Event(what, .number(1), outcome, code: .min))
            }
        }
        let entries = try scratch.entries()
        #expect(entries.count == Event.What.allCases.count * Event.Outcome.allCases.count)
        #expect(Set(entries.map { "\($0.event)" }).count == entries.count)
        #expect(entries.allSatisfy { $0.component == .unlock && $0.event.code == .min })
    }

    @Test func aDurationIsKeptInMillisecondsAndNeverOverflows() throws {
        let recorder = scratch.recorder()
        for took: Duration in [.zero, .microseconds(1999), .seconds(1 << 40), .seconds(-1)] {
            recorder.record(Event(.export, took: took))
        }
        let most = Duration.milliseconds(Int64(UInt32.max) - 1)
        let kept = try scratch.entries().map { $0.event.duration }
        #expect(kept == [.zero, .milliseconds(1), most, .zero])
    }

    @Test func controlCharactersFromTheNetworkAreMasked() throws {
        scratch.recorder().record("name \u{1B}[2J\nforged line")
        #expect(try scratch.entries().first?.remark == "name ?[2J?forged line")
    }

    @Test(arguments: [0, 1, 87, 88, 89, 199, 200, 201, 1768, 1769, 10_000])
    func aLongSentenceTakesSeveralSlotsAndAVeryLongOneIsCut(length: Int) throws {
        let recorder = scratch.recorder()
        recorder.record("before")
        let words = String((0..<length).map { Character("\($0 % 10)") })
        recorder.record("\(words)")
        recorder.record("after")
        let entries = try scratch.entries()
        #expect(entries.map(\.remark) == ["before", String(words.prefix(1768)), "after"])
    }

    @Test func theOldestGoesAndTheMemoryStays() throws {
        let recorder = scratch.recorder()
        recorder.record("the first")
        let size = try scratch.bytes().count
        for number in 0..<20_000 { recorder.record("\(number)") }
        let numbers = try scratch.entries().compactMap { Int($0.remark) }
        #expect(numbers == Array((20_000 - 8192)..<20_000))
        #expect(try scratch.bytes().count == size)
    }

    @Test func aMissingDirectoryIsNoErrorAndIsUsedWhenItComes() throws {
        let late = scratch.directory + "/late"
        let recorder = Recorder(component: .net, directory: late)
        recorder.record("unheard", .detail)
        #expect(throws: RecorderError.self) { try Recording(of: late) }
        try Files.makeDirectory(late)
        recorder.record("heard", .detail)
        #expect(try Recording(of: late).entries.map(\.remark) == ["heard"])
    }

    @Test func namesAreOnlyWhatHasTheFormOfOne() {
        #expect(Object.interface("eth0")?.description == "eth0")
        #expect(Object.interface("sixteen-and-more") == nil)
        #expect(Object.interface("a b") == nil)
        #expect(Object.device("/dev/mapper/root") != nil)
        #expect(Object.device("correct horse") == nil)
        #expect(Object.mapping("correct horse battery") == nil)
        #expect(Object.mapping("a/b") == nil)
        #expect(Object.key(fingerprint: "SHA256:" + String(repeating: "x", count: 43)) != nil)
        #expect(Object.key(fingerprint: "SHA256:short") == nil)
        #expect(Object.named("bch0") != nil)
        #expect(Object.named("Fünf") == nil)
        #expect(Object.named("") == nil)
        #expect(Object.mapping(String(repeating: "x", count: 65)) == nil)
    }
}
