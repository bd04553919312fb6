import LinuxKit

/// The locks on all members of a file system, held while something works on them.
struct MemberLocks: ~Copyable {
    /// A linked list, because an array cannot hold what must not be copied.
    private final class Held {
        let lock: LockFile
        let next: Held?

        init(_ lock: consuming LockFile, _ next: Held?) {
            self.lock = lock
            self.next = next
        }
    }

    private var held: Held?

    /// Takes them all; says why when one is held by somebody else.
    mutating func take(_ members: [String]) -> String? {
        for member in members {
            let path = Jobs.lock(onMember: member)
            do throws(SystemError) {
                guard let lock = try LockFile(taking: path) else {
                    return "another repair works on \(member)"
                }
                held = Held(lock, held)
            } catch {
                return error.description
            }
        }
        return nil
    }
}
