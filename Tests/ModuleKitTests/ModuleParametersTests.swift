import Testing

@testable import ModuleKit

@Suite struct ModuleParametersTests {
    private static let line =
        "root=/dev/sda1 ramoops.mem_address=0x8000000 ramoops.mem_size=1048576 dm-crypt.threads=2 e.f=\"a b\" quiet"

    @Test(arguments: [
        ("ramoops", "mem_address=0x8000000 mem_size=1048576"), ("dm_crypt", "threads=2"),
        ("e", "f=\"a b\""), ("ext4", ""), ("quiet", ""),
    ])
    func areReadAsModprobeReadsThem(name: String, parameters: String) {
        #expect(ModuleParameters.text(for: name, line: Self.line) == parameters)
    }
}
