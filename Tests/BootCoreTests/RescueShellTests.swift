import BootCore
import Testing

@Suite struct RescueShellTests {
    private func use(
        began: Int, typed: Int?, programs: [String] = [], now: Int = 1000
    ) -> RescueShell.Use {
        let shell = RescueShell(
            pid: 7, began: .seconds(began), lastTyped: typed.map { .seconds($0) },
            programs: programs)
        return shell.use(at: .seconds(now))
    }

    @Test(arguments: [
        (805, 799, RescueShell.Use.none),
        // The terminal's node was made a moment before the shell: nobody typed.
        (805, 804, .none),
        (805, 805, .typed(ago: .seconds(195))),
        (805, 990, .typed(ago: .seconds(10))),
        (805, 1001, .typed(ago: .zero)),
    ])
    func inputSinceItBeganIsUse(began: Int, typed: Int, expected: RescueShell.Use) {
        #expect(use(began: began, typed: typed) == expected)
    }

    @Test func whatRunsInItIsUse() {
        #expect(use(began: 800, typed: 0, programs: ["vi"]) == .programs(["vi"]))
        #expect(use(began: 800, typed: nil) == .unknown)
    }

    @Test(arguments: [
        ("(initramfs) ", true), ("dracut:/# ", true), ("switch_root:/# ", true),
        ("[rootfs \\W]\\$ ", true), ("# ", false), ("", false),
    ])
    func knowsTheFrameworksPrompts(prompt: String, expected: Bool) {
        #expect(RescueShell.isPrompt(prompt) == expected)
    }
}
