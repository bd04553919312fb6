import Foundation
import LabKit
import Testing

/// Disks in real machines, exported by davit: the stories of Tests/LabExport, each of which fails by itself when a
/// machine sees something wrong. Its README says what each shows.
struct ExportStories {
    private func story(_ arguments: String..., within limit: Duration = .seconds(900)) async throws
    {
        let program = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("LabExport/run").path
        // For its place among the machines that run at a time, and for a scratch that goes with it.
        try await Lab.with("export " + arguments.joined(separator: " ")) { lab in
            var environment = ProcessInfo.processInfo.environment
            environment["TMPDIR"] = lab.enclosure.scratch
            let result = try await run(
                [program] + arguments, environment: environment, within: limit)
            print(result.text)
        }
    }

    @Test(
        "SIGKILL after every change of apply and of stop, then the same command again, or stop.",
        arguments: ["6.1", "6.12"])
    func killed(kernel: String) async throws {
        try await story(
            "killed", kernel, "13", "--read-only", "--listen", "127.0.0.1:3261", "--initiator",
            "iqn.1993-08.org.debian:01:one", "--initiator", "iqn.1993-08.org.debian:01:two")
    }

    @Test(
        "Overlays leave the disks byte for byte, overflow in words, and are committed through kills.",
        arguments: ["6.1", "6.12"])
    func overlay(kernel: String) async throws { try await story("overlay", kernel, "11") }

    @Test("What cannot be exported is refused in words, and nothing is changed.")
    func refusals() async throws { try await story("refusals", "6.1") }

    @Test("Members of arrays, volume groups and file systems; late disks; the supervisor goes on.")
    func members() async throws { try await story("members", "6.12") }

    @Test(
        "Modules that were uploaded, plain and packed, with and without modules.dep.",
        arguments: ["6.1", "6.12"])
    func modules(kernel: String) async throws { try await story("modules", kernel) }

    @Test(
        "iscsi-ls, iscsi-test-cu, qemu-img: the secret, the same bytes both ways, read-only, an overlay.",
        arguments: ["6.1", "6.12"])
    func hostTools(kernel: String) async throws { try await story("host-tools", kernel) }

    @Test(
        "Three unclean members of a bcachefs: from Linux 6.1 to a host with 6.12, repaired there.")
    func newerHost() async throws {
        let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Fixtures/images")
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("davit-members-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        var images: [String] = []
        for index in 0..<3 {
            let packed = fixtures.appendingPathComponent("bcachefs-1.13-unclean-\(index).img.xz")
            let image = directory.appendingPathComponent("\(index).img").path
            try await run(["sh", "-c", "xz -dc \"$0\" >\"$1\"", packed.path, image])
            images.append(image)
        }
        try await story("newer-host", images[0], images[1], images[2])
    }
}
