import CryptKit
import JSONKit
import LinuxKit
import UnlockCore

/// The process that derives one key. libcryptsetup is not thread-safe, blocks for seconds and takes up to a
/// gigabyte: in a process of its own it can be given up, and all that it held goes with it.
package enum UnlockWorker {
    /// Carries the request out with the secret behind descriptor 3, and reports on standard output.
    /// - Returns: whether the passphrase was accepted.
    package static func run(_ request: WorkerRequest) throws(SystemError) -> Bool {
        // In this order: a private process may no longer write there, unless it is root.
        Process.volunteerForOutOfMemory()
        Process.keepPrivateUntilKilled()
        let secret = try SharedSecret(adopting: 3)
        prepareLocking()
        let finding = secret.withBytes { bytes in
            slice(bytes, request).map { find(request, key: $0) }
                ?? .failed("keyfile-offset=\(request.keyOffset) skips all that was given.")
        }
        Output.line(json(finding).compact)
        return finding == .accepted
    }

    private static func find(
        _ request: WorkerRequest, key: UnsafeRawBufferPointer
    ) -> AttemptMachine.Finding {
        do throws(CryptError) {
            switch request.kind {
            case .luks: try open(request, .luks, key)
            case .bitlk: try open(request, .bitlk, key)
            case .tcrypt:
                let volume = try TCryptVolume(
                    path: request.device, passphrase: key, options: request.tcryptOptions)
                if let name = request.name { try volume.open(as: name, flags: request.activation) }
            }
            return .accepted
        } catch .wrongPassphrase {
            return .wrong
        } catch {
            return .failed(error.description)
        }
    }

    private static func open(
        _ request: WorkerRequest, _ format: CryptFormat, _ key: UnsafeRawBufferPointer
    ) throws(CryptError) {
        let device = try CryptDevice(
            path: request.device, header: request.header, format: format,
            for: request.mayWrite ? .opening : .look)
        if let name = request.name {
            _ = try device.open(
                as: name, passphrase: key, keyslot: request.keyslot, flags: request.activation)
        } else {
            _ = try device.test(passphrase: key, keyslot: request.keyslot)
        }
    }

    /// The part that is the key; `nil` when it begins behind the end.
    private static func slice(
        _ bytes: UnsafeRawBufferPointer, _ request: WorkerRequest
    ) -> UnsafeRawBufferPointer? {
        guard request.keyOffset == 0 || request.keyOffset < bytes.count else { return nil }
        let rest = bytes.dropFirst(request.keyOffset)
        return UnsafeRawBufferPointer(
            rebasing: request.keySize.map { rest.prefix($0) } ?? rest)
    }

    /// libcryptsetup locks LUKS2 headers of block devices there and complains where the directory is missing.
    private static func prepareLocking() {
        try? Files.makeDirectory("/run/cryptsetup", mode: 0o700)
    }

    private static func json(_ finding: AttemptMachine.Finding) -> JSON {
        switch finding {
        case .accepted: ["result": "accepted"]
        case .wrong: ["result": "wrong"]
        case .failed(let words): ["result": "failed", "words": .string(words)]
        }
    }

    /// What a worker's output and end mean.
    static func finding(output: String, exit: ChildProcess.Exit) -> AttemptMachine.Finding {
        let report = try? JSON(parsing: output)
        switch report?["result"]?.string {
        case "accepted": return .accepted
        case "wrong": return .wrong
        case "failed": return .failed(report?["words"]?.string ?? "No reason was given.")
        default: break
        }
        if case .signal(9) = exit {
            return .failed(
                "Its worker was killed, most likely because memory ran out during the key derivation."
            )
        }
        return .failed("Its worker ended with \(exit) and without a report.")
    }
}
