import Testing
import UnlockCore

@Suite struct RemindersTests {
    /// Seconds at which one missing disk is spoken of, when somebody looks each second for an hour.
    @Test func aWaitIsSpokenOfEverMoreRarely() {
        var reminders = Reminders()
        let times = (100..<3700).filter { second in
            reminders.due(["root"], at: .seconds(second)) == ["root"]
        }
        #expect(times == [100, 160, 220, 340, 580, 1060, 2020])
        #expect(reminders.nextAt == .seconds(3940))
    }

    @Test func allAreNamedTogether() {
        var reminders = Reminders()
        #expect(reminders.due([], at: .seconds(1)) == [])
        #expect(reminders.nextAt == nil)
        #expect(reminders.due(["root"], at: .seconds(2)) == ["root"])
        #expect(reminders.due(["root", "data"], at: .seconds(10)) == ["root", "data"])
        #expect(reminders.due(["root", "data"], at: .seconds(69)) == [])
        #expect(reminders.nextAt == .seconds(70))
        #expect(reminders.due(["data"], at: .seconds(70)) == ["data"])
        #expect(reminders.nextAt == .seconds(130), "of what is missing still")
        // Gone again: that is news.
        #expect(reminders.due(["root", "data"], at: .seconds(71)) == ["root", "data"])
    }
}
