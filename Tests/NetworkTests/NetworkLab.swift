import Foundation
import JSONKit
import LinuxKit
import Recorder
import Testing

/// A client and a server namespace with one cable between them (`cli` to `srv`), dnsmasq on the one side, davit on the other.
final class NetworkLab {
    let directory: String
    private let client: Namespace
    private let server: Namespace
    private var dhcpServer = Running()
    private var davit = Running()

    /// A child that is there or not.
    private struct Running: ~Copyable {
        var child: ChildProcess?
    }

    init() throws {
        directory = NSTemporaryDirectory() + "davit-net-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        client = try Namespace(scratch: directory)
        server = try Namespace(scratch: directory)
        try connect()
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    func onClient(_ line: String) throws -> String { try client.shell(line) }
    func onServer(_ line: String) throws -> String { try server.shell(line) }

    /// Lays a cable; the client's end has the same hardware address each time.
    func connect(_ number: Int = 0) throws {
        let (near, far) = number == 0 ? ("srv", "cli") : ("srv\(number)", "cli\(number)")
        try server.shell(
            """
            ip link add \(near) type veth peer name \(far) address 02:00:00:00:00:0\(number + 1) \
            && ip link set \(far) netns \(client.pid) \
            && ip address add 10.55.\(number).1/24 dev \(near) && ip link set \(near) up
            """)
    }

    /// Sets a third machine beside the server on the same wire: 02:00:00:00:00:66.
    func addNeighbour() throws {
        let other = try Namespace(scratch: directory)
        try server.shell(
            """
            ip link add far link srv address 02:00:00:00:00:66 type macvlan mode bridge \
            && ip link set far netns \(other.pid)
            """)
        try other.shell("ip link set far up")
        neighbour = Neighbour(other)
    }

    func onNeighbour(_ line: String) throws -> String {
        guard let neighbour else { throw LabError("there is no neighbour") }
        return try neighbour.namespace.shell(line)
    }

    /// A namespace cannot be copied and so not be optional in a class by itself.
    private final class Neighbour {
        let namespace: Namespace
        init(_ namespace: consuming Namespace) { self.namespace = namespace }
    }
    private var neighbour: Neighbour?

    // MARK: The server

    /// The server programs that the tests know.
    enum Server: String, CaseIterable, Sendable { case dnsmasq, dhcpd, kea }

    /// Starts a server that gives 10.55.0.pool to pool + 9, to be renewed from 3 s on, and waits until it listens.
    func start(_ kind: Server, pool: Int = 50) throws {
        switch kind {
        case .dnsmasq: try startServer(pool: pool)
        case .dhcpd: try startDhcpd(pool: pool)
        case .kea: try startKea(pool: pool)
        }
    }

    private func startDhcpd(pool: Int) throws {
        let (conf, leases) = (directory + "/dhcpd.conf", directory + "/dhcpd-\(pool).leases")
        if !Files.exists(leases) { try Files.replace(leases, with: "") }
        try Files.replace(
            conf,
            with: """
                authoritative; ping-check false;
                default-lease-time 120; max-lease-time 120;
                option dhcp-renewal-time 3; option dhcp-rebinding-time 100;
                subnet 10.55.0.0 netmask 255.255.255.0 {
                  range 10.55.0.\(pool) 10.55.0.\(pool + 9);
                  option routers 10.55.0.1;
                  option domain-name-servers 10.55.0.1;
                  option domain-name "lab.example";
                }
                """)
        dhcpServer.child = try ChildProcess(
            starting: server.request([
                "/usr/sbin/dhcpd", "-4", "-f", "-d", "--no-pid", "-user", "root", "-group", "root",
                "-cf", conf, "-lf", leases, "srv",
            ]))
        try waitUntilItListens()
    }

    /// Kea looks once, when it starts, and listens on no interface without a carrier: the other end is to be switched on before.
    private func startKea(pool: Int) throws {
        try wait(for: "a carrier for Kea") {
            try onServer("ip link show dev srv").contains("LOWER_UP")
        }
        let conf = directory + "/kea.json"
        try Files.replace(
            conf,
            with: """
                {"Dhcp4": {
                  "interfaces-config": {"interfaces": ["srv"], "dhcp-socket-type": "raw"},
                  "lease-database": {"type": "memfile", "persist": false},
                  "authoritative": true,
                  "valid-lifetime": 120, "renew-timer": 3, "rebind-timer": 100,
                  "subnet4": [{"id": 1, "subnet": "10.55.0.0/24",
                    "pools": [{"pool": "10.55.0.\(pool)-10.55.0.\(pool + 9)"}],
                    "option-data": [
                      {"name": "routers", "data": "10.55.0.1"},
                      {"name": "domain-name-servers", "data": "10.55.0.1"},
                      {"name": "domain-name", "data": "lab.example"}]}],
                  "loggers": [{"name": "kea-dhcp4", "severity": "INFO",
                    "output_options": [{"output": "\(directory)/kea.log"}]}]
                }}
                """)
        var request = server.request(
            ["/usr/sbin/kea-dhcp4", "-c", conf],
            environment: ["KEA_PIDFILE_DIR=\(directory)", "KEA_LOCKFILE_DIR=\(directory)"])
        request.output = -1
        dhcpServer.child = try ChildProcess(starting: request)
        try waitUntilItListens()
    }

    /// Starts dnsmasq, which renews from 3 s on, and waits until it listens.
    /// - Parameter pool: the addresses are 10.55.N.pool to pool + 9.
    func startServer(
        pool: Int = 50, isIPv6Only: Bool = false, _ more: [String] = []
    ) throws {
        let leases = directory + "/dnsmasq-\(pool).leases"
        let ranges = [0, 1].map {
            "--dhcp-range=10.55.\($0).\(pool),10.55.\($0).\(pool + 9),255.255.255.0,120"
        }
        let options = [
            "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--port=0",
            "--no-ping", "--dhcp-authoritative", "--dhcp-leasefile=\(leases)", "--pid-file=",
            "--log-facility=\(directory)/dnsmasq.log", "--log-dhcp",
            "--dhcp-option=option:dns-server,10.55.0.1", "--domain=lab.example",
            "--dhcp-option-force=option:T1,3", "--dhcp-option-force=option:T2,100",
        ]
        dhcpServer.child = try ChildProcess(
            starting: server.request(
                ["/usr/sbin/dnsmasq"] + options + (isIPv6Only ? [] : ranges) + more))
        if !isIPv6Only { try waitUntilItListens() }
    }

    /// Kea takes seconds to start, so that nothing may be counted from its fork. Also the servers that read raw packets hold the port.
    private func waitUntilItListens(on port: Int = 67) throws {
        let pid = dhcpServer.child?.pid ?? 0
        try wait(for: "the server listens") {
            try onServer("ss -Hulpn sport = :\(port)").contains("pid=\(pid),")
        }
    }

    func stopServer() { dhcpServer.child = nil }

    /// Starts ISC dhcpd for DHCPv6, which gives 2001:db8:55::200 to 2ff and advertises nothing.
    func startDhcpd6() throws {
        let (conf, leases) = (directory + "/dhcpd6.conf", directory + "/dhcpd6.leases")
        if !Files.exists(leases) { try Files.replace(leases, with: "") }
        try Files.replace(
            conf,
            with: """
                authoritative; default-lease-time 120; preferred-lifetime 100;
                option dhcp-renewal-time 50; option dhcp-rebinding-time 80;
                subnet6 2001:db8:55::/64 {
                  range6 2001:db8:55::200 2001:db8:55::2ff;
                  option dhcp6.name-servers 2001:db8:55::53;
                }
                """)
        dhcpServer.child = try ChildProcess(
            starting: server.request([
                "/usr/sbin/dhcpd", "-6", "-f", "-d", "--no-pid", "-user", "root", "-group", "root",
                "-cf", conf, "-lf", leases, "srv",
            ]))
        try waitUntilItListens(on: 547)
    }

    // MARK: The client

    static let program: String = {
        if let given = ProcessInfo.processInfo.environment["DAVIT_BINARY"] { return given }
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        return tests.appendingPathComponent("../../.build/debug/davit").standardized.path
    }()

    private func request(_ words: [String], prefix: [String] = []) -> ChildProcess.Request {
        var request = client.request(
            prefix + [Self.program, "net"] + words,
            environment: [
                "DAVIT_RUN=\(directory)/run", "DAVIT_SYSTEM_RUN=\(directory)",
                "DAVIT_DEV=\(directory)",
            ] + (hasCommandLine ? ["DAVIT_PROC=\(directory)/proc"] : []))
        request.output = -1
        return request
    }

    private var hasCommandLine = false

    /// What davit is to read as the kernel's command line.
    func setCommandLine(_ line: String) throws {
        hasCommandLine = true
        try Files.makeDirectory(directory + "/proc")
        try Files.replace(directory + "/proc/cmdline", with: line + "\n")
    }

    func start(_ words: [String] = ["--interface", "cli"]) throws {
        davit.child = try ChildProcess(starting: request(words))
    }

    /// Sends a signal and waits for the end.
    func end(_ signal: Int32 = SIGTERM) throws -> ChildProcess.Exit? {
        davit.child?.signal(signal)
        let exit = try davit.child?.wait(until: Clock.now + patience)
        davit.child = nil
        return exit
    }

    /// Takes away what davit has and knows, as at another boot.
    func forget() throws {
        try client.shell("ip address flush dev cli")
        try? FileManager.default.removeItem(atPath: directory + "/run")
    }

    struct Result {
        var exit: ChildProcess.Exit?
        var output: String
        var took: Duration
    }

    /// Runs davit net to its end.
    func run(_ words: [String], prefix: [String] = []) throws -> Result {
        let begin = Clock.now
        let output = try FileDescriptor.pipe()
        var request = request(words, prefix: prefix)
        request.output = output.writing.number
        request.error = output.writing.number
        var child = try ChildProcess(starting: request)
        let exit = try child.wait(until: Clock.now + patience * 2)
        let took = Clock.now - begin
        try output.reading.setNonBlocking()
        guard case .bytes(let bytes) = try output.reading.read(atMost: 65536) else {
            return Result(exit: exit, output: "", took: took)
        }
        return Result(exit: exit, output: String(decoding: bytes, as: UTF8.self), took: took)
    }

    // MARK: What is seen

    func state(_ interface: String = "cli") -> JSON? {
        Files.text(directory + "/run/net/\(interface).json").flatMap { try? JSON(parsing: $0) }
    }

    var log: String { Recording.text(of: directory + "/run") ?? "" }

    /// What the davit that runs now has written into it.
    var ownLog: String {
        guard let pid = davit.child?.pid else { return "" }
        return log.split(separator: "\n").filter { $0.contains(" net[\(pid)]: ") }
            .joined(separator: "\n")
    }

    /// The IPv4 addresses that the kernel has, without the moving lifetimes.
    func addresses(_ interface: String = "cli") throws -> [String] {
        try client.shell("ip -4 -brief address show dev \(interface)")
            .split(whereSeparator: \.isWhitespace).map(String.init).filter { $0.contains("/") }
    }

    func routes() throws -> String { try client.shell("ip -4 route show") }

    /// Waits until it is so; records an issue with the log when it is not so in time. The time is for a slow machine with much else to
    /// do: how long davit takes is measured by `scripts/bench net`.
    func wait(
        for what: String, location: SourceLocation = #_sourceLocation, _ isSo: () throws -> Bool
    ) throws {
        let deadline = Clock.now + patience
        while Clock.now < deadline {
            if try isSo() { return }
            usleep(10_000)
        }
        Issue.record("not within \(patience.inWords): \(what)\n\(log)", sourceLocation: location)
        throw LabError("not within \(patience.inWords): \(what)")
    }

    /// Waits for words in the log: what they tell of may be seen before they are written.
    func expectLogged(_ words: String, location: SourceLocation = #_sourceLocation) throws {
        try wait(for: "the log has: \(words)", location: location) { log.contains(words) }
    }

    func waitUntilConfigured(
        interface: String = "cli", location: SourceLocation = #_sourceLocation
    ) throws {
        try wait(for: "\(interface) configured", location: location) {
            state(interface)?["configured"]?.bool == true
                && state(interface)?["state"]?.string == "bound"
        }
    }
}
