import Testing
import UnlockCore

@Suite struct KeystrokeTests {
    @Test(
        arguments: [
            (0x61, .text(0x61)), (0x20, .text(0x20)), (0xC3, .text(0xC3)), (0x09, .text(0x09)),
            (0x0D, .submit), (0x0A, .submit), (0x7F, .erase), (0x08, .erase), (0x15, .eraseAll),
            (0x03, .interrupt), (0x04, .end), (0x1B, .ignored), (0x00, .ignored),
        ] as [(UInt8, Keystroke)])
    func means(byte: UInt8, meaning: Keystroke) { #expect(Keystroke(byte) == meaning) }
}
