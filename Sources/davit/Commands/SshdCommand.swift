import Arguments
import LinuxKit
import SSHCore
import SSHServer

enum SshdCommand: Command {
    static let name = "sshd"
    static let summary = "lets those with an authorised key log in over SSH"
    static let help = """
        davit sshd [--listen ADDR:PORT]... [--config DIR] [--passphrase-login]

        The SSH server: user root, public keys only unless told otherwise. Needs no network to start with: it listens before there is an
        address, and tries again for as long as another program has the port.

          --listen ADDR:PORT   an address of this machine, such as 192.0.2.5:22 or [2001:db8::5]:22; PORT alone
                               stands for every address. More than one may be given; without it, port 22.
          --config DIR         the directory with host_ed25519_key and authorized_keys (/etc/davit)
          --passphrase-login   the passphrase of a disk that is locked logs in, too, by opening it: anybody who can
                               connect may guess, one at a time, as fast as the disk's key derivation lets them

        Example: davit sshd --listen 2222 --config /etc/davit
        """

    static func run(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        let configuration = try reader.value("--config") ?? Roots.etc
        var addresses: [ListenAddress] = []
        for text in try reader.values("--listen") {
            guard let address = ListenAddress(text) else {
                throw UsageError(
                    "--listen \(text): give a numeric address and a port, such as 192.0.2.5:22, [2001:db8::5]:22 or 22."
                )
            }
            addresses.append(address)
        }
        let letsPassphrasesIn = try reader.flag("--passphrase-login")
        _ = try reader.operands(atMost: 0)
        if addresses.isEmpty { addresses = [ListenAddress(address: nil, port: 22)] }
        try Listener(
            addresses: addresses, configuration: configuration,
            letsPassphrasesIn: letsPassphrasesIn
        ).run()
        return .done
    }
}
