/// What stands in front of a message of the kernel.
package enum KernelPrefix {
    /// The line without a dmesg time stamp (`[   10.028053] `) or the head of a /dev/kmsg record (`6,1234,10028053,-;`).
    package static func stripped(_ line: Line) -> Line {
        var record = line
        if record.number() != nil, record.skip(","), record.upTo(";") != nil { return record }
        var stamped = line
        if stamped.skip("["), stamped.number() != nil, stamped.skip("."), stamped.upTo("] ") != nil
        {
            return stamped
        }
        return line
    }

    /// A /dev/kmsg record as dmesg shows it: `[   10.028053] text`; other lines as they are.
    package static func dmesg(_ line: Line) -> String {
        var record = line
        guard record.number() != nil, record.skip(","), record.number() != nil, record.skip(","),
            let microseconds = record.number(), record.upTo(";") != nil
        else { return line.text }
        let fraction = String(microseconds % 1_000_000)
        let seconds = String(microseconds / 1_000_000)
        let padding = String(repeating: " ", count: max(0, 5 - seconds.count))
        let zeros = String(repeating: "0", count: 6 - fraction.count)
        return "[\(padding)\(seconds).\(zeros)\(fraction)] \(record.text)"
    }
}
