import BootCore
import LinuxKit
import Recorder

/// Which services davit runs, as `davit.conf` has them.
package enum Services {
    /// Reads DIR/davit.conf; a missing file means the defaults, a line that cannot be used is recorded by name and
    /// the rest holds.
    /// - Parameter keepsAddress: what becomes of the address when davit.conf says nothing.
    package static func configured(
        in directory: String, keepsAddress: Bool = false
    ) -> [Supervisor.Service] {
        let path = directory + "/davit.conf"
        let settings = Settings(parsing: Files.text(path, limit: 65536) ?? "")
        let recorder = Recorder(component: .supervise)
        for complaint in settings.complaints { recorder.record("\(path): \(complaint)", .warning) }
        return services(for: settings, in: directory, keepsAddress: keepsAddress)
    }

    /// What is wrong with DIR/davit.conf, a sentence for each line.
    package static func complaints(in directory: String) -> [String] {
        let path = directory + "/davit.conf"
        return Settings(parsing: Files.text(path, limit: 65536) ?? "").complaints
            .map { "\(path): \($0)" }
    }

    static func services(
        for settings: Settings, in directory: String, keepsAddress: Bool
    ) -> [Supervisor.Service] {
        var net = ["net"] + settings.interfaces.flatMap { ["--interface", $0] }
        let after = settings.addressAfterBoot ?? (keepsAddress ? .keep : .drop)
        if after == .drop { net.append("--release-on-exit") }
        if let name = settings.hostName { net += ["--hostname", name] }
        if let identifier = settings.clientID { net += ["--client-id", identifier] }
        if let seconds = settings.retryCap { net += ["--retry-cap", String(seconds)] }
        var sshd = ["sshd", "--config", directory] + settings.listen.flatMap { ["--listen", $0] }
        sshd += settings.forward.flatMap { ["--forward", $0] }
        if settings.passphraseLogin { sshd.append("--passphrase-login") }
        return [.init("net", net), .init("sshd", sshd), .init("export", ["export", "resume"])]
    }
}
