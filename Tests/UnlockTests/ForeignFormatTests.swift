import Foundation
import LinuxKit
import Testing

/// BitLocker and TrueCrypt volumes from cryptsetup's own tests, out of the source archive that scripts/deps keeps.
@Suite(.serialized) struct ForeignFormatTests {
    private static let archive: String? = {
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path
        let cache = ProcessInfo.processInfo.environment["DAVIT_CACHE"] ?? repository + "/.cache"
        let sources = cache + "/sources/cryptsetup"
        return Files.names(in: sources).first { $0.hasSuffix(".orig.tar.gz") }
            .map { "\(sources)/\($0)" }
    }()

    /// One file of one of the archives within the archive; holes stay holes.
    private func image(_ kind: String, _ name: String, in program: Program) throws -> String {
        let archive = try #require(Self.archive)
        let script = """
            set -e
            cd "$1"
            tar xOf "$2" --wildcards "*/tests/$3-images.tar.xz" | tar xJ --sparse "$3-images/$4"
            """
        var request = ChildProcess.Request(
            "/bin/sh", ["-c", script, "sh", program.scratch, archive, kind, name])
        request.environment = ["PATH=/usr/bin:/bin"]
        var child = try ChildProcess(starting: request)
        try #require(try child.wait(until: Clock.now + patience) == .code(0))
        return "\(program.scratch)/\(kind)-images/\(name)"
    }

    @Test(.enabled(if: archive != nil, "scripts/deps has not fetched cryptsetup's sources here"))
    func bitLocker() throws {
        let program = try Program()
        let path = try image("bitlk", "bitlk-aes-xts-128.img", in: program)
        let tab = try program.file("crypttab", "windows \(path) none bitlk\n")
        let list = try program.run(["unlock", "--list", "--crypttab", tab])
        #expect(list.output.contains("windows  locked"))
        let recovery = "235818-357951-253979-013365-241120-245575-342914-591910"
        for (passphrase, code) in [("anaconda", 0), (recovery, 0), ("Anaconda", 1)]
            as [(String, Int32)]
        {
            let result = try program.run(
                ["unlock", "--test", "--crypttab", tab], input: passphrase)
            #expect(result.exit == .code(code), "\(result.errors)")
        }
        // Named as a device, without a crypttab.
        let named = try program.run(["unlock", "--test", path], input: "anaconda")
        #expect(named.output.contains("bitlk-aes-xts-128.img: the passphrase is right."))
    }

    /// AES is computed by davit itself, whatever the kernel has.
    @Test(
        .enabled(if: archive != nil, "scripts/deps has not fetched cryptsetup's sources here"),
        arguments: [
            ("tc_5-ripemd160-xts-aes", "aaaaaaaaaaaa", ""),
            ("tc_5-whirlpool-xts-aes", "aaaaaaaaaaaa", ""),
            ("tc_5-sha512-xts-aes-hidden", "bbbbbbbbbbbb", ",tcrypt-hidden"),
            ("tck_5-sha512-xts-aes", "aaaaaaaaaaaa", ",tcrypt-keyfile=K1,tcrypt-keyfile=K2"),
            ("vc_1-sha512-xts-aes", "aaaaaaaaaaaa", ""),
        ])
    func trueCrypt(volume: String, passphrase: String, options: String) throws {
        let program = try Program()
        let path = try image("tcrypt", volume, in: program)
        let key1 = try image("tcrypt", "keyfile1", in: program)
        let key2 = try image("tcrypt", "keyfile2", in: program)
        let list = options.replacingOccurrences(of: "K1", with: key1)
            .replacingOccurrences(of: "K2", with: key2)
        let tab = try program.file("crypttab", "volume \(path) none tcrypt\(list)\n")
        let right = try program.run(["unlock", "--test", "--crypttab", tab], input: passphrase)
        #expect(right.exit == .code(0), "\(right.errors)")
        #expect(right.output.contains("volume: the passphrase is right."))
        let shown = try program.run(["unlock", "--list", "--crypttab", tab])
        #expect(shown.output.contains("TrueCrypt or VeraCrypt, without Kuznyechik and Streebog"))
    }

    /// Whether it is wrong can be said only where every cipher could be tried.
    @Test(.enabled(if: archive != nil, "scripts/deps has not fetched cryptsetup's sources here"))
    func aPassphraseThatIsWrongOrCannotBeTried() throws {
        let program = try Program()
        let path = try image("tcrypt", "tc_5-sha512-xts-serpent", in: program)
        // A PIM keeps it from taking a minute.
        let tab = try program.file("crypttab", "volume \(path) none tcrypt,veracrypt-pim=1\n")
        let result = try program.run(
            ["unlock", "--test", "--crypttab", tab], input: "aaaaaaaaaaab")
        #expect(result.exit == .code(1))
        let isSure = result.errors.contains("no key slot opens with this passphrase")
        let isInDoubt = result.errors.contains("and yet it may be right: this kernel lacks ")
        #expect(isSure != isInDoubt, "\(result.errors)")
    }

    @Test func aPlainMappingIsRefusedWithTheReason() throws {
        let program = try Program()
        let disk = try program.file("disk", "no header")
        let tab = try program.file(
            "crypttab", "scratch \(disk) none plain,cipher=aes-xts-plain64\n")
        let result = try program.run(["unlock", "--crypttab", tab, "scratch"], input: "x")
        #expect(result.exit == .code(1))
        #expect(
            result.errors.contains(
                "it has no header that tells a wrong passphrase from the right one"))
        #expect(result.errors.contains("Not open: scratch."))
    }
}
