import Arguments
import Unlock
import UnlockCore

enum UnlockWorkerCommand: Command {
    static let name = "unlock-worker"
    static let summary = "derives the key of one device for 'davit unlock'"
    static let isPublic = false
    static let help = """
        davit unlock-worker [--name NAME] [options] DEVICE

        Started by 'davit unlock', with the passphrase in memory behind descriptor 3.
        """

    static func run(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        let name = try reader.value("--name")
        let header = try reader.value("--header")
        let keyslot = try reader.number("--keyslot", in: 0...1023)
        let keyOffset = try reader.number("--key-offset", in: 0...Int(Int32.max))
        let keySize = try reader.number("--key-size", in: 1...Int(Int32.max))
        let kind = try reader.value("--type")
        var tcrypt = TCryptOptions()
        tcrypt.isHidden = try reader.flag("--tcrypt-hidden")
        tcrypt.isSystem = try reader.flag("--tcrypt-system")
        tcrypt.pim = try reader.number("--tcrypt-pim", in: 1...2_147_468)
        tcrypt.keyfiles = try reader.values("--tcrypt-keyfile")
        var flags: Set<UnlockOptions.Flag> = []
        for flag in UnlockOptions.Flag.allCases where try reader.flag("--\(flag.rawValue)") {
            flags.insert(flag)
        }
        guard let device = try reader.operands(atMost: 1).first else {
            throw UsageError("A device is missing.")
        }
        var request = WorkerRequest(device: device)
        request.name = name
        request.header = header
        request.keyslot = keyslot
        request.keyOffset = keyOffset ?? 0
        request.keySize = keySize
        request.flags = flags
        request.tcrypt = tcrypt
        if let kind {
            guard let kind = WorkerRequest.Kind(rawValue: kind) else {
                throw UsageError("'\(kind)' is no type that is opened here.")
            }
            request.kind = kind
        }
        return try UnlockWorker.run(request) ? .done : .failed
    }
}
