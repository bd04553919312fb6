import ExportCore
import LinuxKit

/// The script for the newer host, from an export that is there.
package enum ClientScriptMaker {
    /// - Parameter name: which export; may be left out while there is one only.
    /// - Throws: `Refusal.neverExisted`, `.severalExports`, `Failure`.
    package static func script(
        for name: ExportName?, throughSSH: String?
    ) throws -> String {
        let names = Intent.names
        guard let chosen = name ?? names.first else { throw Failure.nothing }
        guard name != nil || names.count == 1 else { throw Refusal.severalExports(names) }
        guard let intent = Intent(reading: chosen) else { throw Refusal.neverExisted(chosen) }
        // One that failed keeps its serial number, and the newer host would wait for it in vain.
        let disks = intent.disks.filter { $0.state == .exported }.compactMap { disk in
            disk.serial.map {
                ClientScript.Disk(
                    lun: disk.lun, serial: $0, device: disk.device, content: disk.content,
                    fileSystem: disk.fileSystem, member: disk.member)
            }
        }
        let absent = intent.disks.filter { $0.state != .exported }.map(\.device)
        guard !disks.isEmpty else { throw Failure.notYet(chosen) }
        let portals = try portals(intent, isThroughSSH: throughSSH != nil)
        let secret = try CHAPSecret(.initiator)
        let targetSecret = try CHAPSecret(.target)
        // open-iscsi takes an empty one for leave to skip the question.
        guard !intent.authenticates || !secret.isEmpty, !intent.isMutual || !targetSecret.isEmpty
        else { throw Failure.noSecret(chosen) }
        return ClientScript(
            name: chosen, target: intent.target, portals: portals, disks: disks, absent: absent,
            isReadOnly: intent.isReadOnly,
            secret: intent.authenticates ? secret.revealed() : nil,
            targetSecret: intent.isMutual ? targetSecret.revealed() : nil, throughSSH: throughSSH
        ).text
    }

    /// Where the newer host connects to; through ssh, the one portal that davit's SSH server forwards to: it forwards to
    /// this host's loopback and nowhere else.
    private static func portals(_ intent: Intent, isThroughSSH: Bool) throws(Failure) -> [Portal] {
        if isThroughSSH {
            guard let inner = intent.portals.lazy.compactMap(\.onLoopback).first else {
                throw .notOnLoopback(intent.name)
            }
            return [inner]
        }
        let outer = intent.portals.filter { !$0.isLoopback }
        guard !outer.isEmpty else { throw .onLoopbackOnly(intent.name) }
        return outer.map { reachable($0) }
    }

    /// Of a portal on every address, the address that the other host is told.
    private static func reachable(_ portal: Portal) -> Portal {
        guard portal.isEverywhere else { return portal }
        let usual = HostAddresses.all.first { $0.utf8.contains(UInt8(ascii: ":")) == portal.isIPv6 }
        let address = Listening.sessionAddress ?? usual ?? portal.address
        return Portal(address: address, port: portal.port)
    }

    package enum Failure: Error, CustomStringConvertible {
        case nothing
        case notYet(ExportName)
        case noSecret(ExportName)
        case notOnLoopback(ExportName)
        case onLoopbackOnly(ExportName)

        package var description: String {
            switch self {
            case .nothing:
                "Nothing is exported, so there is nothing to log in to. Run 'davit export DEVICE…' first."
            case .notYet(let name):
                "No disk of '\(name)' is there yet. 'davit export status' says what it waits for."
            case .noSecret(let name):
                "The secrets of '\(name)' are not in \(Intent.directory). The same 'davit export' again makes new ones."
            case .notOnLoopback(let name):
                "'\(name)' does not listen on this host's loopback, and davit's SSH server forwards nowhere else. Run the "
                    + "same 'davit export' again with --listen 127.0.0.1."
            case .onLoopbackOnly(let name):
                "'\(name)' listens on this host's loopback only. Add --through-ssh HOST, as ssh reaches this host from "
                    + "there."
            }
        }
    }
}
