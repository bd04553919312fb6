import Testing

@testable import LinuxKit

@Suite struct DiskTrafficTests {
    @Test func bytesOfAllDevicesAreSummed() {
        let text = """
               7       0 loop0 3 0 22 0 0 0 0 0 0 0 0 0 0 0 0 0 0
             254       0 vda 9142 2380 588170 5108 1210 1700 40960 1650 0 4484 6759 0 0 0 0 0 0
             254       1 vda1 8990 2380 584458 5071 1210 1700 40 1650 0 4464 6721 0 0 0 0
            cut off
            """
        #expect(DiskTraffic.written(text) == 41_000 * 512)
        #expect(DiskTraffic.written("") == 0)
    }

    @Test func whatWaitsIsDirtyOrOnItsWay() {
        let text = "MemTotal: 8 kB\nDirty:  1024 kB\nWriteback: 4 kB\nWritebackTmp: 9 kB\n"
        #expect(DiskTraffic.waiting(text) == 1028 << 10)
        #expect(DiskTraffic.waiting("Dirty:\n") == 0)
    }
}
