import Arguments
import LinuxKit
import Network

enum NetCommand: Command {
    static let name = "net"
    static let summary = "gets addresses by DHCP on all interfaces, and never gives up"
    static let help = """
        davit net [--interface IF]... [--once [--timeout SECONDS]] [--release-on-exit]
                  [--resolv-conf PATH] [--hostname NAME]
                  [--client-id BYTES] [--retry-cap SECONDS]

        Switches the Ethernet interfaces on, follows their cables, asks for addresses by DHCP until there
        are some, and keeps them. A server that comes back after minutes or days is used within 8 s.
        IPv6 comes by router advertisements, and by DHCPv6 where they ask for it. Other machines on the
        link find this one as NAME.local (multicast DNS).

          --interface IF       this interface, which need not exist yet; again for more; without it
                               all that are hardware
          --once               end when the interfaces named have addresses, or any one of all: IPv4, or
                               IPv6 with a way out where no DHCP server answers for 8 s (--retry-cap);
                               where davit net runs already it waits for that one
          --timeout SECONDS    with --once: give up after this time, with exit code 99
          --release-on-exit    at SIGTERM take addresses and routes away again, and switch off what
                               was switched on; without it they stay for the system that follows
          --resolv-conf PATH   write the name servers there too
          --hostname NAME      the machine's name; without it the kernel's, or the one in /etc/hostname
          --client-id BYTES    what the servers know this machine by, such as 01:52:54:00:12:34:56;
                               without it that is the hardware address
          --retry-cap SECONDS  how soon a server that comes back is to be used: 8 by default, from 6 on

        An address that another machine on the link has is not used, and one that is held is defended
        once. After ten in a row that were in use, one address a minute is tried; the servers are asked
        all the time. Without a lease an interface gives itself a link-local address (169.254/16) after
        15 s. While DHCP and DHCPv6 are both unanswered they share 20 packets a minute.

        In an initramfs the kernel's command line counts too: ip= in the syntax of klibc and dracut,
        vlan=, bond= and nameserver=. IPv6 addresses stand in brackets; of two ip= for an interface one
        may be for IPv4 and one for IPv6. Such an interface has what is said there and no more, except
        for what routers advertise. What cannot be read is named in the log, and DHCP is used instead.
        Interfaces that it does not name are configured by DHCP, unless it says ip=off.

        What is going on is in /run/davit/net/IF.json and, in words, in 'davit log'.

        Example: davit net --once --timeout 60 && ping -c 1 192.0.2.1
        """

    static func run(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        var options = NetworkOptions()
        options.interfaces = try reader.values("--interface")
        options.once = try reader.flag("--once")
        options.timeout = try reader.number("--timeout", in: 1...31_536_000).map { .seconds($0) }
        options.releasesOnExit = try reader.flag("--release-on-exit")
        options.resolvConf = try reader.value("--resolv-conf")
        let hostName = try reader.value("--hostname")
        if let text = try reader.value("--client-id") {
            guard let identifier = NetworkOptions.clientIdentifier(parsing: text) else {
                throw UsageError(
                    "--client-id \(text): expected 'mac' or bytes, such as 01:52:54:00:12:34:56.")
            }
            options.clientIdentifier = identifier
        }
        if let seconds = try reader.number("--retry-cap", in: 6...3600) {
            options.retryCap = .seconds(seconds)
        }
        _ = try reader.operands(atMost: 0)
        if options.timeout != nil, !options.once {
            throw UsageError("--timeout goes with --once only: the daemon never gives up.")
        }
        if let bad = options.interfaces.first(where: { !NetworkOptions.isInterfaceName($0) }) {
            throw UsageError("--interface \(bad): an interface cannot have this name.")
        }
        options.isVerbose = Output.isTerminal
        options.hostName = hostName.flatMap(NetworkOptions.checkedName)
        if let hostName, options.hostName == nil {
            throw UsageError("--hostname \(hostName): no machine can have this name.")
        }
        options.hostName = options.hostName ?? NetworkOptions.machineName
        // On a running system other programs would take the file for the initramfs's word.
        if Host.isInitramfs || Environment["DAVIT_SYSTEM_RUN"] != nil {
            options.netConfDirectory = Roots.systemRun
        }
        // What it says is for the initramfs: a running system has its own configuration.
        if Host.isInitramfs || Environment["DAVIT_PROC"] != nil { options.readKernelCommandLine() }
        return try serve(options)
    }

    private static func serve(_ options: NetworkOptions) throws -> ExitCode {
        let deadline = options.timeout.map { Clock.now + $0 }
        while true {
            do {
                return try serve(options, in: DaemonPlace(), until: deadline)
            } catch let occupied as DaemonPlace.Occupied {
                guard options.once else {
                    refuse(occupied.holder)
                    return .failed
                }
                let follower = try NetworkFollower(options)
                if let outcome = try follower.run(until: deadline) {
                    return end(outcome, options, follower.report)
                }
            }
        }
    }

    private static func serve(
        _ options: NetworkOptions, in place: consuming DaemonPlace, until deadline: Duration?
    ) throws -> ExitCode {
        do throws(SystemError) {
            var daemon = try NetworkDaemon(options, in: place)
            daemon.confine()
            let outcome = try daemon.run(until: deadline)
            return end(outcome, options, daemon.report)
        } catch {
            guard error.isPermission else { throw error }
            Output.error(
                "davit net: \(error) Run it as root, or with CAP_NET_ADMIN and CAP_NET_RAW.")
            return .system
        }
    }

    private static func refuse(_ holder: Int32?) {
        let process = holder.map { " as process \($0)" } ?? ""
        Output.error(
            "davit net: it runs already\(process), and two would take each other's addresses away. 'davit status' shows what it has reached; 'davit net --once' waits for it."
        )
    }

    private static func end(
        _ outcome: NetworkDaemon.Outcome, _ options: NetworkOptions, _ report: [String]
    ) -> ExitCode {
        switch outcome {
        case .configured:
            for line in report { Output.line(line) }
            return .done
        case .stopped: return options.once ? .failed : .done
        case .timedOut:
            for line in report { Output.error("davit net: \(line).") }
            return .timedOut
        }
    }
}
