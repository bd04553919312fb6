import CLinux
import Glibc

/// Limits of this process (setrlimit(2)): soft ones, so that a child can be given back what the machine allows.
package enum ResourceLimits {
    package enum Resource: Sendable, CaseIterable {
        /// Bytes of address space.
        case memory
        /// Open descriptors.
        case descriptors
        /// Seconds of processor time, over the life of the process.
        case processorTime
        /// Processes and threads of this process' real user; what root starts is bound by `forbidChildren` alone.
        case processes

        fileprivate var number: Int32 {
            switch self {
            case .memory: Int32(RLIMIT_AS.rawValue)
            case .descriptors: Int32(RLIMIT_NOFILE.rawValue)
            case .processorTime: Int32(RLIMIT_CPU.rawValue)
            case .processes: davit_RLIMIT_NPROC
            }
        }
    }

    /// Allows `amount` at most, or what is allowed at all where that is less.
    package static func set(_ resource: Resource, to amount: UInt) throws(SystemError) {
        var limit = rlimit()
        guard davit_get_limit(resource.number, &limit) == 0 else {
            throw SystemError("read the limit on", "\(resource)")
        }
        limit.rlim_cur = min(rlim_t(amount), limit.rlim_max)
        guard davit_set_limit(resource.number, &limit) == 0 else {
            throw SystemError("set the limit on", "\(resource)")
        }
    }

    /// Lets this process, which has one thread, start no other and no process: fork(2) fails with EAGAIN.
    ///
    /// The kernel binds neither root nor who has CAP_SYS_ADMIN or CAP_SYS_RESOURCE by its limit on processes. So the real user
    /// is one that nobody is, and both are out of effect, until `allowChildren`; the effective user, which files and sockets
    /// ask for, stays. access(2) asks for the real one. Source: kernel/fork.c, copy_process.
    package static func forbidChildren() throws(SystemError) {
        // In a container that has no such user it fails; to the kernel that one's root is a user like others.
        _ = davit_be_countable(true)
        // After that: a user who has more processes than the limit when it becomes this one may not execute (EAGAIN).
        try set(.processes, to: 0)
    }

    /// Takes back what `forbidChildren` did.
    package static func allowChildren() throws(SystemError) {
        guard davit_be_countable(false) == 0 else { throw SystemError("become", "root's again") }
        try set(.processes, to: .max)
    }

    private static var areChildrenForbidden: Bool {
        var limit = rlimit()
        return davit_get_limit(Resource.processes.number, &limit) == 0 && limit.rlim_cur == 0
    }

    /// Runs `body` with the limits lifted as far as they can be: so a child that it starts has none of ours.
    package static func lifted<Result: ~Copyable, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let areForbidden = areChildrenForbidden
        if areForbidden { _ = davit_be_countable(false) }
        var before: [(Int32, rlimit)] = []
        for resource in Resource.allCases {
            var limit = rlimit()
            guard davit_get_limit(resource.number, &limit) == 0 else { continue }
            before.append((resource.number, limit))
            limit.rlim_cur = limit.rlim_max
            _ = davit_set_limit(resource.number, &limit)
        }
        defer {
            if areForbidden { _ = davit_be_countable(true) }
            for (number, limit) in before {
                var limit = limit
                _ = davit_set_limit(number, &limit)
            }
        }
        return try body()
    }

    /// Leaves no core file behind, of this process or its children: it could hold a passphrase.
    package static func forbidCoreFiles() {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        _ = davit_set_limit(Int32(RLIMIT_CORE.rawValue), &none)
    }
}
