import Foundation
import LinuxKit
import Testing

@Suite struct ProcessTableTests {
    @Test func findsAProcessByItsProgramAndReadsItsEnvironment() throws {
        var request = ChildProcess.Request("/bin/sleep", ["1000"])
        request.environment = ["CRYPTTAB_NAME=root disk", "OTHER=1"]
        let child = try ChildProcess(starting: request)
        let found = ProcessTable.running(["sleep"]).first { $0.pid == child.pid }
        #expect(found?.arguments == ["/bin/sleep", "1000"])
        #expect(ProcessTable.environment(of: child.pid, "CRYPTTAB_NAME") == "root disk")
        #expect(ProcessTable.environment(of: child.pid, "CRYPTTAB") == nil)
    }

    @Test func aProcessThatIsNotThereHasNoEnvironment() {
        #expect(ProcessTable.environment(of: 0, "PATH") == nil)
    }
}
