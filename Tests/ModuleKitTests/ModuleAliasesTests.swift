import ModuleKit
import Testing

@Suite struct ModuleAliasesTests {
    private let text = """
        # Aliases extracted from modules themselves.
        alias pci:v00001AF4d*sv*sd*bc*sc*i* virtio_pci
        alias virtio:d00000001v* virtio_net
        alias pci:v00008086d000010D3sv*sd*bc*sc*i* e1000e
        alias fs-ext4 ext4
        """

    @Test func findsWhatDevicesAskFor() {
        let aliases = ModuleAliases(
            parsing: text, among: ["virtio_pci", "virtio_net", "e1000e"])
        let pci = "pci:v00001AF4d00001000sv00001AF4sd00000001bc02sc00i00"
        #expect(aliases.asked(by: [pci]) == ["virtio_pci"])
        #expect(
            aliases.asked(by: [pci, "virtio:d00000001v00001AF4"]) == ["virtio_pci", "virtio_net"])
        #expect(aliases.asked(by: []) == [])
    }

    @Test func leavesOutWhatNobodyNamed() {
        let aliases = ModuleAliases(parsing: text, among: ["e1000e"])
        #expect(aliases.asked(by: ["virtio:d00000001v00001AF4", "fs-ext4"]) == [])
    }
}
