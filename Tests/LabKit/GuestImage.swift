import Foundation

/// A Debian with an encrypted root, its real kernel and its real initrd, ready to boot.
package struct GuestImage: Sendable {
    /// What an image is made of.
    package struct Plan: Sendable, Hashable {
        package var suite = "bookworm"
        /// Whether scripts/install puts `dist/davit` on it.
        package var hasDavit = true
        /// Whether Debian's dropbear-initramfs is in the initrd; of bookworm.
        package var hasDropbear = false
        /// Which programs make the initrd; dracut is of trixie.
        package var initramfs = Initramfs.initramfsTools
        /// Encrypted disks beside the root, opened in the initrd.
        package var dataDisks = 0
        /// The last of them have `otherPassphrase`, all others the root's.
        package var dataDisksApart = 0
        /// Argon2id's memory: 32 MiB keeps a guess at about a second under emulation.
        package var derivationMemoryKiB = 32768
        package var derivationIterations = 4
        /// 512 or 4096 bytes.
        package var sectorSize = 4096
        package var rootMiB = 512
        /// The text of davit.conf; none when empty.
        package var settings = ""
        /// Packed images (.img.xz) that are on encrypted disks `bch0`, `bch1`, … in place of the root.
        package var members: [String] = []

        package init() {}
    }

    package enum Initramfs: String, Sendable {
        case initramfsTools = "initramfs-tools"
        case dracut
    }

    /// A disk as the guest sees it.
    package struct Disk: Sendable {
        /// The mapping's name in /etc/crypttab.
        package let name: String
        package let file: String
        package let passphrase: String
    }

    /// Opens the disks. Chosen so that a search finds it and nothing else.
    package static let passphrase = "Vier-Rettungsboote 4711 \"unter\" \\Deck"
    /// Opens the data disks that are apart.
    package static let otherPassphrase = "Ein-Schlauchboot 0815 'neben' dem Ruder"

    package let plan: Plan
    package let machine: Machine
    package let kernel: String
    package let initrd: String
    /// The root first.
    package let disks: [Disk]
    /// OpenSSH's private key, whose public half davit knows.
    package let privateKey: String
    /// The public host keys of davit or dropbear; empty without either.
    package let hostKeys: String
    /// Where the image is.
    private let directory: String

    /// Builds the image, or finds it in the cache.
    /// - Throws: `.missing` without tools or without `dist/davit`.
    package static func prepared(
        _ plan: Plan, progress: @Sendable (String) -> Void = { _ in }
    ) async throws -> GuestImage {
        let machine = try Machine.host()
        try Tools.require([
            "mmdebstrap", "cryptsetup", "mke2fs", "tar", "zstd", "ssh-keygen", "qemu-img",
            machine.emulator,
        ])
        let davit = "\(repository)/dist/davit"
        if plan.hasDavit, !FileManager.default.isExecutableFile(atPath: davit) {
            throw LabError.missing(what: davit, fix: "Run scripts/build-static.")
        }
        let builder = ImageBuilder(plan: plan, machine: machine, cache: try ImageCache())
        let directory = try await builder.directory(progress: progress)
        func text(_ name: String) throws -> String {
            String(decoding: try fileBytes("\(directory)/\(name)"), as: UTF8.self)
        }
        return GuestImage(
            plan: plan, machine: machine, kernel: "\(directory)/vmlinuz",
            initrd: "\(directory)/initrd",
            disks: zip(plan.diskNames, plan.passphrases).map {
                Disk(name: $0, file: "\(directory)/\($0).img", passphrase: $1)
            },
            privateKey: try text("client-key"),
            hostKeys: plan.hasDavit || plan.hasDropbear ? try text("host-keys.pub") : "",
            directory: directory)
    }
}

extension GuestImage {
    /// This image with its initrd as scripts/overlay makes it reachable; for an image without davit.
    package func overlaid(in enclosure: Enclosure) async throws -> GuestImage {
        let combined = "\(enclosure.scratch)/initrd-with-overlay"
        let publicKey = "\(enclosure.scratch)/overlay.pub"
        try await enclosure.run(["sh", "-c", "ssh-keygen -y -f \"$0\" >\"$1\"", keyFile, publicKey])
        let made = try await enclosure.run(
            [
                "\(repository)/scripts/overlay", "--initrd", initrd, "--authorized-keys",
                publicKey, "--modules", modules, "--config", "/nonexistent",
                "-o", "\(enclosure.scratch)/overlay.img", "--combined", combined,
            ], within: .seconds(240))
        guard let line = made.text.split(separator: "\n").first(where: { $0.contains("NAME ssh-") })
        else { throw LabError.unexpected("scripts/overlay printed no host key: \(made.text)") }
        let hostKey = line.drop { $0 == " " }.dropFirst("NAME ".count)
        return GuestImage(
            plan: plan, machine: machine, kernel: kernel, initrd: combined, disks: disks,
            privateKey: privateKey, hostKeys: "\(hostKey)\n", directory: directory)
    }

    private var keyFile: String { "\(directory)/client-key" }

    /// The kernel's modules, as its package has them.
    private var modules: String {
        let tree = "\(directory)/modules"
        let version = try? FileManager.default.contentsOfDirectory(atPath: tree).first
        return "\(tree)/\(version ?? "")"
    }
}

extension GuestImage.Plan {
    /// Names of the mappings, the root first.
    var diskNames: [String] {
        guard members.isEmpty else { return members.indices.map { "bch\($0)" } }
        return ["root"] + (0..<dataDisks).map { "data\($0 + 1)" }
    }

    /// What opens each disk, in the order of `diskNames`.
    var passphrases: [String] {
        diskNames.indices.map {
            dataDisksApart > 0 && $0 > dataDisks - dataDisksApart
                ? GuestImage.otherPassphrase : GuestImage.passphrase
        }
    }

    /// Fixed, so that images are the same each time they are built.
    func identifier(_ disk: Int) -> String { "da710000-1ab0-4000-8000-00000000000\(disk)" }

    var crypttab: String {
        diskNames.enumerated()
            .map { "\($1) UUID=\(identifier($0)) none luks,discard,initramfs\n" }.joined()
    }

    var fstab: String {
        guard members.isEmpty else { return "/dev/mapper/bch0 / bcachefs defaults 0 0\n" }
        return "/dev/mapper/root / ext4 errors=remount-ro 0 1\n"
            + diskNames.dropFirst().map { "/dev/mapper/\($0) /srv/\($0) ext4 nofail 0 2\n" }
            .joined()
    }
}
