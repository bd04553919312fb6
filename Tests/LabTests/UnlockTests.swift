import LabKit
import Testing

/// `davit unlock` beside Debian's cryptroot, from the initrd's own shell: what can go wrong between the two.
@Suite(.serialized)
struct UnlockTests {
    /// Where the output goes: /run survives the change to the real root, the initrd's shell does not.
    private static let output = "/run/lab-unlock"
    private static let secret = "/run/lab-secret"
    private static let other = "/run/lab-other-secret"
    private static let root = "UUID=da710000-1ab0-4000-8000-000000000000"
    private static let data1 = "/dev/disk/by-uuid/da710000-1ab0-4000-8000-000000000001"
    private static let openRoot =
        "cryptsetup open --key-file \(secret) /dev/disk/by-uuid/\(root.dropFirst(5)) root"
    /// Everything outside of a program by which one data1 can be told from another, but for what counts up
    /// each time, and for the order of its links.
    private static let appearance = """
        look() {
            udevadm settle
            find /dev/mapper /dev/disk | sort | while read -r path; do echo "$path $(readlink "$path")"; done
            ls -lL /dev/mapper/data1 | sed 's/ [A-Z][a-z][a-z] .*//'
            dmsetup info -c --noheadings -o name,uuid,attr,open,segments,blkdevname data1
            dmsetup table data1
            udevadm info --query=all --name=/dev/mapper/data1 |
                grep -v -e USEC_INITIALIZED -e DISKSEQ -e ^Q: -e DEVLINKS | sort
            cat /sys/class/block/dm-0/ro /sys/class/block/dm-0/queue/discard_max_bytes
            dmsetup udevcookies
        }
        """

    /// Boots to the console's prompt, runs `script` there, waits until the machine is up.
    /// - Returns: what the script printed, davit's log, and the console.
    private func story(
        _ name: String, dataDisks: Int = 0, apart: Int = 0, parameters: [String] = [],
        _ script: String
    ) async throws -> (output: String, log: String, console: String) {
        var plan = GuestImage.Plan()
        plan.dataDisks = dataDisks
        plan.dataDisksApart = apart
        let image = try await GuestImage.prepared(plan)
        var options = Guest.Options()
        options.kernelParameters = parameters
        return try await Lab.with(name) { [options] lab in
            _ = try await lab.startDHCP()
            let guest = try await lab.boot(image, options)
            try await guest.shell.ready(.initrd, within: .seconds(240))
            try await guest.console.expect("unlock disk root", within: .seconds(240))
            let passphrase = GuestImage.passphrase
            let other = GuestImage.otherPassphrase
            // In one line for the agent, which reads commands line by line; in the background, for the boot goes on.
            _ = try await guest.shell.run(
                """
                cat >\(Self.secret) <<'SECRET'
                \(passphrase)
                SECRET
                truncate -s \(passphrase.utf8.count) \(Self.secret)
                cat >\(Self.other) <<'SECRET'
                \(other)
                SECRET
                truncate -s \(other.utf8.count) \(Self.other)
                ( { \(script); } >\(Self.output) 2>&1; rm \(Self.secret) \(Self.other) ) </dev/null >/dev/null 2>&1 &
                """)
            try await guest.console.expect("LAB: booted", within: .seconds(600))
            try await guest.shell.ready(.system, within: .seconds(180))
            let output = try await guest.shell.run("cat \(Self.output)").text
            let log = try await guest.shell.run("cat /run/davit/log").text
            print("\(name):\n\(output)\n\(log)")
            return (output, log, guest.console.text)
        }
    }

    @Test("davit is killed in the middle; the same command again opens everything.")
    func killed() async throws {
        let seen = try await story(
            "Killed while unlocking", dataDisks: 1,
            """
            davit unlock --key-file \(Self.secret) & victim=$!
             until davit log | grep -q 'deriving the key of data1'; do :; done
            kill -9 $victim; wait $victim
            davit status
            davit unlock --key-file \(Self.secret); echo code=$?
            """)
        #expect(seen.output.contains("root: open, and the boot goes on."))
        #expect(!seen.output.contains("trying since"), "nobody tries any more: \(seen.output)")
        #expect(seen.output.firstMatch(of: /data1: (locked|open) since/) != nil)
        // It may have been open a moment before the signal.
        #expect(seen.output.contains("data1: open"))
        #expect(seen.output.contains("code=0"))
        #expect(!seen.console.contains("bad password"), "no try of cryptroot's was wasted")
    }

