import Foundation
import LabKit

/// Unbuffered: who watches through a pipe sees each step when it happens.
func say(_ text: String) { FileHandle.standardOutput.write(Data("\(text)\n".utf8)) }

func complain(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }

/// The story of the README, told aloud.
struct Demo: Sendable {
    var keep = false
    /// Seconds from the machine's first try until the DHCP server starts; that of the story when `nil`.
    var delay: Int?

    /// The whole story in place of the first rescue.
    var isWholeStory = false

    func run() async throws {
        guard !isWholeStory else {
            var story = WholeStory { say($0) }
            if let delay { story.delay = delay }
            return try await story.tell()
        }
        say("Preparing a Debian with an encrypted root.")
        let image = try await GuestImage.prepared(GuestImage.Plan()) { say($0) }
        try await Lab.with("Demo") { lab in
            try await tell(image, in: lab)
        }
    }

    private func tell(_ image: GuestImage, in lab: Lab) async throws {
        say("Powering the machine on. Its DHCP server is off. Waiting for its first try.")
        let rescue = try await Rescue.powerOn(image, in: lab)
        let how = rescue.guest.accelerator == .kvm ? "KVM" : "software emulation"
        say("It runs under \(how).")
        try await rescue.asked(1, within: .seconds(120))
        let firstTry = ContinuousClock.now
        let delay = delay ?? 60

        say("It asks for an address, and nobody answers. The server starts in \(delay) s.")
        var tries = 1
        while (ContinuousClock.now - firstTry) < .seconds(delay) {
            let left = Duration.seconds(delay) - (ContinuousClock.now - firstTry)
            let next = try? await lab.wire.expect(.discover, count: tries + 1, within: left)
            try Task.checkCancellation()
            guard next != nil else { break }
            tries += 1
            say("  try \(tries), after \(fixed((ContinuousClock.now - firstTry).seconds)) s")
        }

        let started = ContinuousClock.now
        _ = try await lab.startDHCP()
        say("The DHCP server is on. Waiting for the machine to notice.")
        let lease = try await rescue.address(since: started, within: .seconds(60))
        say("It has \(lease.address), \(fixed((lease.at - started).seconds)) s after the server.")

        say("Waiting for davit's SSH server.")
        _ = try await rescue.status(at: lease.address, within: .seconds(60))
        let status = try await rescue.ssh.run(
            host: lease.address, ["status"], within: .seconds(30)
        ).checked()
        say("$ ssh root@\(lease.address) status")
        say(indented(status.text))

        say("$ ssh root@\(lease.address), typing the passphrase. Waiting for the disk to open.")
        let session = try await rescue.session(at: lease.address)
        try await session.typeRight()
        say("The root is open. Waiting for Debian's login prompt on the console.")
        try await rescue.login()
        say(indented(rescue.guest.console.tail(3)))

        say("\nWhat happened when:\n\(lab.timeline.report)")
        if keep { try await leaveRunning(image, in: lab, after: rescue) }
    }

    private func leaveRunning(
        _ image: GuestImage, in lab: Lab, after first: Rescue
    ) async throws {
        say("\nCutting the power and booting again. Waiting for davit's SSH server.")
        await first.guest.powerOff()
        let again = try await Rescue.powerOn(image, in: lab, disks: first.guest.disks)
        let lease = try await again.address(within: .seconds(120))
        _ = try await again.status(at: lease.address, within: .seconds(60))
        let command = lab.enclosure.wrapped(again.ssh.command(host: lease.address))
        say(
            """
            The machine waits for its passphrase, which is

                \(GuestImage.passphrase)

            From another terminal, as root:

                \(command.joined(separator: " "))

            Ctrl-C here takes everything down.
            """)
        try await again.guest.ended(within: .seconds(86400 * 365))
    }

    private func indented(_ text: String) -> String {
        text.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n")
    }
}
