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
        let disks = intent.disks.compactMap { disk in
            disk.serial.map {
                ClientScript.Disk(
                    lun: disk.lun, serial: $0, device: disk.device, content: disk.content)
            }
        }
        guard let portal = intent.portals.first, !disks.isEmpty else {
            throw Failure.notYet(chosen)
        }
        let secret = try CHAPSecret()
        return ClientScript(
            name: chosen, target: intent.target, portal: reachable(portal), disks: disks,
            isReadOnly: intent.isReadOnly,
            secret: intent.authenticates ? secret.revealed() : nil, throughSSH: throughSSH
        ).text
    }

    /// Of a portal on every address, the address that the other host is told.
    private static func reachable(_ portal: Portal) -> Portal {
        guard portal.isEverywhere else { return portal }
        let words = (Environment["SSH_CONNECTION"] ?? "").split(separator: " ").map(String.init)
        let usual = HostAddresses.all.first { $0.utf8.contains(UInt8(ascii: ":")) == portal.isIPv6 }
        let address = words.count == 4 ? words[2] : usual ?? portal.address
        return Portal(address: address, port: portal.port)
    }

    package enum Failure: Error, CustomStringConvertible {
        case nothing
        case notYet(ExportName)

        package var description: String {
            switch self {
            case .nothing:
                "Nothing is exported, so there is nothing to log in to. Run 'davit export DEVICE…' first."
            case .notYet(let name):
                "No disk of '\(name)' is there yet. 'davit export status' says what it waits for."
            }
        }
    }
}