    @Test(
        "Somebody opened the root by hand; davit frees cryptroot from its prompt, but not before a disk with another passphrase is open."
    )
    func openedByHand() async throws {
        let seen = try await story(
            "Opened by hand", dataDisks: 1, apart: 1,
            """
            \(Self.openRoot)
            davit unlock --key-file \(Self.secret); echo code=$?
            davit log | grep -c 'releasing the prompt'
            davit status
            davit unlock --key-file \(Self.other); echo code=$?
            """)
        let parts = seen.output.components(separatedBy: "code=")
        try #require(parts.count == 3, "\(seen.output)")
        #expect(parts[0].contains("root: open already."))
        #expect(parts[0].contains("data1: no key slot opens"))
        #expect(parts[0].contains("They go on when data1 is open, too"))
        #expect(parts[1].hasPrefix("1\n0\n"), "a prompt was ended too early: \(parts[1])")
        #expect(parts[1].contains("Boot      waits at a prompt for root, which is open already;"))
        #expect(parts[1].contains("data1: open."))
        #expect(parts[2].hasPrefix("0"))
        #expect(seen.log.contains("root is open; releasing the prompt"))
    }

    @Test(
        "The same where cryptroot would ask for ever: the mapping is closed and opened by cryptroot."
    )
    func openedByHandWithoutEnd() async throws {
        let seen = try await story(
            "Opened by hand, tries=0",
            parameters: ["cryptopts=target=root,source=\(Self.root),tries=0"],
            """
            \(Self.openRoot)
            davit boot; echo boot=$?
            davit unlock --key-file \(Self.secret); echo code=$?
            """)
        #expect(seen.output.contains("again however often their prompt is ended (tries=0)"))
        #expect(seen.output.contains("boot=1"))
        #expect(seen.output.contains("root: open, and the boot goes on."))
        #expect(seen.output.contains("code=0"))
        #expect(seen.log.contains("closing root, for cryptroot asks for it for ever"))
    }

    @Test(
        "A mapping without a table, as a killed process leaves it, is no obstacle; what is opened then looks as cryptsetup makes it; and davit boot ends the prompt for a disk that was opened by hand."
    )
    func halfMade() async throws {
        let seen = try await story(
            "Half-made mapping", dataDisks: 1,
            """
            \(Self.appearance)
            dmsetup create data1 --notable
            davit unlock --key-file \(Self.secret) data1; echo code=$?
            echo; look; echo LOOKED; cryptsetup close data1
            cryptsetup open --allow-discards --key-file \(Self.secret) \(Self.data1) data1
            look; echo LOOKED
            \(Self.openRoot)
            davit boot
            """)
        #expect(seen.output.contains("data1: open."))
        #expect(seen.output.contains("code=0\n"))
        #expect(seen.log.contains("removing the mapping data1, which has no table"))
        let parts = seen.output.components(separatedBy: "LOOKED\n")
        try #require(parts.count == 3, "\(seen.output)")
        let own = parts[0].components(separatedBy: "code=0\n\n").last
        #expect(own == parts[1])
        // Both looked at the thing itself: what udev made of it and of the file system inside.
        for word in [
            "/dev/mapper/data1 ../dm-0", "/dev/disk/by-id/dm-name-data1",
            "DM_UDEV_PRIMARY_SOURCE_FLAG=1",
            "ID_FS_TYPE=ext4", "allow_discards",
        ] { #expect(parts[1].contains(word), "\(word) is not in \(parts[1])") }
        #expect(parts[2].contains("The prompt for root, which is open, was ended."), "\(parts[2])")
    }
}
