/// A device that is to be opened, wherever that wish is written.
package struct UnlockTarget: Equatable, Sendable {
    /// Who wants it.
    package enum Origin: String, Sendable {
        /// The initramfs's own /cryptroot/crypttab: Debian's cryptroot asks for it, too.
        case cryptroot
        /// The kernel's command line: `rd.luks.*` or `cryptdevice=`.
        case kernelLine = "kernel-line"
        /// The system's /etc/crypttab.
        case crypttab
        /// Nobody: libblkid found its header.
        case superblock
        /// The command line of davit, by a name that nothing has yet.
        case named
    }

    package var entry: CryptTab.Entry
    package var origin: Origin

    package init(_ entry: CryptTab.Entry, _ origin: Origin) {
        self.entry = entry
        self.origin = origin
    }

    package var name: String { entry.name }

    /// The part of a secret that is the key, by `keyfile-offset=` and `keyfile-size=`.
    ///
    /// They are said of key files. Debian's cryptroot gives cryptsetup what is typed as a key file, too.
    /// Source: crypttab(5); systemd src/cryptsetup/cryptsetup.c, attach_luks_or_plain_or_bitlk_by_passphrase; cryptsetup
    /// debian/functions, unlock_mapping.
    package func keyPart(isKeyFile: Bool) -> (offset: Int, size: Int?) {
        guard isKeyFile || origin == .cryptroot, entry.options.format != .tcrypt else {
            return (0, nil)
        }
        return (entry.options.keyfileOffset, entry.options.keyfileSize)
    }

    /// Why no passphrase is asked for, or `nil` when one is.
    /// - Parameter keyExists: whether there is a file at a path, within the initramfs.
    package func leftAlone(keyExists: (String) -> Bool) -> String? {
        switch entry.options.format {
        case .luks, .bitlk, .tcrypt: break
        case .other("plain"):
            return
                "It is of the type 'plain': it has no header that tells a wrong passphrase from the right one, "
                + "and opening it with a wrong one shows garbage. It is left to the system's own scripts."
        case .other(let type):
            return "It is of the type '\(type)', which davit leaves to the system's own scripts."
        }
        if let header = entry.options.header, let colon = Self.deviceColon(in: header),
            !keyExists(header)
        {
            return
                "Its header is the file \(header[..<colon]) on \(header[colon...].dropFirst()), which systemd fetches itself."
        }
        if let script = entry.options.keyscript {
            let name = script.split(separator: "/").last ?? ""
            // These two ask for a LUKS passphrase; the others for something that only they understand.
            guard name == "askpass" || name == "decrypt_keyctl" else {
                return "Its key comes from the script \(script), which the system runs itself."
            }
            return nil
        }
        guard entry.key != "none", entry.key != "-", !entry.key.isEmpty else { return nil }
        guard keyExists(entry.key) else { return nil }
        return "Its key is the file \(entry.key), which the system uses itself."
    }

    /// Where a device begins behind the path of a file on it, as systemd writes `header=/file:UUID=…`.
    /// Source: systemd src/cryptsetup/cryptsetup-generator.c, split_locationspec.
    private static func deviceColon(in header: String) -> String.Index? {
        guard let colon = header.lastIndex(of: ":") else { return nil }
        let device = header[colon...].dropFirst()
        let isDevice = ["/dev/", "UUID=", "LABEL=", "PARTUUID=", "PARTLABEL="].contains {
            device.hasPrefix($0)
        }
        return isDevice ? colon : nil
    }
}
