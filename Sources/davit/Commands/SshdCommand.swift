import Arguments
import LinuxKit
import SSHCore
import SSHServer

enum SshdCommand: Command {
    static let name = "sshd"
    static let summary = "lets those with an authorised key log in over SSH"
    static let help = """
        davit sshd [--listen ADDR:PORT]... [--config DIR] [--passphrase-login]
                   [--forward PORT]...

        The SSH server: user root, public keys only unless told otherwise. Needs no network to start with: it listens before there is an
        address, and tries again for as long as another program has the port.

          --listen ADDR:PORT   an address of this machine, such as 192.0.2.5:22 or [2001:db8::5]:22; PORT alone
                               stands for every address. More than one may be given; without it, port 22.
          --config DIR         the directory with host_ed25519_key and authorized_keys (/etc/davit)
          --forward PORT       a port of this machine's loopback that clients may reach through the connection
                               (ssh -L, ssh -W); more than one may be given; 'none' for none. Without it, 3260,
                               where 'davit export' serves iSCSI. permitopen= and no-port-forwarding of
                               authorized_keys narrow it further.
          --passphrase-login   the passphrase of a disk that is locked logs in, too, by opening it: anybody who can
                               connect may guess, one at a time, as fast as the disk's key derivation lets them

        Files go both ways with sftp, scp and sshfs. Relative paths begin in /, as those of commands do.

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
        let forwarding = try forwarding(&reader)
        let letsPassphrasesIn = try reader.flag("--passphrase-login")
        _ = try reader.operands(atMost: 0)
        if addresses.isEmpty { addresses = [ListenAddress(address: nil, port: 22)] }
        try Listener(
            addresses: addresses, configuration: configuration,
            letsPassphrasesIn: letsPassphrasesIn, forwarding: forwarding.ports
        ).run()
        return .done
    }

    /// What `--forward` allows.
    static func forwarding(_ reader: inout ArgumentReader) throws(UsageError) -> ForwardingPolicy {
        let words = try reader.values("--forward")
        guard !words.isEmpty else { return ForwardingPolicy() }
        var ports: [UInt16] = []
        for word in words where word != "none" {
            guard let port = UInt16(word), port > 0, word.first != "+" else {
                throw UsageError(
                    "--forward \(word): give a port from 1 to 65535, such as 3260, or 'none'.")
            }
            ports.append(port)
        }
        return ForwardingPolicy(ports: ports)
    }
}
