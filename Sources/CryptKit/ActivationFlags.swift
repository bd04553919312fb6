import CCryptsetup

/// How a mapping is to be made; the names are crypttab's.
package struct ActivationFlags: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readOnly = Self(rawValue: davit_CRYPT_ACTIVATE_READONLY)
    package static let discard = Self(rawValue: davit_CRYPT_ACTIVATE_ALLOW_DISCARDS)
    package static let sameCPUCrypt = Self(rawValue: davit_CRYPT_ACTIVATE_SAME_CPU_CRYPT)
    package static let submitFromCryptCPUs = Self(
        rawValue: davit_CRYPT_ACTIVATE_SUBMIT_FROM_CRYPT_CPUS)
    /// Oldest kernel: 5.9.
    package static let noReadWorkqueue = Self(rawValue: davit_CRYPT_ACTIVATE_NO_READ_WORKQUEUE)
    /// Oldest kernel: 5.9.
    package static let noWriteWorkqueue = Self(rawValue: davit_CRYPT_ACTIVATE_NO_WRITE_WORKQUEUE)
}
