import Foundation

/// What a booted guest says about itself.
package struct MachineReport: Sendable {
    /// systemd's word: running, degraded, ….
    package let state: String
    /// Units that failed.
    package let failedUnits: [String]
    /// IPv4 addresses by interface.
    package let addresses: [String: [String]]
    /// Files under /run/davit, with what is in them.
    package let davitFiles: [String: String]
    /// Names under /dev/mapper, without its control node.
    package let mappings: [String]
}

extension Guest {
    /// Asks the booted system; waits until systemd has finished starting.
    package func report(within limit: Duration = .seconds(300)) async throws -> MachineReport {
        try await shell.ready(.system, within: limit)
        let state = try await shell.run("systemctl is-system-running --wait", within: limit)
        let failed = try await shell.run("systemctl list-units --failed --plain --no-legend")
        let links = try await shell.run("ip -json -4 address show")
        let names = try await shell.run("cd /run/davit 2>/dev/null && find . -type f")
        let mappings = try await shell.run("ls /dev/mapper")
        var files: [String: String] = [:]
        for name in names.text.split(separator: "\n") {
            let path = "/run/davit/\(name.dropFirst(2))"
            files[path] = try await shell.run("cat '\(path)'").text
        }
        return MachineReport(
            state: state.text.trimmingCharacters(in: .whitespacesAndNewlines),
            failedUnits: failed.text.split(separator: "\n").map {
                String($0.prefix { $0 != " " })
            },
            addresses: try addresses(json: links.bytes), davitFiles: files,
            mappings: mappings.text.split(whereSeparator: \.isWhitespace).map(String.init)
                .filter { $0 != "control" })
    }

    private func addresses(json: [UInt8]) throws -> [String: [String]] {
        struct Link: Decodable {
            struct Address: Decodable { let local: String? }
            let ifname: String?
            let addr_info: [Address]?
        }
        guard let links = try? JSONDecoder().decode([Link].self, from: Data(json)) else {
            throw LabError.unexpected(
                "ip -json printed no JSON: \(String(decoding: json, as: UTF8.self))")
        }
        return Dictionary(
            links.map { ($0.ifname ?? "", $0.addr_info?.compactMap(\.local) ?? []) },
            uniquingKeysWith: +)
    }
}
