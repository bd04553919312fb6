import JSONKit
import LinuxKit

/// What all exports of this machine share: `$DAVIT_RUN/export/shared`, `{madeFabric}`.
enum SharedState {
    private static var path: String { Intent.directory + "/shared" }

    /// Whether davit made `target/iscsi`, and so removes it with the last export.
    static var madeFabric: Bool {
        guard let text = Files.text(path), let json = try? JSON(parsing: text) else { return false }
        return json["madeFabric"]?.bool ?? false
    }

    /// Once it has been made by davit it stays so, however often a run was killed since.
    static func remember(madeFabric: Bool) throws(SystemError) {
        guard !Files.exists(path) else { return }
        try Files.replace(
            path, with: JSON.object([.init("madeFabric", .bool(madeFabric))]).compact + "\n")
        Checkpoint.passed()
    }

    static func forget() throws(SystemError) {
        guard Files.exists(path) else { return }
        try Files.remove(path)
        Checkpoint.passed()
    }
}
