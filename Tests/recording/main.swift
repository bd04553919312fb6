import LinuxKit
import Recorder

// Writes into a flight recorder as a process of davit does, for the tests and for scripts/bench.
//
//   recording write DIRECTORY COUNT    COUNT entries that can be told apart and checked; 0: until it is killed
//   recording confined DIRECTORY       confines itself as the network daemon does, and records after it
//   recording bench DIRECTORY          what an event costs, beside a line that write(2) appends

/// Long enough for several slots now and then.
func remark(_ number: Int) -> String {
    "\(Host.pid)/\(number) " + String(repeating: "\(number % 10)", count: number % 300)
}

func write(_ directory: String, _ count: Int) {
    let recorder = Recorder(component: .other, directory: directory)
    var number = 0
    while count == 0 || number < count {
        recorder.record("\(remark(number))", .detail, Event(.said, code: Int32(number)))
        number += 1
        if number == 100 { Output.line("busy") }
    }
}

/// The least of many short runs, in nanoseconds a call: what else the machine does only ever adds.
func nanoseconds(_ call: () -> Void) -> Int {
    let calls = 2000
    return (0..<300).map { _ in
        let begun = Clock.now
        for _ in 0..<calls { call() }
        let (seconds, attoseconds) = (Clock.now - begun).components
        return Int(seconds * 1_000_000_000 + attoseconds / 1_000_000_000) / calls
    }.min() ?? 0
}

func bench(_ directory: String) throws {
    let recorder = Recorder(component: .other, directory: directory)
    let event = Event(.unlocking, .mapping("root"), .done, took: .seconds(2))
    let plain = nanoseconds { recorder.record(event) }
    let worded = nanoseconds {
        recorder.record("root: opened by the boot scripts", .detail, event)
    }
    let clock = nanoseconds { _ = Clock.now }
    let file = try FileDescriptor(emptying: directory + "/lines", mode: 0o600)
    let line = Array("12.345 unlock[210]: root: unlocking done after 2 s\n".utf8)
    let appended = nanoseconds { try? file.write(line) }
    Output.line("an event: \(plain) ns, of which the clock is \(clock) ns")
    Output.line("an event with a sentence: \(worded) ns")
    Output.line("a line of text appended with write(2): \(appended) ns")
}

let arguments = Process.arguments.dropFirst()
guard arguments.count >= 2, let mode = arguments.first, let directory = arguments.dropFirst().first
else { Process.exit(100) }
switch mode {
case "write": write(directory, Int(arguments.last ?? "") ?? 0)
case "bench": try bench(directory)
case "confined":
    let recorder = Recorder(component: .net, directory: directory)
    _ = Confinement.confine(places: [directory], settings: [])
    recorder.record("written after it")
    Recorder(component: .net, directory: directory).record("joined after it")
default: Process.exit(100)
}
