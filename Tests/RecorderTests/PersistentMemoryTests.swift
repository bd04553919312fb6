import Testing

@testable import Recorder

@Suite struct PersistentMemoryTests {
    @Test func whatDavitWroteThereIsFoundAmongOthers() {
        let text = """
            davit: 12.345 net[71]: eth0 has no carrier
            somebody else
            davit: 13.000 sshd[72]: listens

            """
        #expect(
            PersistentMemory.lines(of: text)
                == ["12.345 net[71]: eth0 has no carrier", "13.000 sshd[72]: listens"])
    }

    /// As fs/pstore/platform.c keeps the log of a kernel that panics.
    @Test func whatTheKernelKeptOfItsLogIsFound() {
        let text = """
            Panic#1 Part1
            <6>[    0.000000] Linux version 6.12
            <12>[   17.802313] davit: supervise: net ended with signal 9 (Killed); it is started again in 1 s
            <6>[   17.9] eth0: [davit: no]
            <0>[   18.100425] Kernel panic - not syncing: sysrq triggered crash
            <4>[   18.2
            <
            """
        #expect(
            PersistentMemory.lines(of: text) == [
                "17.802313 supervise: net ended with signal 9 (Killed); it is started again in 1 s",
                "18.100425 Kernel panic - not syncing: sysrq triggered crash",
            ])
    }
}
