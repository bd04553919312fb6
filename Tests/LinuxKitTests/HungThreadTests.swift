import Testing

@testable import LinuxKit

@Suite struct HungThreadTests {
    /// As Linux 6.1 shows a removal that waits for readers.
    @Test func stack() {
        let stack = """
            [<0>] __wait_rcu_gp+0x12b/0x140
            [<0>] synchronize_rcu+0x71/0xb0
            [<0>] core_tpg_remove_lun+0x4f/0x110 [target_core_mod]
            """
        #expect(
            HungThread.functions(stack) == [
                "__wait_rcu_gp", "synchronize_rcu", "core_tpg_remove_lun",
            ])
        #expect(HungThread.functions("") == [])
    }

    @Test func thisProcessDoesNotHang() { #expect(HungThread(Host.pid) == nil) }

    @Test func whoWaitsDoesNotRun() throws {
        var request = ChildProcess.Request("/bin/sleep", ["1000"])
        request.environment = []
        let child = try ChildProcess(starting: request)
        let deadline = Clock.now + .seconds(180)
        while HungThread.isRunnable(child.pid), Clock.now < deadline {
            _ = try Poll.wait([], until: Clock.now + .milliseconds(10))
        }
        #expect(!HungThread.isRunnable(child.pid))
        #expect(!HungThread.isRunnable(0))
    }
}
