/// Why an export is not made or changed; nothing has been changed when one is thrown.
package enum Refusal: Error, Equatable, CustomStringConvertible {
    case badName(String)
    case noIQN(String)
    case badPortal(String)
    case noDevice(String)
    case noBlockDevice(String)
    case noFileSystem(String)
    case givenTwice(String, and: String)
    case tooManyDisks(Int)
    case inUse(String, DeviceUse)
    case addressNotHere(Portal, has: [String])
    case noAddress(has: [String])
    case portInUse(Portal)
    case everywhereBeside(Portal, Portal)
    case holdsOther(ExportName, String)
    case modulesMissing([String], kernel: String)
    case noConfigFS(reason: String)
    case foreignTarget(String)
    case neverExisted(ExportName)
    case severalExports([ExportName])

    package var description: String {
        switch self {
        case .badName(let name):
            "'\(name)' cannot name an export. Give 1 to 32 of the characters a-z, 0-9 and -."
        case .noIQN(let text):
            "'\(text)' is no iSCSI name. One looks like iqn.1993-08.org.debian:01:abcdef; on the newer host it is in "
                + "/etc/iscsi/initiatorname.iscsi."
        case .badPortal(let text):
            "'\(text)' is no address to listen on. Give 192.0.2.5, 192.0.2.5:3260 or [2001:db8::5]:3260."
        case .noDevice(let path):
            "\(path) does not exist. 'ls -l /dev/disk/by-id' lists what does; with --wait the disks that are there "
                + "are exported and the others when they appear."
        case .noBlockDevice(let path):
            "\(path) is no block device. Give disks, partitions or mappings such as /dev/sda or /dev/mapper/NAME."
        case .noFileSystem(let uuid):
            "No disk of this host carries the UUID \(uuid). 'davit unlock --list' says whether some are locked; 'blkid' "
                + "lists those that can be read."
        case .givenTwice(let one, let other):
            "\(other) and \(one) are the same disk. Give it once."
        case .tooManyDisks(let count):
            "\(count) disks are more than one target can hold (255). Export them under several names."
        case .inUse(let path, let use):
            "\(path) \(use.description)"
        case .addressNotHere(let portal, let has):
            "This host does not have the address \(portal.address), and the kernel would listen there in vain. "
                + Self.addresses(has)
        case .noAddress(let has):
            "It is not clear on which address to listen. \(Self.addresses(has)) Name one with --listen."
        case .portInUse(let portal):
            "Another program listens on \(portal). End it, or give another port: --listen \(portal.address):3261 "
                + "or the like."
        case .everywhereBeside(let portal, let other):
            "\(portal) takes the port on every address, and \(other) has it already. Use another port or one of the "
                + "addresses."
        case .holdsOther(let name, let what):
            "The export '\(name)' is there already, and different: \(what). Run 'davit export stop \(name)' first, or "
                + "give another --name."
        case .modulesMissing(let names, let kernel):
            "The kernel \(kernel) has no iSCSI target: the modules \(names.joined(separator: ", ")) are not in "
                + "/lib/modules/\(kernel). Upload them from this host's own kernel package with scp, then run 'davit "
                + "modules load DIRECTORY'."
        case .noConfigFS(let reason):
            "configfs cannot be mounted on /sys/kernel/config: \(reason)."
        case .foreignTarget(let what):
            "\(what) was made by somebody else and stands in the way. It is left alone; remove it with what made it "
                + "('targetcli clearconfig', or rmdir in /sys/kernel/config/target)."
        case .neverExisted(let name):
            "The export '\(name)' never existed. 'davit export status' lists those that do."
        case .severalExports(let names):
            "There are several exports: \(names.map(\.description).joined(separator: ", ")). Name one."
        }
    }

    private static func addresses(_ has: [String]) -> String {
        has.isEmpty
            ? "It has no address yet; 'davit status' says what the network waits for."
            : "Its addresses: \(has.joined(separator: ", "))."
    }
}
