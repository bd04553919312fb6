import Dispatch
import Foundation
import LabKit

/// The lab by hand: `lab demo` tells the story of the README, `lab demo --story` the whole one.
let usage = """
    Usage: lab demo [--keep] [--delay SECONDS]
           lab demo --story [--delay SECONDS]

    Boots a Debian with an encrypted root while its DHCP server is off, starts the server SECONDS
    later (60 unless given; 120 in the whole story), unlocks the disk over SSH, and prints what happened when.

      --keep   afterwards boots the machine again, prints how to reach it, and leaves it running
      --story  a machine whose kernel cannot mount its disks: unlocked, exported, repaired by a newer
               host through a session that is cut, stopped, reset

    """

/// Ctrl-C ends the story in order, so that nothing is left of it.
func interrupting(_ task: Task<Void, any Error>) -> [any DispatchSourceSignal] {
    [SIGINT, SIGTERM, SIGHUP].map { number in
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number)
        source.setEventHandler {
            say("\nStopping; taking the machine and its network down.")
            task.cancel()
        }
        source.resume()
        return source
    }
}

var arguments = Array(CommandLine.arguments.dropFirst())
guard arguments.first == "demo" else {
    complain(usage)
    exit(100)
}
arguments.removeFirst()
var demo = Demo()
while let argument = arguments.first {
    arguments.removeFirst()
    switch argument {
    case "--keep": demo.keep = true
    case "--story": demo.isWholeStory = true
    case "--delay":
        guard let seconds = arguments.first.flatMap({ Int($0) }), (1...3600).contains(seconds)
        else {
            complain("--delay needs a number of seconds.\n")
            exit(100)
        }
        demo.delay = seconds
        arguments.removeFirst()
    default:
        complain(usage)
        exit(argument == "--help" ? 0 : 100)
    }
}

let chosen = demo
let story = Task { try await chosen.run() }
let signals = interrupting(story)
do {
    try await story.value
} catch is CancellationError {
    say("Stopped. Nothing is left behind.")
    exit(130)
} catch {
    complain("The demo failed. \(error)\n")
    exit(1)
}
withExtendedLifetime(signals) {}
