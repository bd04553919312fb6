import NetworkCore
import Testing

@Suite struct NoticePaceTests {
    @Test func changesAreATrickleAfterABurst() {
        var pace = NoticePace()
        let said = (0..<36_000).count { pace.allowsChange(at: .milliseconds($0 * 100)) }
        #expect(said <= 12 + 120)
        #expect(said >= 120)
    }

    @Test func aSilenceIsSaidAtOnceAndThenRarely() {
        var pace = NoticePace()
        let said = (0..<7200).filter { pace.allowsReminder(at: .seconds($0)) }
        #expect(said.prefix(5) == [0, 10, 30, 90, 150])
        #expect(said.count < 30)
        pace.answered()
        let again = (7201..<7300).filter { pace.allowsReminder(at: .seconds($0)) }
        #expect(again == [7201, 7211, 7231, 7291])
    }
}
