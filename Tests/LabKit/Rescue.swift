/// The story that davit is made for: a machine that boots before its network is there.
///
/// The tests and the demo tell it with the same steps, each of which waits for what it names.
package struct Rescue: Sendable {
    package let lab: Lab
    package let guest: Guest
    package let ssh: SSHClient

    /// Powers the machine on; nothing on its network answers yet.
    package static func powerOn(
        _ image: GuestImage, in lab: Lab, _ options: Guest.Options = Guest.Options(),
        disks: [String]? = nil
    ) async throws -> Rescue {
        let ssh = try lab.sshClient(image)
        let guest = try await lab.boot(image, options, disks: disks)
        return Rescue(lab: lab, guest: guest, ssh: ssh)
    }

    /// Waits until the machine has asked for an address `count` times.
    package func asked(_ count: Int, within limit: Duration) async throws {
        try await lab.wire.expect(.discover, count: count, since: guest.poweredOn, within: limit)
    }

    /// Waits until the machine has an address, and gives it.
    package func address(
        since start: ContinuousClock.Instant? = nil, within limit: Duration
    ) async throws -> (address: String, at: ContinuousClock.Instant) {
        let sighting = try await lab.wire.expect(
            .ack, since: start ?? guest.poweredOn, within: limit)
        return (sighting.packet.address, sighting.time)
    }

    /// Waits until davit answers over SSH, and gives its `status --json`.
    package func status(
        at address: String, within limit: Duration = .seconds(240)
    ) async throws -> [UInt8] {
        let deadline = ContinuousClock.now + limit
        while true {
            let seen: String
            do {
                let result = try await ssh.run(
                    host: address, ["status", "--json"], within: .seconds(60))
                // 255 is OpenSSH's own: no connection yet. Anything else is davit's answer.
                guard result.status == .exited(255) else { return try result.checked().output }
                seen = "\(result.status): \(result.errors)\(result.text)"
            } catch LabError.timedOut(_, _, let said) {
                // A connection that a busy guest did not get to is none yet, either.
                seen = said
            }
            guard ContinuousClock.now < deadline else {
                throw LabError.timedOut(
                    waitingFor: "davit's status over SSH", seconds: limit.seconds, seen: seen)
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    /// Logs in as a person does and waits for the question.
    /// - Parameter question: how the question begins that is waited for.
    package func session(
        at address: String, with program: SSHClient.Program = .openSSH,
        question: String = "Passphrase for "
    ) async throws -> Session {
        let deadline = ContinuousClock.now + .seconds(240)
        while true {
            let client = try await ssh.start(host: address, terminal: true, with: program)
            lab.timeline.note("ssh", "connecting to \(address)")
            do {
                let prompt = try await client.output.expect(question, within: .seconds(180))
                lab.timeline.note("ssh", "davit asks for the passphrase", at: prompt.time)
                return Session(client: client, prompt: prompt, timeline: lab.timeline)
            } catch {
                // A guest that does not get its turn may let a connection wait for too long, before it has said a word.
                guard !client.isRunning, client.output.bytes.isEmpty,
                    ContinuousClock.now < deadline
                else {
                    await client.kill()
                    throw error
                }
                lab.timeline.note("ssh", "no connection: \(client.errors.tail(2))")
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    /// `printf %s PASSPHRASE | ssh root@HOST unlock`.
    package func pipe(
        _ passphrase: String = GuestImage.passphrase, at address: String
    ) async throws -> Child.Result {
        let result = try await ssh.run(
            host: address, ["unlock"], input: Array(passphrase.utf8), within: .seconds(240))
        lab.timeline.note("ssh", "piped unlock: \(result.status)")
        return result
    }

    /// Waits for the booted system's login prompt.
    package func login(within limit: Duration = .seconds(600)) async throws {
        let login = try await guest.console.expect("login:", within: limit)
        lab.timeline.note("guest", "login prompt", at: login.time)
    }

    /// The time between two tries to get an address, before `end`: the middle one of all such times.
    package func usualSilence(before end: ContinuousClock.Instant) -> Double {
        let tries = lab.wire.times(.discover).filter { $0 >= guest.poweredOn && $0 <= end }
        let silences = zip(tries, tries.dropFirst() + [end]).map { ($1 - $0).seconds }.sorted()
        return silences.isEmpty ? .infinity : silences[silences.count / 2]
    }
}

/// A person at davit's passphrase prompt.
package struct Session: Sendable {
    package let client: Child
    package let prompt: Transcript.Mark
    let timeline: Timeline

    package func type(_ text: String) { client.write(text) }

    /// What davit asks for, and what it said since the question before.
    package struct Question: Sendable {
        package let said: String
        package let disks: Set<String>
        package let mark: Transcript.Mark
    }

    /// The question that the session began with.
    package func firstQuestion() async throws -> Question {
        try await question(said: "", prompt)
    }

    /// Types a passphrase and waits for the next question.
    package func answer(_ question: Question, _ passphrase: String) async throws -> Question {
        type(passphrase + "\n")
        let next = try await client.output.expect(
            "Passphrase for ", after: question.mark, within: .seconds(180))
        let said = client.output.text(from: question.mark, to: next)
        timeline.note("ssh", "davit asks again", at: next.time)
        return try await self.question(said: said, next)
    }

    private func question(said: String, _ begin: Transcript.Mark) async throws -> Question {
        let end = try await client.output.expect(": ", after: begin, within: .seconds(180))
        let names = client.output.text(from: begin, to: end).dropLast(2).split(separator: ", ")
        return Question(said: said, disks: Set(names.map(String.init)), mark: end)
    }

    /// Types a passphrase that opens nothing, and waits until the prompt is back.
    package func typeWrong(_ passphrase: String) async throws {
        type(passphrase + "\n")
        let refusal = try await client.output.expect(
            "no key slot opens", after: prompt, within: .seconds(180))
        timeline.note("ssh", "davit refuses the wrong passphrase", at: refusal.time)
        try await client.output.expect("Passphrase for ", after: refusal, within: .seconds(180))
    }

    /// Types the passphrase, and waits until davit says that the root is open.
    package func typeRight(_ passphrase: String = GuestImage.passphrase) async throws {
        type(passphrase + "\n")
        let opened = try await client.output.expect(
            "root: open", after: prompt, within: .seconds(240))
        timeline.note("ssh", "davit says: root: open", at: opened.time)
    }

    /// Takes the client away without a word, as a closed laptop does.
    package func drop() async {
        await client.kill()
        timeline.note("ssh", "session dropped")
    }
}
