import Boot
import LinuxKit
import Testing

@Suite struct BootStageTests {
    typealias Entry = ProcessTable.Entry

    private func stage(
        _ processes: [Entry], environment: [Int32: [String: String]] = [:],
        commandLine: String = "quiet root=/dev/mapper/cryptroot ro", present: Set<String> = [],
        open: Set<String> = [], asked: Set<Int32> = []
    ) -> BootStage {
        BootStage.stage(
            processes, environment: { environment[$0]?[$1] }, commandLine: commandLine,
            exists: { present.contains($0) }, isOpen: { open.contains($0) }, asked: asked)
    }

    @Test func namesTheDeviceThatAskpassWantsAPassphraseFor() {
        let askpass = Entry(
            pid: 7, name: "askpass",
            arguments: ["/lib/cryptsetup/askpass", "Please unlock disk root: "])
        let cryptsetup = Entry(pid: 8, name: "cryptsetup", arguments: ["/sbin/cryptsetup", "open"])
        let seen = stage([askpass, cryptsetup], environment: [7: ["CRYPTTAB_NAME": "cryptroot"]])
        #expect(seen == .passphrase(device: "cryptroot"))
        #expect(seen.words == "waits for the passphrase of cryptroot")
        #expect(stage([askpass]) == .passphrase(device: "Please unlock disk root: "))
    }

    /// A disk that somebody opened by hand needs no passphrase, whatever the prompt says.
    @Test(
        arguments: [
            (["CRYPTTAB_NAME": "root"], .passphrase(device: "root"), "passphrase", []),
            (
                ["CRYPTTAB_NAME": "root"], .heldPrompt(device: "root", endless: false),
                "held-prompt", ["root"]
            ),
            (
                ["CRYPTTAB_NAME": "root", "CRYPTTAB_OPTION_tries": "2"],
                .heldPrompt(device: "root", endless: false), "held-prompt", ["root", "data"]
            ),
            (
                ["CRYPTTAB_NAME": "root", "CRYPTTAB_OPTION_tries": "0"],
                .heldPrompt(device: "root", endless: true), "held-prompt", ["root"]
            ),
            (["CRYPTTAB_NAME": "root"], .passphrase(device: "root"), "passphrase", ["data"]),
        ] as [([String: String], BootStage, String, Set<String>)])
    func doesNotAskForWhatIsOpen(
        environment: [String: String], expected: BootStage, word: String, open: Set<String>
    ) {
        let askpass = Entry(pid: 7, name: "askpass", arguments: ["/lib/cryptsetup/askpass", "?"])
        let seen = stage([askpass], environment: [7: environment], open: open)
        #expect(seen == expected)
        #expect(seen.word == word)
    }

    @Test func saysWhatEndsAPromptForWhatIsOpen() {
        #expect(
            BootStage.heldPrompt(device: "root", endless: false).words
                == "waits at a prompt for root, which is open already; 'davit unlock' ends the prompt once nothing else is locked, 'davit boot' at once"
        )
        #expect(
            BootStage.heldPrompt(device: "root", endless: true).words
                == "waits at a prompt for root, which is open already and asked for without end (tries=0); 'davit unlock root' lets that prompt open it"
        )
    }

    @Test(
        arguments: [
            ([], .opening(device: "root")), ([8], .passphrase(device: "data")),
            ([7, 8], .passphrase(device: "root")), ([9], .opening(device: "root")),
        ] as [(Set<Int32>, BootStage)])
    func namesTheDeviceThatSystemdWantsAPassphraseFor(asked: Set<Int32>, expected: BootStage) {
        let path = "/usr/lib/systemd/systemd-cryptsetup"
        let processes = [
            Entry(
                pid: 7, name: "systemd-cryptse", arguments: [path, "attach", "root", "/dev/sda"]),
            Entry(
                pid: 8, name: "systemd-cryptse", arguments: [path, "attach", "data", "/dev/sdb"]),
            Entry(pid: 9, name: "systemd-cryptse", arguments: [path, "detach", "old"]),
        ]
        #expect(stage(processes, asked: asked) == expected)
    }

    @Test func tellsAShellThatGaveUpFromAScript() {
        let script = Entry(pid: 1, name: "init", arguments: ["/bin/sh", "/init"])
        let shell = Entry(pid: 9, name: "sh", arguments: ["sh", "-i"])
        #expect(stage([script, shell], environment: [9: ["PS1": "(initramfs) "]]) == .rescueShell)
        #expect(stage([script], commandLine: "quiet") == .initramfs)
    }

    @Test(arguments: [
        ("sh", "dracut:/# "), ("bash", "[rootfs \\W]\\$ "), ("busybox", "(initramfs) "),
    ])
    func knowsTheShellsOfOtherFrameworks(program: String, prompt: String) {
        let shell = Entry(pid: 9, name: program, arguments: ["/bin/\(program)", "-i", "-l"])
        #expect(stage([shell], environment: [9: ["PS1": prompt]]) == .rescueShell)
        let other = Entry(pid: 9, name: program, arguments: ["/bin/\(program)", "/init"])
        #expect(stage([other], environment: [9: ["PS1": prompt]], commandLine: "") == .initramfs)
    }

    @Test(arguments: [
        ("root=/dev/mapper/cryptroot", "/dev/mapper/cryptroot"),
        ("root=UUID=ab-cd", "/dev/disk/by-uuid/ab-cd"),
        ("root=LABEL=top", "/dev/disk/by-label/top"),
    ])
    func waitsForTheRootDeviceUntilItIsThere(argument: String, path: String) {
        let name = String(argument.dropFirst("root=".count))
        #expect(stage([], commandLine: argument) == .rootDevice(name))
        #expect(stage([], commandLine: argument, present: [path]) == .initramfs)
    }

    @Test func aCheckerComesFirst() {
        let fsck = Entry(
            pid: 3, name: "fsck.ext4", arguments: ["fsck.ext4", "-a", "/dev/mapper/cryptroot"])
        #expect(stage([fsck]) == .checking(device: "/dev/mapper/cryptroot"))
    }
}
