/// The shell that an initramfs leaves on the console when it gave up, and whether somebody sits at it.
package struct RescueShell: Sendable, Equatable {
    package let pid: Int32
    /// When it began, since 1970.
    package let began: Duration
    /// When something was last typed on its terminal, since 1970; `nil` where that cannot be told.
    package let lastTyped: Duration?
    /// The programs that run in it now.
    package let programs: [String]

    package init(pid: Int32, began: Duration, lastTyped: Duration?, programs: [String]) {
        self.pid = pid
        self.began = began
        self.lastTyped = lastTyped
        self.programs = programs
    }

    package enum Use: Sendable, Equatable {
        /// Nobody has typed in it and nothing runs in it.
        case none
        case programs([String])
        /// Somebody typed in it, so long ago.
        case typed(ago: Duration)
        case unknown
    }

    /// The kernel notes the time of input on a terminal only when it is in another 8 seconds than the last one, which
    /// may be the making of its node in a boot that is fast. So a shell is looked at when it is as old: who types in it
    /// has been noted by then.
    /// Source: tty_update_time in drivers/tty/tty_io.c.
    package static let settled = Duration.seconds(8)

    package func use(at now: Duration) -> Use {
        guard programs.isEmpty else { return .programs(programs) }
        guard let lastTyped else { return .unknown }
        // In whole seconds, as the kernel notes them.
        guard lastTyped.components.seconds >= began.components.seconds else { return .none }
        return .typed(ago: max(.zero, now - lastTyped))
    }

    /// Whether an interactive shell with this prompt is the one that an initramfs starts when it gives up.
    ///
    /// initramfs-tools' panic(), dracut's emergency_shell() by the name of the failed step, mkinitcpio's
    /// launch_interactive_shell().
    package static func isPrompt(_ prompt: String) -> Bool {
        let beginnings = ["(initramfs)", "dracut:", "switch_root:", "[rootfs"]
        return beginnings.contains { prompt.hasPrefix($0) }
    }
}
