/// The script for the newer host: POSIX sh over open-iscsi. It holds the secrets, in a here-document, so that neither
/// process list nor command line of the newer host shows them.
package struct ClientScript: Sendable {
    package struct Disk: Sendable {
        package let lun: Int
        package let serial: UnitSerial
        /// As it was named on the exporting host.
        package let device: String
        /// libblkid's type of what is on it, such as `bcachefs`, or empty.
        package let content: String
        /// The UUID of the file system over several disks that it is a member of, and which member it is.
        package let fileSystem: String?
        package let member: Int

        package init(
            lun: Int, serial: UnitSerial, device: String, content: String,
            fileSystem: String? = nil, member: Int = 0
        ) {
            self.lun = lun
            self.serial = serial
            self.device = device
            self.content = content
            self.fileSystem = fileSystem
            self.member = member
        }
    }

    package let name: ExportName
    package let target: IQN
    /// In the order in which they are tried; one of them is used. With `throughSSH` the one on the exporting host's loopback.
    package let portals: [Portal]
    /// Those that can be reached.
    package let disks: [Disk]
    /// Those that cannot be, as they were named on the exporting host.
    package let absent: [String]
    package let isReadOnly: Bool
    /// `nil` when none is asked for.
    package let secret: String?
    /// What the target is asked for in turn; `nil` when it has none.
    package let targetSecret: String?
    /// The host to forward a port through with `ssh -L`, in place of a connection to the portal.
    package let throughSSH: String?

    package init(
        name: ExportName, target: IQN, portals: [Portal], disks: [Disk], absent: [String] = [],
        isReadOnly: Bool, secret: String?, targetSecret: String? = nil, throughSSH: String?
    ) {
        self.name = name
        self.target = target
        self.portals = portals
        self.disks = disks
        self.absent = absent
        self.isReadOnly = isReadOnly
        self.secret = secret
        self.targetSecret = targetSecret
        self.throughSSH = throughSSH
    }

    package var text: String {
        // In a function that the last line calls: half a script, after a connection that broke, does nothing.
        ([head, "main() {", functions, tunnel, stop, login, wait, show] + ["}", "main \"$@\"", ""])
            .joined(separator: "\n")
    }

    /// Where the newer host connects to.
    private var reached: [Portal] {
        throughSSH == nil
            ? portals : portals.map { Portal(address: "127.0.0.1", port: $0.port) }
    }

    private var head: String {
        """
        #!/bin/sh
        # Attaches the disks that 'davit export' offers as '\(name)'. Needs root and open-iscsi.
        #   sh SCRIPT          logs in, waits for the disks, prints them in order
        #   sh SCRIPT --stop   logs out
        \(secret == nil ? "" : "# This file holds the secrets of the export: keep it to yourself, and remove it afterwards.\n")\
        set -eu
        umask 077
        target='\(target)'
        portals='\(reached.map(\.description).joined(separator: " "))'
        naas='\(disks.map(\.serial.naa).joined(separator: " "))'
        """
    }

    private var functions: String {
        """

        fail() {
            echo "$0: $*" >&2
            exit 1
        }
        [ "$(id -u)" = 0 ] || fail "this needs root: sudo sh $0"
        command -v iscsiadm >/dev/null || fail "there is no iscsiadm. Install the package open-iscsi" \\
            "(iscsi-initiator-utils on Fedora), then run this again."

        is_logged_in() { iscsiadm -m session 2>/dev/null | grep -qF " $target "; }

        # The whole disk that has the NAA name $1: sysfs knows it without udev.
        disk_of() {
            for wwid in /sys/block/*/device/wwid; do
                [ -r "$wwid" ] || continue
                if [ "$(cat "$wwid" 2>/dev/null)" = "naa.$1" ]; then
                    wwid=${wwid%/device/wwid}
                    echo "/dev/${wwid##*/}"
                    return 0
                fi
            done
            return 1
        }

        # The lasting name of the disk $1 with the NAA name $2, where udev made one.
        name_of() {
            if [ -e "/dev/disk/by-id/wwn-0x$2" ]; then echo "/dev/disk/by-id/wwn-0x$2"; else echo "$1"; fi
        }
        """
    }

    private var tunnel: String {
        guard let throughSSH, let portal = portals.first else { return "" }
        let inner = portal.isIPv6 ? "[\(portal.address)]" : portal.address
        return """

            # The connection goes through ssh: '\(throughSSH)' is where davit's SSH server is reached.
            control=/run/davit-\(name).ssh
            tunnel() { ssh -S "$control" "$@" \(Self.quoted(throughSSH)); }
            open_tunnel() {
                tunnel -O check 2>/dev/null && return 0
                tunnel -M -f -N -o ExitOnForwardFailure=yes -o ServerAliveInterval=15 \\
                    -L 127.0.0.1:\(portal.port):\(inner):\(portal.port) ||
                    fail "ssh cannot forward the port. The answer is above."
            }
            close_tunnel() { tunnel -O exit 2>/dev/null || :; }
            """
    }

    private var stop: String {
        """

        if [ "${1-}" = --stop ]; then
            sync
            if is_logged_in; then
                iscsiadm -m node -T "$target" -u || fail "cannot log out. Unmount what is on the disks first."
                echo "Logged out of $target."
            else
                echo "Not logged in to $target."
            fi
            iscsiadm -m node -T "$target" -o delete >/dev/null 2>&1 || :
        \(throughSSH == nil ? "" : "    close_tunnel\n")\
            exit 0
        fi
        [ $# -eq 0 ] || fail "usage: sh $0 [--stop]"
        """
    }

    private var login: String {
        """

        if is_logged_in; then
            echo "Already logged in."
        else
            # Without iscsid iscsiadm starts it where iscsid.conf says how.
            [ -d /run/lock/iscsi ] || mkdir -p /run/lock/iscsi
            modprobe iscsi_tcp 2>/dev/null || :
        \(throughSSH == nil ? "" : "    open_tunnel\n")\
            forget() { iscsiadm -m node -T "$target" -o delete >/dev/null 2>&1 || :; }
            set_value() { iscsiadm -m node -T "$target" -p "$portal" -o update -n "$1" -v "$2"; }
            forget
            used= refused=
            for portal in $portals; do
                # A record of the node without discovery: the target's name and address are known.
                iscsiadm -m node -T "$target" -p "$portal" -o new >/dev/null
                set_value node.startup manual
        \(haste)\
        \(credentials)\
                status=0
                iscsiadm -m node -T "$target" -p "$portal" -l >/dev/null || status=$?
                if [ $status = 0 ]; then
                    used=$portal
                    break
                fi
                # What open-iscsi calls fatal: 24 where this host's secret is wrong, 19 where the other one's is.
                case $status in 19 | 24) refused="$refused $portal" ;; esac
                forget
            done
            [ -n "$used$refused" ] ||
                fail "cannot log in to $target at $portals. On the exporting host: davit export status."
            [ -n "$used" ] ||
                fail "the login to $target at$refused was broken off, as it is when one of the two hosts does not know" \\
                    "the other's secret. The export was made anew since this script was printed, or another host stands" \\
                    "in for it. Print the script again, over SSH: davit export client \(name)."
        fi
        """
    }

    /// By itself iscsiadm tries a portal that does not answer for two minutes.
    private var haste: String {
        portals.count < 2
            ? "" : "        set_value node.session.initial_login_retry_max 1\n"
    }

    /// Written into the record's file, for iscsiadm would take the secrets from its command line only.
    private var credentials: String {
        guard let secret else { return "" }
        return """
                    record=
                    for directory in /etc/iscsi/nodes /var/lib/iscsi/nodes /var/lib/open-iscsi/nodes; do
                        for file in "$directory/$target/"*; do
                            if [ -f "$file" ]; then record=$file; elif [ -f "$file/default" ]; then record=$file/default; fi
                        done
                    done
                    [ -n "$record" ] || fail "cannot find the record that iscsiadm has just made for $target."
                    sed -e '/^node\\.session\\.auth\\./d' -e '/^# END RECORD/d' "$record" >"$record.davit"
                    cat >>"$record.davit" <<'DAVIT'
            node.session.auth.authmethod = CHAP
            node.session.auth.username = \(Secret.initiator.name)
            node.session.auth.password = \(secret)
            \(proof)# END RECORD
            DAVIT
                    cat "$record.davit" >"$record"
                    rm "$record.davit"

            """
    }

    /// With it open-iscsi logs in to nobody who does not know that secret.
    private var proof: String {
        targetSecret.map {
            "node.session.auth.username_in = \(Secret.target.name)\nnode.session.auth.password_in = \($0)\n"
        } ?? ""
    }

    private var wait: String {
        """

        # A disk that the exporting host gets later is seen after a rescan. One that does not come holds up no other.
        tries=0
        for naa in $naas; do
            until disk_of "$naa" >/dev/null || [ "$tries" -ge 60 ]; do
                tries=$((tries + 1))
                if [ $((tries % 6)) = 0 ]; then iscsiadm -m node -T "$target" -R >/dev/null 2>&1 || :; fi
                sleep 0.5
            done
        done
        if command -v udevadm >/dev/null; then udevadm settle --timeout=10 || :; fi
        """
    }

    private var show: String {
        let head = """

            missing=
            # Prints the LUN $1 with the NAA name $2, and leaves its name in $disk.
            show() {
                if disk=$(disk_of "$2"); then
                    disk=$(name_of "$disk" "$2")
                    echo "LUN $1  $disk  $3"
                else
                    missing="$missing $1"
                    echo "LUN $1  has not appeared  $3"
                fi
            }

            """
        let lines = disks.map { disk in
            "show \(disk.lun) \(disk.serial.naa) "
                + Self.quoted(disk.device + Self.described(disk.content))
                + "; \(Self.variable(disk))=$disk\n"
        }
        let others = absent.map { device in
            "echo "
                + Self.quoted(
                    "\(device) is not exported. On the exporting host: davit export status")
                + "\n"
        }
        return head + lines.joined() + others.joined() + advice
            + "[ -z \"$missing\" ] || fail \"not all disks have appeared within 30 s: LUN$missing. 'dmesg' says more.\"\n"
    }

    /// The shell's variable that holds the name of a disk on the newer host; empty when it has not appeared.
    private static func variable(_ disk: Disk) -> String { "disk\(disk.lun)" }

    // MARK: What to do with what is on the disks

    /// A line for each file system, with its members in their own order; a file system of which a disk has not appeared
    /// is left out.
    private var advice: String {
        var contents: [String] = []
        for disk in disks where !contents.contains(disk.content) { contents.append(disk.content) }
        return contents.map { content in
            let groups = groups(content)
            var text = "echo \"\(Self.introduction(content))\"\n"
            for (index, group) in groups.enumerated() {
                let all = group.map { "[ -n \"$\(Self.variable($0))\" ]" }
                    .joined(separator: " && ")
                let number = groups.count > 1 ? "\(index + 1)" : ""
                text +=
                    "if \(all); then echo \"  \(command(content, group, number))\"; fi\n"
            }
            return text
        }.joined()
            + "if command -v davit >/dev/null; then echo \"Or look first, which writes nothing:\"; echo \"  davit repair\"; fi\n"
    }

    /// The disks with that content, those together that are one file system.
    private func groups(_ content: String) -> [[Disk]] {
        var groups: [[Disk]] = []
        for disk in disks where disk.content == content {
            // One command activates all volume groups.
            let index = groups.firstIndex { group in
                content == "LVM2_member"
                    || disk.fileSystem != nil && disk.fileSystem == group.first?.fileSystem
            }
            if let index {
                groups[index].append(disk)
            } else {
                groups.append([disk])
            }
        }
        return groups.map { group in
            group.sorted { ($0.member, $0.lun) < ($1.member, $1.lun) }
        }
    }

    private func command(_ content: String, _ group: [Disk], _ number: String) -> String {
        let names = group.map { "$\(Self.variable($0))" }
        let first = names.first ?? ""
        let all = names.joined(separator: " ")
        return switch content {
        case "bcachefs":
            "bcachefs fsck \(isReadOnly ? "-n " : "")\(names.joined(separator: ":"))"
        case "btrfs": "btrfs check --readonly \(first)"
        case "ext2", "ext3", "ext4": "e2fsck -f \(isReadOnly ? "-n " : "")\(first)"
        case "xfs": "xfs_repair \(isReadOnly ? "-n " : "")\(first)"
        case "f2fs": "fsck.f2fs \(isReadOnly ? "--dry-run " : "")\(first)"
        case "jfs": "fsck.jfs \(isReadOnly ? "-n " : "")\(first)"
        case "crypto_LUKS": "cryptsetup open \(first) NAME\(number)"
        case "linux_raid_member": "mdadm --assemble --readonly /dev/md/davit\(number) \(all)"
        case "LVM2_member": "vgchange -ay"
        default: "blkid \(all)"
        }
    }

    private static func introduction(_ content: String) -> String {
        switch content {
        case "": "Nothing is recognised on these; look again with:"
        case "crypto_LUKS", "linux_raid_member", "LVM2_member":
            "To get at what is on them (\(content)):"
        default: "To check the file system (\(content)):"
        }
    }

    private static func described(_ content: String) -> String {
        content.isEmpty ? "" : " (\(content))"
    }

    /// In single quotes, as a shell takes it for one word.
    private static func quoted(_ text: String) -> String {
        "'"
            + text.split(separator: "'", omittingEmptySubsequences: false).joined(
                separator: "'\\''") + "'"
    }
}
