import LabKit
import Testing

/// All of it, once, from the power cut to the reset.
struct WholeStoryTests {
    @Test(
        "Router late, three disks by one passphrase, no bcachefs here: exported, repaired by a newer host through a cut, stopped, reset."
    )
    func whole() async throws {
        try await WholeStory { print($0) }.tell()
    }
}
