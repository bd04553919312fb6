import Testing

@testable import Export

/// What of the kernel is still to be loaded.
@Suite struct MachineTests {
    private static func needed(_ modules: [String], _ shown: [String] = []) -> [String] {
        Machine.needed(isPresent: modules.contains, shows: shown.contains)
    }

    @Test func `a target that somebody made shows its own module and no other`() {
        let shown = ["", "/target/core", "/target/iscsi"]
        #expect(
            Self.needed(["configfs", "target_core_mod", "iscsi_target_mod"], shown) == [
                "target_core_iblock"
            ])
        // Built in, as far as it can be seen.
        #expect(Self.needed(["target_core_iblock"], shown) == [])
    }

    @Test func `all of them, and in the order in which they are loaded`() {
        #expect(Self.needed([]) == Machine.modules)
        #expect(Self.needed(Machine.modules) == [])
    }
}
