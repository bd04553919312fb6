import LabKit
import Testing

/// The passphrase is in no process list, environment, log or file of the guest.
struct SecretsTests {
    /// Somebody's right passphrase for another machine is a secret, too.
    private static let mistyped = "Fünf-Rettungsboote 4712 unter Deck"

    @Test("Nothing that root can list or read has a passphrase, in the initrd or after it.")
    func nowhere() async throws {
        let image = try await GuestImage.prepared(GuestImage.Plan())
        try await Lab.with("Secrets") { lab in
            _ = try await lab.startDHCP()
            let rescue = try await Rescue.powerOn(image, in: lab)
            try await rescue.guest.shell.ready(.initrd, within: .seconds(60))
            let lease = try await rescue.address(within: .seconds(90))
            _ = try await rescue.status(at: lease.address, within: .seconds(30))

            let search = SecretSearch(rescue.guest)
            try await search.watchProcesses()
            _ = try await rescue.pipe(Self.mistyped, at: lease.address)
            let session = try await rescue.session(at: lease.address)
            try await session.typeWrong(Self.mistyped)
            let initrd = try await search.everything()
            expectClean(initrd, of: Self.mistyped)
            expectClean(Array(session.client.output.text.utf8), of: Self.mistyped, decoys: false)

            try await search.watchProcesses()
            try await session.typeRight()
            try await rescue.login()
            try await rescue.guest.shell.ready(.system, within: .seconds(60))
            let system = try await search.everything()
            expectClean(system, of: Self.mistyped)
            expectClean(system, of: GuestImage.passphrase)
            expectClean(
                rescue.guest.console.bytes, of: GuestImage.passphrase, decoys: false)
        }
    }

    private func expectClean(_ bytes: [UInt8], of secret: String, decoys: Bool = true) {
        if decoys {
            for decoy in ["environment", "file"] {
                let planted = SecretSearch.traces(of: "\(SecretSearch.decoy)-\(decoy)", in: bytes)
                #expect(planted == ["as it is"], "the search is blind: it misses the \(decoy)")
            }
        }
        #expect(SecretSearch.traces(of: secret, in: bytes) == [])
    }
}
