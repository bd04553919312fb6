/// The names that the kernel gives to interfaces.
package enum InterfaceName {
    /// Whether an interface can have this name, which ends up in a file's path. Source: dev_valid_name in net/core/dev.c.
    package static func isValid(_ name: some StringProtocol) -> Bool {
        (1...15).contains(name.utf8.count) && name != "." && name != ".."
            && name.utf8.allSatisfy { $0 > 32 && $0 != 127 && !"/:".utf8.contains($0) }
    }
}
