import Glibc

/// The kernel's answer when what is to be removed is not there.
enum Missing {
    static let code = ENOENT
}
