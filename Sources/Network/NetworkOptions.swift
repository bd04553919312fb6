import LinuxKit
import NetworkCore

/// What `davit net` was asked to do.
package struct NetworkOptions: Sendable {
    /// The interfaces by name; empty: all physical Ethernet ones.
    package var interfaces: [String] = []
    /// End as soon as the network is configured.
    package var once = false
    /// How long to wait with `once`; `nil`: for ever.
    package var timeout: Duration?
    /// Take away at the end what was configured, and switch off what was switched on.
    package var releasesOnExit = false
    /// A second place for resolv.conf.
    package var resolvConf: String?
    /// Where to write net-IF.conf; `nil`: nowhere.
    package var netConfDirectory: String?
    /// Says what happens on standard output too.
    package var isVerbose = false
    /// Sent to the servers (option 12), and answered for as HOSTNAME.local.
    package var hostName: String?
    /// Sent to the servers (option 61); `nil`: the hardware address.
    package var clientIdentifier: [UInt8]?
    /// A server that comes back has given an address within this time.
    package var retryCap = Pace().promise

    /// What the kernel's command line says.
    var parameters = NetworkParameters()

    package init() {}

    /// Takes what the kernel's command line says of the network.
    package mutating func readKernelCommandLine() {
        parameters = NetworkParameters(
            parsing: Files.text(Roots.proc + "/cmdline", limit: 65536) ?? "")
    }

    /// `mac`, which is the type 1 and the hardware address and stands for `nil`, or 2 to 255 bytes such as `01:52:54:00:12:34:56`.
    package static func clientIdentifier(parsing text: String) -> [UInt8]?? {
        if text == "mac" { return .some(nil) }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let bytes = parts.compactMap { $0.utf8.count == 2 ? UInt8($0, radix: 16) : nil }
        guard bytes.count == parts.count, (2...255).contains(bytes.count) else { return nil }
        return bytes
    }

    package static func isInterfaceName(_ name: String) -> Bool { InterfaceName.isValid(name) }

    /// A host name in lower case, or `nil` where no machine can have it.
    package static func checkedName(_ name: String) -> String? { DomainName.checked(name) }

    /// The machine's name, where it has one of its own.
    package static var machineName: String? {
        [Host.name, Files.text("/etc/hostname", limit: 1024) ?? ""].lazy
            .compactMap(DomainName.checked)
            .first { $0 != "localhost" && $0 != "unknown" && $0 != "none" }
    }
}
