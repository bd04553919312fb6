import Foundation
import LinuxKit
import Testing

/// The machine is found as HOSTNAME.local, by a plain question and by avahi.
@Suite(.serialized, .timeLimit(.minutes(20))) struct MulticastDNSTests {
    let lab: NetworkLab

    init() throws {
        lab = try NetworkLab()
        try lab.startServer()
        try lab.start(["--interface", "cli", "--hostname", "rescue-7.example.org"])
        try lab.waitUntilConfigured()
        try lab.wait(for: "the name") { lab.state()?["mdns"]?.string == "rescue-7.local" }
    }

    /// Asks one question as any resolver does, each second until it is answered, and prints the answer's records in hexadecimal.
    func ask(
        _ name: String, _ kind: Int, group: String = "224.0.0.251", tries: Int = 60
    ) throws -> String {
        let script = lab.directory + "/ask.py"
        try Files.replace(
            script,
            with: """
                import errno, socket, struct, sys, time
                name, kind, group = sys.argv[1], int(sys.argv[2]), sys.argv[3]
                family = socket.AF_INET6 if ":" in group else socket.AF_INET
                asker = socket.socket(family, socket.SOCK_DGRAM)
                index = socket.if_nametoindex("srv")
                if family == socket.AF_INET6:
                    asker.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
                    to = (group, 5353, 0, index)
                else:
                    asker.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                                     struct.pack("@4s4si", bytes(4), bytes(4), index))
                    to = (group, 5353)
                labels = b"".join(bytes([len(l)]) + l.encode() for l in name.split(".")) + b"\\0"
                asker.settimeout(1)
                for _ in range(int(sys.argv[4])):
                    try:
                        asker.sendto(struct.pack(">6H", 4711, 0, 1, 0, 0, 0) + labels
                                     + struct.pack(">2H", kind, 1), to)
                        answer = asker.recv(9000)
                        assert answer[:2] == struct.pack(">H", 4711)
                        print(answer[12 + len(labels) + 4:].hex())
                        break
                    except TimeoutError:
                        pass
                    except OSError as error:
                        # The asker's own link-local address is still being probed.
                        if error.errno != errno.EADDRNOTAVAIL: raise
                        time.sleep(1)
                else:
                    print("nothing")
                """)
        return try lab.onServer("python3 \(script) \(name) \(kind) \(group) \(tries)")
    }

    @Test func aPlainQuestionIsAnswered() throws {
        let address = try lab.addresses()[0].prefix { $0 != "/" }
        let hex = address.split(separator: ".").compactMap { UInt8($0) }
            .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(try ask("rescue-7.local", 1).hasSuffix(hex + "\n"))
        #expect(try ask("RESCUE-7.local", 1).hasSuffix(hex + "\n"))
        // The kernel takes a second or two to probe it, which may be longer than DHCP takes.
        try lab.wait(for: "the link-local address of IPv6") {
            try ask("rescue-7.local", 28, tries: 1).contains("fe80000000000000000000fffe000001")
        }
        #expect(try ask("rescue-7.local", 1, group: "ff02::fb").hasSuffix(hex + "\n"))
        #expect(try ask("other.local", 255, tries: 2) == "nothing\n")
        #expect(try ask("_services._dns-sd._udp.local", 12, tries: 2) == "nothing\n")
    }

    /// They detach themselves, and would outlive the namespace's holder.
    private func endAvahi() {
        _ = try? lab.onServer("avahi-daemon --kill; kill $(cat /run/dbus/pid)")
    }

    @Test func avahiFindsIt() throws {
        defer { endAvahi() }
        _ = try lab.onServer(
            """
            mount -t tmpfs none /run && mkdir -p /run/dbus /run/avahi-daemon \
            && dbus-daemon --config-file=/usr/share/dbus-1/system.conf --fork \
            && printf '[server]\\nallow-interfaces=srv\\nuse-ipv6=yes\\n' >/run/avahi.conf \
            && avahi-daemon --file=/run/avahi.conf --no-drop-root --no-chroot --no-rlimits --daemonize
            """)
        let address = try lab.addresses()[0].prefix { $0 != "/" }
        func resolve(_ version: Int) throws -> String {
            // It gives up after five seconds by itself.
            let once = "avahi-resolve-host-name -\(version) rescue-7.local 2>/dev/null"
            return try lab.onServer(
                "for try in $(seq 24); do \(once) | grep . && break; done")
        }
        let four = try resolve(4)
        #expect(four == "rescue-7.local\t\(address)\n")
        let six = try resolve(6)
        #expect(six == "rescue-7.local\tfe80::ff:fe00:1\n")
    }

    @Test func aNameThatIsTakenIsLeftToItsOwner() throws {
        defer { endAvahi() }
        _ = try lab.end()
        _ = try lab.onServer(
            """
            mount -t tmpfs none /run && mkdir -p /run/dbus /run/avahi-daemon \
            && dbus-daemon --config-file=/usr/share/dbus-1/system.conf --fork \
            && printf '[server]\\nallow-interfaces=srv\\nhost-name=rescue-7\\n' >/run/avahi.conf \
            && avahi-daemon --file=/run/avahi.conf --no-drop-root --no-chroot --no-rlimits --daemonize \
            && until avahi-resolve-host-name -4 rescue-7.local; do sleep 0.1; done
            """)
        try lab.start(["--interface", "cli", "--hostname", "rescue-7"])
        try lab.wait(for: "another name") {
            lab.state()?["mdns"]?.string == "rescue-7-2.local"
        }
    }

    @Test func theProcessHasGivenUpWhatItDoesNotUse() throws {
        let pid = try #require(lab.state()?["pid"]?.int)
        let status = try #require(Files.text("/proc/\(pid)/status"))
        // CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_NET_RAW.
        for set in ["CapPrm", "CapEff", "CapBnd"] {
            #expect(status.contains("\(set):\t0000000000003400\n"))
        }
        #expect(status.contains("CapInh:\t0000000000000000\n"))
        #expect(status.contains("NoNewPrivs:\t1\n"))
        #expect(status.contains("Seccomp:\t2\n"))
        try lab.expectLogged("confined: files are those below \(lab.directory)/run/net,")
    }
}
