import CLinux
import Glibc

/// A seccomp filter, assembled from a list of system calls. Source: Documentation/userspace-api/seccomp_filter.rst.
///
/// A call that is not on the list fails with EPERM: a C library that one day makes another one costs an error, not the
/// machine's network. A call in the convention of another architecture, which nobody makes by accident, ends the process.
package struct FilterProgram: Sendable {
    package private(set) var instructions: [sock_filter] = []

    private static let load = UInt16(BPF_LD | BPF_W | BPF_ABS)
    private static let equal = UInt16(BPF_JMP | BPF_JEQ | BPF_K)
    private static let anyBit = UInt16(BPF_JMP | BPF_JSET | BPF_K)
    private static let mask = UInt16(BPF_ALU | BPF_AND | BPF_K)
    private static let end = UInt16(BPF_RET | BPF_K)
    private static let allow = UInt32(SECCOMP_RET_ALLOW)
    private static let refuse = UInt32(SECCOMP_RET_ERRNO) | UInt32(EPERM)

    /// - Parameter architecture: AUDIT_ARCH_… of the machine.
    package init(architecture: UInt32) {
        append(Self.load, davit_seccomp_architecture)
        append(Self.equal, architecture, 1, 0)
        append(Self.end, UInt32(SECCOMP_RET_KILL_PROCESS))
        append(Self.load, davit_seccomp_number)
    }

    /// Allows a system call with any arguments.
    package mutating func allow(_ call: Int32) {
        append(Self.equal, UInt32(bitPattern: call), 0, 1)
        append(Self.end, Self.allow)
    }

    /// Allows a system call unless an argument has one of these bits.
    package mutating func allow(_ call: Int32, unlessArgument number: Int32, has bits: Int32) {
        append(Self.equal, UInt32(bitPattern: call), 0, 4)
        append(Self.load, davit_seccomp_argument(number))
        append(Self.anyBit, UInt32(bitPattern: bits), 0, 1)
        append(Self.end, Self.refuse)
        append(Self.end, Self.allow)
    }

    /// Allows socket(2) for these families, but no streams: this process speaks no TCP.
    package mutating func allowSockets(_ families: [Int32]) {
        let count = UInt8(clamping: families.count)
        append(Self.equal, UInt32(SYS_socket), 0, count + 6)
        append(Self.load, davit_seccomp_argument(1))
        append(Self.mask, 0xF)
        append(Self.equal, UInt32(SOCK_STREAM.rawValue), count + 1, 0)
        append(Self.load, davit_seccomp_argument(0))
        for (place, family) in families.enumerated() {
            append(Self.equal, UInt32(bitPattern: family), count - UInt8(place), 0)
        }
        append(Self.end, Self.refuse)
        append(Self.end, Self.allow)
    }

    /// Refuses everything else.
    package mutating func close() { append(Self.end, Self.refuse) }

    private mutating func append(
        _ code: UInt16, _ value: UInt32, _ jumpIfSo: UInt8 = 0, _ jumpIfNot: UInt8 = 0
    ) {
        instructions.append(sock_filter(code: code, jt: jumpIfSo, jf: jumpIfNot, k: value))
    }
}
