import LinuxKit
import Testing

@Suite struct UEventTests {
    @Test func readsTheKernelsMessage() {
        let message =
            "add@/devices/virtual/block/loop0\0ACTION=add\0DEVPATH=/devices/virtual/block/loop0"
            + "\0SUBSYSTEM=block\0MAJOR=7\0DEVNAME=loop0\0SEQNUM=1\0"
        let event = UEventSocket.Event(Array(message.utf8))
        #expect(event?.action == "add")
        #expect(event?.subsystem == "block")
        #expect(event?.deviceName == "loop0")
    }

    @Test(arguments: ["", "\0", "\0\0=\0", "add@/x", "libudev\0\u{FE}\0noequals\0"])
    func refusesWhatIsNone(text: String) {
        #expect(UEventSocket.Event(Array(text.utf8)) == nil)
    }
}
