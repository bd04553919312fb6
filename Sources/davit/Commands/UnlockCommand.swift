import Arguments
import Boot
import JSONKit
import LinuxKit
import Unlock

enum UnlockCommand: Command {
    static let name = "unlock"
    static let summary = "opens the encrypted disks, all with one passphrase"
    static let help = """
        davit unlock [NAME...] [--key-file FILE|-] [--wait SECONDS] [--timeout SECONDS]
                     [--test] [--proof] [--crypttab FILE]
        davit unlock --list [--json] [NAME...]

        Asks for one passphrase and tries it on every device that is to be opened: those of the initramfs's
        /cryptroot/crypttab; else those of rd.luks.* or cryptdevice= on the kernel's command line and of
        /etc/crypttab; else every device with a LUKS header. A NAME is one of those, a device, or a header's
        UUID; BitLocker and TrueCrypt are opened, too (types bitlk and tcrypt). The boot then goes on by itself.

        On a terminal it asks again for what did not open, and notices devices that come late.
        Otherwise the passphrase is standard input up to its end, without one newline there:
            printf %s "$PASS" | ssh root@server unlock

          --key-file FILE    takes the file's bytes as they are, newline and all; - is standard input
          --wait SECONDS     how long to wait for devices that are not there yet (30; not on a terminal)
          --timeout SECONDS  the longest that one key derivation may take (600)
          --test             proves the passphrase and opens nothing
          --proof            exit code 0 when the passphrase is right for anything that is locked, 1 when it is for
                             nothing, 2 when nothing is locked; what somebody else opened does not count
          --crypttab FILE    uses this crypttab in place of the initramfs's
          --list             shows the devices, their state, and what is missing; --json for programs

        Exit code: 0 everything is open, 1 something is not, 99 a device did not come in time.

        Example: ssh -t root@server unlock
        """

    static func run(_ arguments: [String]) throws -> ExitCode {
        var reader = ArgumentReader(arguments)
        var run = UnlockRun()
        let wantsList = try reader.flag("--list")
        let wantsJSON = try reader.flag("--json")
        let keyFile = try reader.value("--key-file")
        run.onlyTest = try reader.flag("--test")
        run.onlyProof = try reader.flag("--proof")
        if let seconds = try reader.number("--wait", in: 0...86400) { run.wait = .seconds(seconds) }
        if let seconds = try reader.number("--timeout", in: 1...86400) {
            run.workerLimit = .seconds(seconds)
        }
        if let path = try reader.value("--crypttab") { run.sources.cryptroot = path }
        run.names = try reader.operands()
        run.isKeyFile = keyFile != nil
        guard wantsList || !wantsJSON else { throw UsageError("--json goes with --list.") }
        guard !wantsList || keyFile == nil && !run.onlyTest else {
            throw UsageError(
                "--list tries no passphrase, so --key-file and --test do not go with it.")
        }

        if wantsList {
            let list = UnlockList(run)
            if wantsJSON { Output.line(list.json.pretty) } else { Output.write(list.text) }
            return .done
        }
        let ending = try unlock(run, keyFile)
        if run.onlyProof, ending == .nothing { return ExitCode(rawValue: 2) }
        if ending == .done, !run.onlyTest { GoOn.afterUnlocking { Output.line($0) } }
        return explained(ending)
    }

    private static func unlock(_ run: UnlockRun, _ keyFile: String?) throws -> UnlockRun.Ending {
        Process.keepPrivate()
        let keyboard = Keyboard()
        if let keyFile {
            let secret = try SecretInput.key(keyFile, keyboard)
            return try UnlockOnce(run)(secret)
        }
        if UnlockDialogue.isPossible { return try UnlockDialogue(run, on: keyboard)() }
        let secret = try SecretInput.passphrase(keyboard)
        return try UnlockOnce(run)(secret)
    }

    private static func explained(_ ending: UnlockRun.Ending) -> ExitCode {
        switch ending {
        case .done: return .done
        case .nothing:
            Output.error(
                "There is no LUKS device here, and no crypttab names one. 'davit unlock --list' looks again."
            )
            return .failed
        case .left(let names):
            Output.error(
                "Not open: \(list(names)). Run 'davit unlock' again with another passphrase, or when what is said above is mended."
            )
            return .failed
        case .missing(let names):
            Output.error(
                "Did not come in time: \(list(names)). Run 'davit unlock' again when the device is there."
            )
            return .timedOut
        case .unknown(let names):
            Output.error(
                "Unknown: \(list(names)). 'davit unlock --list' names what can be opened.")
            return .failed
        case .givenUp, .shellWanted:
            Output.error("Ended before everything was open.")
            return .failed
        }
    }

    private static func list(_ names: [String]) -> String { names.joined(separator: ", ") }
}
