/// What a disk is known by, wherever it is plugged in, and the names on the newer host that follow from it.
package struct DiskIdentity: Equatable, Sendable {
    /// Such as `dm CRYPT-LUKS2-…`, `wwid naa.5000…`, `superblock 1b2c…`.
    package let text: String
    /// Whether it is the same after the next boot; a kernel's device name is not.
    package let isLasting: Bool

    package init(_ text: String, isLasting: Bool = true) {
        self.text = text
        self.isLasting = isLasting
    }

    /// 32 hexadecimal digits that follow from the identity.
    ///
    /// The target builds its NAA name from the first 25 hexadecimal digits of the serial number and skips all other
    /// characters, so that `disk-x` and `disk-y` would be one disk to the initiator: hence a hash.
    /// Source: drivers/target/target_core_spc.c, spc_gen_naa_6h_vendor_specific.
    package var serial: String {
        // FNV-1a, 128 bits: the input is nobody's attack, it only has to spread.
        var hash: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
        for byte in text.utf8 {
            hash ^= UInt128(byte)
            hash &*= 0x0000_0000_0100_0000_0000_0000_0000_013b
        }
        // Names that differ in their last character only shall differ everywhere.
        for _ in 0..<2 {
            hash ^= hash >> 65
            hash &*= 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835
        }
        hash ^= hash >> 65
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }
}

/// The unit serial number of a LUN and the names that initiators derive from it.
package struct UnitSerial: Hashable, Sendable {
    package let digits: String

    package init(_ digits: String) { self.digits = digits }

    /// NAA type 6 of the Linux target: `6001405` and 25 digits.
    package var naa: String { "6001405" + digits.prefix(25) }
    /// What udev names the disk on the newer host.
    package var byID: String { "/dev/disk/by-id/wwn-0x" + naa }
}
