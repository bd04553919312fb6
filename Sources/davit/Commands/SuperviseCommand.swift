import Arguments
import Boot
import LinuxKit

enum SuperviseCommand: Command {
    static let name = "supervise"
    static let summary =
        "runs the network daemon and the SSH server, and starts them again for ever"
    static let help = """
        davit supervise [--config DIR] [--until-hand-over] [--keep-address]
        davit supervise --stop
        davit supervise --check [--config DIR]

        Starts 'davit net' and 'davit sshd', and starts each again whenever it ends. Runs until SIGTERM. One at a
        time: a second one says so and ends with 1.

        --config DIR   where davit.conf, authorized_keys and host_ed25519_key are (default /etc/davit)
        --until-hand-over
                       for boot scripts: ends at once when --stop came first, because the boot was faster
        --keep-address the address stays when this ends, unless davit.conf says 'drop'
        --check        names the lines of davit.conf that cannot be used, and ends with 1 when there are any
        --stop         ends the running supervisor and its services; that none runs is a success

        davit.conf holds lines 'key = value':
          interface = IF                 configure only this one; may be given more than once
          client-id = BYTES              what DHCP servers know the machine by, such as
                                         01:52:54:00:12:34:56 (default: the hardware address)
          retry-cap = SECONDS            how soon a DHCP server that comes back is used (default 8)
          listen = ADDRESS:PORT          where the SSH server listens (default port 22, everywhere)
          passphrase-login = no          'yes': the passphrase of a locked disk logs in, too, by opening it
          hostname = server              the name by which it is found; otherwise the system's
          forward = PORT                 a port of the loopback that SSH clients may reach (3260); 'none' for none
          address-after-boot = drop      'keep' leaves the address when the system takes over
          checkers = e2fsck xfs_repair   programs that the initramfs hook bakes in, for 'davit repair'

        Example: davit supervise --check --config /etc/davit
        """

    static func run(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        let stop = try reader.flag("--stop")
        let untilHandOver = try reader.flag("--until-hand-over")
        let check = try reader.flag("--check")
        let keepsAddress = try reader.flag("--keep-address")
        let directory = try reader.value("--config") ?? Roots.etc
        _ = try reader.operands(atMost: 0)
        if check {
            let complaints = Services.complaints(in: directory)
            for complaint in complaints { Output.line(complaint) }
            return complaints.isEmpty ? .done : .failed
        }
        if stop {
            Output.line(words(for: try Supervisor.stop()))
            return .done
        }
        // What is wrong with davit.conf is recorded before the supervisor begins.
        try? Files.makeDirectory(Roots.run)
        let services = Services.configured(in: directory, keepsAddress: keepsAddress)
        try Supervisor(services, untilHandOver: untilHandOver).run()
        return .done
    }

    private static func words(for stop: Supervisor.Stop) -> String {
        switch stop {
        case .neverRan: "davit supervise: never ran."
        case .stopped(let after): "davit supervise: stopped after \(after.inWords)."
        case .killed(let after):
            "davit supervise: did not stop and was killed after \(after.inWords)."
        }
    }
}
