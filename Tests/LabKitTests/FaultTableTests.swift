import Foundation
import LabKit
import Testing

/// docs/faults.md names a test for each fault; a table of tests that are not there would be a promise.
@Suite struct FaultTableTests {
    @Test func everyTestThatTheTableNamesIsThere() throws {
        let table = try String(contentsOfFile: "\(repository)/docs/faults.md", encoding: .utf8)
        let named = table.matches(of: /`(\w+)\.(\w+)`/).map { (String($0.1), String($0.2)) }
        #expect(named.count >= 13)
        let files = FileManager.default.enumerator(atPath: "\(repository)/Tests")
        let sources = try #require(files).compactMap { $0 as? String }
            .filter { $0.hasSuffix(".swift") }
        for (suite, function) in named {
            let path = try #require(sources.first { $0.hasSuffix("/\(suite).swift") }, "\(suite)")
            let text = try String(contentsOfFile: "\(repository)/Tests/\(path)", encoding: .utf8)
            #expect(text.contains("func \(function)("), "\(suite).\(function)")
        }
        // A row without one.
        for row in table.split(separator: "\n").dropFirst(2) where row.hasPrefix("| ") {
            guard !row.hasPrefix("| fault "), !row.hasPrefix("|--") else { continue }
            #expect(row.contains(/`\w+\.\w+`[^|]*\|$/), "\(row)")
        }
    }
}
