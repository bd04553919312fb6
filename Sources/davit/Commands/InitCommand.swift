import Arguments
import Boot
import LinuxKit

enum InitCommand: Command {
    static let name = "init"
    static let summary =
        "starts davit in an initramfs that knows nothing of it, and becomes its /init"
    static let help = """
        davit init [ARGUMENT]...

        For the kernel line rdinit=/davit-init, with the archive that scripts/overlay makes behind the initramfs:
        starts the supervisor beside the initramfs, and becomes the initramfs's own /init, with the same arguments,
        as the first process. Waits 4 s for it to mount /proc, /sys, /dev and /run, and mounts what is missing. When
        the system takes over, davit's processes end; the address stays, unless davit.conf says otherwise.

        Example: rdinit=/davit-init behind the kernel's other words, and the archive as a second initrd
        """

    static func run(_ arguments: [String]) throws -> ExitCode {
        // The kernel hands on what it does not know itself, so nothing here can be a usage error.
        if arguments == ["--keep-services"] {
            InitWrapper.keepServices()
            return .done
        }
        let program = Process.arguments.first ?? "/davit-init"
        try InitWrapper.becomeInit(program: program, arguments: arguments)
    }
}
