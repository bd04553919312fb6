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
}
