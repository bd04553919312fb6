import Foundation
import Testing

@testable import LabKit

@Suite
struct ImageCacheTests {
    @Test
    func whatAStoryUsesIsNotPruned() async throws {
        let files = FileManager.default
        let directory = files.temporaryDirectory.path + "/davit-cache-\(UUID().uuidString)"
        defer { try? files.removeItem(atPath: directory) }
        let cache = try ImageCache(directory: directory)
        for (age, name) in ["image-new", "image-old", "image-used"].enumerated() {
            try files.createDirectory(
                atPath: "\(directory)/\(name)/modules", withIntermediateDirectories: true)
            if name == "image-used" {
                _ = try await cache.entry(name) { _ in
                    Issue.record("it is there already")
                    return ""
                }
            }
            try files.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: Double(-3600 * age))],
                ofItemAtPath: "\(directory)/\(name)")
        }
        try await cache.prune("image-", keep: 1)
        let left = try files.contentsOfDirectory(atPath: directory).sorted()
        #expect(left == ["image-new", "image-used", "lock"])
    }
}
