import CLinux
import Glibc

/// Takes away from this process, for good, what a network daemon does not use: capabilities, system calls, files.
///
/// Capabilities, no_new_privs and the seccomp list hold on every kernel that davit runs on. Files are kept away by Landlock
/// (Linux 5.13, where it is switched on); on an older kernel the process, whose user is root, can open them.
package enum Confinement {
    /// Capabilities beyond CAP_NET_ADMIN, CAP_NET_RAW and CAP_NET_BIND_SERVICE, all system calls but those of the list, TCP, executable
    /// memory, and every file that is not below these.
    /// - Parameters:
    ///   - places: directories in which files are made, replaced and read.
    ///   - outboxes: directories in which files are made and replaced, but none is read.
    ///   - settings: files, or directories with files, that are read and written.
    /// - Returns: what holds now, in words.
    package static func confine(
        places: [String], outboxes: [String] = [], settings: [String]
    ) -> String {
        guard davit_no_new_privileges() == 0 else { return "not confined: \(reason)" }
        var words: [String] = []
        words.append(
            confineFiles([
                (places, davit_place), (outboxes, davit_outbox), (settings, davit_setting),
            ]))
        if davit_keep_network_capabilities() != 0 {
            words.append("capabilities are not dropped (\(reason))")
        }
        words.append(confineCalls())
        return words.joined(separator: "; ")
    }

    private static var reason: String { String(cString: strerror(errno)) }

    private static func confineFiles(_ allowances: [([String], davit_allowance)]) -> String {
        let version = davit_landlock_version()
        guard version > 0 else { return "files are not confined: the kernel has no Landlock" }
        let opened = davit_landlock_rules(version)
        guard opened >= 0 else { return "files are not confined (\(reason))" }
        let rules = FileDescriptor(adopting: opened)
        var allowed: [String] = []
        for (paths, allowance) in allowances {
            for path in paths
            where davit_landlock_allow(rules.number, version, path, allowance) == 0 {
                allowed.append(allowance == davit_outbox ? path + " (to write)" : path)
            }
        }
        guard davit_landlock_restrict(rules.number) == 0 else {
            return "files are not confined (\(reason))"
        }
        return "files are those below \(allowed.joined(separator: ", "))"
    }

    private static func confineCalls() -> String {
        guard davit_audit_architecture != 0 else {
            return "system calls are not confined: there is no list for this architecture"
        }
        var program = FilterProgram(architecture: davit_audit_architecture)
        for place in 0..<Int(davit_network_call_count) {
            program.allow(davit_network_calls[place])
        }
        program.allow(SYS_mmap, unlessArgument: 2, has: PROT_EXEC)
        program.allow(SYS_mprotect, unlessArgument: 2, has: PROT_EXEC)
        program.allowSockets([AF_NETLINK, AF_PACKET, AF_INET, AF_INET6])
        program.close()
        let count = UInt16(clamping: program.instructions.count)
        guard davit_seccomp(program.instructions, count) == 0 else {
            return "system calls are not confined (\(reason))"
        }
        return "system calls are those of a list of \(davit_network_call_count + 3)"
    }
}
