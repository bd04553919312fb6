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
    case badSize(String)
    case overlayModulesMissing([String], kernel: String)
    /// Somebody else's file, or the overlay of other disks.
    case otherOverlay(String, String)
    case noRoom(needed: UInt64, free: UInt64, place: String)
    case holdsWrites(ExportName, UInt64)
    case noOverlay(ExportName)
    case loggedIn(ExportName, [String])
    case overlayLost(ExportName, String)
    case isCommitting(ExportName)
    case mergeFailed(ExportName, String)
    case changedMeanwhile(ExportName)
    case overlayUnseen(ExportName, String)
    /// A disk that only its place has a name from.
    case notLasting(String)
    case kernelHangs(String, who: String)

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
        case .badSize(let text):
            "'\(text)' is no size for an overlay. Give how much may be written to each disk, such as 512M or 4G; at "
                + "least 1M."
        case .overlayModulesMissing(let names, let kernel):
            "The kernel \(kernel) cannot make overlays: the modules \(names.joined(separator: ", ")) are not in "
                + "/lib/modules/\(kernel). Upload them from this host's own kernel package with scp, then run 'davit "
                + "modules load DIRECTORY'; or export with --read-only."
        case .otherOverlay(let path, let why):
            "\(path) is not the overlay of this export: \(why). Name another file, or give the same disks and size as "
                + "when it was made."
        case .noRoom(let needed, let free, let place):
            "The overlay needs \(sizeInWords(needed)), and \(sizeInWords(free)) can be had in \(place). Give a smaller "
                + "--overlay, or keep the writes in a file on a disk of its own: --overlay-in FILE."
        case .holdsWrites(let name, let bytes):
            "The overlay of '\(name)' holds \(sizeInWords(bytes)) that the other host wrote and that are on no disk. "
                + "'davit export commit \(name)' writes them to the disks; 'davit export stop \(name) --discard' throws "
                + "them away."
        case .noOverlay(let name):
            "'\(name)' has no overlay: what the other host writes is on the disks at once. There is nothing to commit."
        case .loggedIn(let name, let who):
            "\(who.joined(separator: ", ")) is still logged in to '\(name)'. Unmount and log out there first: 'sh "
                + "davit-\(name).sh --stop'."
        case .overlayLost(let name, let what):
            "The overlay of '\(name)' is not whole: \(what). It cannot be committed; the disks are as they were. 'davit "
                + "export stop \(name) --discard' throws it away; then export again with a larger --overlay."
        case .isCommitting(let name):
            "The overlay of '\(name)' is being written to the disks. Run 'davit export commit \(name)' again until it is "
                + "done; stopped half way the disks would hold a mixture. Where it cannot be done, 'davit export stop \(name) "
                + "--discard' gives it up."
        case .mergeFailed(let name, let what):
            "The overlay of '\(name)' is written to the disks in part: \(what). Run 'davit export commit \(name)' again, "
                + "which goes on; 'davit export stop \(name) --discard' gives it up, and the disks hold a mixture."
        case .changedMeanwhile(let name):
            "What the overlay of '\(name)' holds is not what was shown any more. Nothing was written. Run 'davit export "
                + "commit \(name)' again, which shows it anew."
        case .overlayUnseen(let name, let why):
            "Whether the overlay of '\(name)' holds something that is on no disk cannot be seen: \(why) Try again later; "
                + "'davit export stop \(name) --discard' throws it away, whatever it is."
        case .notLasting(let path):
            "\(path) has no WWID, no serial number and no superblock to be known by after the next boot, and the writes "
                + "that a file keeps for it could come over another disk. Keep them in memory: leave out --overlay-in."
        case .kernelHangs(let path, let who):
            "\(path) in /sys/kernel/config/target cannot be looked at, for the kernel does not come back: \(who). Nothing "
                + "was changed. Try again later; what stays so goes with a reboot only."
        }
    }

    private static func addresses(_ has: [String]) -> String {
        has.isEmpty
            ? "It has no address yet; 'davit status' says what the network waits for."
            : "Its addresses: \(has.joined(separator: ", "))."
    }
}
