import Foundation

/// Makes a guest image in two cached layers: Debian's packages, and what davit adds to them.
struct ImageBuilder: Sendable {
    let plan: GuestImage.Plan
    let machine: Machine
    let cache: ImageCache

    private static let recipes = "\(repository)/Tests/LabImage"
    private static let dataMiB = 32
    /// What of the repository scripts/install reads.
    private static let installed = [
        "dist/davit", "completions", "initramfs-hooks", "man", "scripts/install", "scripts/lib",
    ]

    func directory(progress: @Sendable (String) -> Void) async throws -> String {
        let base = try await base(progress: progress)
        var key = CacheKey()
        key.add(base)
        key.add("\(plan)")
        for passphrase in plan.passphrases { key.add(passphrase) }
        try key.add(path: Self.recipes)
        for member in plan.members { try key.add(path: member) }
        if plan.hasDavit {
            for path in Self.installed { try key.add(path: "\(repository)/\(path)") }
        }
        let path = try await cache.entry("image-\(key.digest)") { enclosure in
            progress("Building the guest: root file system, initrd, encrypted disks (about 20 s).")
            return try await build(base: base, enclosure: enclosure)
        }
        try await cache.prune("image-", keep: 10)
        return path
    }

    func base(progress: @Sendable (String) -> Void) async throws -> String {
        var key = CacheKey()
        key.add(plan.suite)
        key.add(machine.debian)
        try key.add(path: "\(Self.recipes)/make-root")
        let name = "debian-\(plan.suite)-\(machine.debian)-\(key.digest).tar.zst"
        return try await cache.entry(name) { enclosure in
            progress("Fetching Debian \(plan.suite) (about a minute, once).")
            let output = "\(enclosure.scratch)/root.tar.zst"
            var environment = ProcessInfo.processInfo.environment
            environment["TMPDIR"] = enclosure.scratch
            try await enclosure.run(
                ["\(Self.recipes)/make-root", plan.suite, machine.debian, output],
                environment: environment, within: .seconds(900))
            return output
        }
    }

    private func build(base: String, enclosure: Enclosure) async throws -> String {
        let output = "\(enclosure.scratch)/image"
        try FileManager.default.createDirectory(
            atPath: output, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        let clientKey = "\(output)/client-key"
        try await enclosure.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", clientKey])

        var environment = ProcessInfo.processInfo.environment
        environment["LAB_CRYPTTAB"] = plan.crypttab
        environment["LAB_FSTAB"] = plan.fstab
        // What Debian's installer sets, and so what people have.
        environment["LAB_MODULES"] = "most"
        environment["LAB_COMPRESS"] = "zstd"
        environment["LAB_ROOT_MIB"] = "\(plan.rootMiB)"
        environment["LAB_AUTHORIZED_KEYS"] = "\(clientKey).pub"
        environment["LAB_INITRAMFS"] = plan.initramfs.rawValue
        environment["LAB_DROPBEAR"] = plan.hasDropbear ? "yes" : "no"
        environment["LAB_DAVIT"] = plan.hasDavit ? repository : ""
        environment["LAB_SETTINGS"] = plan.settings
        let work = "\(enclosure.scratch)/work"
        try FileManager.default.createDirectory(
            atPath: work, withIntermediateDirectories: true)
        try await enclosure.run(
            [
                "sh", "-c", "cd \"$0\" && exec \"$@\"", work,
                "\(Self.recipes)/make-image", base, output,
            ],
            environment: environment, within: .seconds(300))

        for (index, name) in plan.diskNames.enumerated() {
            let isRoot = index == 0 && plan.members.isEmpty
            let plain = isRoot ? "\(output)/root.ext4" : "\(enclosure.scratch)/\(name).plain"
            if index < plan.members.count {
                try await enclosure.run([
                    "sh", "-c", "xz -dc \"$0\" >\"$1\"", plan.members[index], plain,
                ])
            } else if !isRoot {
                try await enclosure.run([
                    "mke2fs", "-q", "-t", "ext4", "-b", "4096", "-L", name, plain,
                    "\(Self.dataMiB)M",
                ])
            }
            let luks = LUKSImage(
                identifier: plan.identifier(index),
                derivation: LUKSImage.Derivation(
                    memoryKiB: plan.derivationMemoryKiB, iterations: plan.derivationIterations),
                sectorSize: plan.sectorSize)
            try await luks.encrypt(
                plain, to: "\(output)/\(name).img", passphrase: plan.passphrases[index],
                enclosure: enclosure)
            try FileManager.default.removeItem(atPath: plain)
        }
        // No disk of such a machine holds the system whose initrd it boots.
        if !plan.members.isEmpty {
            try FileManager.default.removeItem(atPath: "\(output)/root.ext4")
        }
        return output
    }
}
