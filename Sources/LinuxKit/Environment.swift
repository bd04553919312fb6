import Glibc

/// The environment of this process.
package enum Environment {
    /// The variables that children of davit get: where things are, and what the terminal is. Never more, so that
    /// nothing a person or an initrd script left in the environment travels on.
    package static var inherited: [String] {
        let names = [
            "DAVIT_RUN", "DAVIT_SYSTEM_RUN", "DAVIT_ETC", "DAVIT_SYS", "DAVIT_PROC", "DAVIT_DEV",
            "PATH", "TERM", "HOME",
        ]
        return names.compactMap { name in self[name].map { "\(name)=\($0)" } }
    }

    package static subscript(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
