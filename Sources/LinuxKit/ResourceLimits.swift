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

        fileprivate var number: Int32 {
            switch self {
            case .memory: Int32(RLIMIT_AS.rawValue)
            case .descriptors: Int32(RLIMIT_NOFILE.rawValue)
            case .processorTime: Int32(RLIMIT_CPU.rawValue)
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

    /// Runs `body` with the limits lifted as far as they can be: so a child that it starts has none of ours.
    package static func lifted<Result: ~Copyable, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var before: [(Int32, rlimit)] = []
        for resource in Resource.allCases {
            var limit = rlimit()
            guard davit_get_limit(resource.number, &limit) == 0 else { continue }
            before.append((resource.number, limit))
            limit.rlim_cur = limit.rlim_max
            _ = davit_set_limit(resource.number, &limit)
        }
        defer {
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
