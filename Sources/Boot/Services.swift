import BootCore
import LinuxKit
import Recorder

/// Which services davit runs, as `davit.conf` has them.
package enum Services {
    /// Reads DIR/davit.conf; a missing file means the defaults, and so does one that others may write; a line that cannot be used
    /// is recorded by name and the rest holds.
    /// - Parameter keepsAddress: what becomes of the address when davit.conf says nothing.
    package static func configured(
        in directory: String, keepsAddress: Bool = false
    ) -> [Supervisor.Service] {
        let (settings, complaints) = settings(in: directory)
        let recorder = Recorder(component: .supervise)
        for complaint in complaints { recorder.record("\(complaint)", .warning) }
        return services(for: settings, in: directory, keepsAddress: keepsAddress)
    }

    /// What is wrong with DIR/davit.conf, a sentence for each line.
    package static func complaints(in directory: String) -> [String] {
        settings(in: directory).complaints
    }

    /// A file that others could have written is not used at all: it says who may log in how.
    static func settings(in directory: String) -> (settings: Settings, complaints: [String]) {
        do throws(ProtectedFile.Refusal) {
            let text = try ProtectedFile("davit.conf", in: directory).read(limit: 65536) ?? []
            let settings = Settings(parsing: String(decoding: text, as: UTF8.self))
            return (settings, settings.complaints.map { "\(directory)/davit.conf: \($0)" })
        } catch {
            return (Settings(parsing: ""), ["\(error). Until then none of its lines holds."])
        }
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
