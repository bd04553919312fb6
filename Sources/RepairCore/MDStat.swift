/// One array as /proc/mdstat shows it. Source: Linux drivers/md/md.c, md_seq_show and status_resync.
package struct MDArray: Sendable, Equatable {
    package enum Activity: Sendable, Equatable {
        /// `kind` is resync, recovery, reshape, check or repair; counts in units of 1024 bytes.
        case runs(
            kind: String, done: UInt64, total: UInt64, minutesLeft: UInt64?, speed: UInt64?)
        /// DELAYED by another array on the same disks, PENDING until the first write, or REMOTE.
        case waits(kind: String, for: String)
    }

    package struct Member: Sendable, Equatable {
        package let name: String
        package let number: UInt64
        package let isFaulty: Bool
        package let isSpare: Bool
    }

    /// The kernel's name, such as `md0`.
    package let name: String
    package internal(set) var isActive = false
    package internal(set) var isReadOnly = false
    /// Such as `raid1`; empty for an array that is not active.
    package internal(set) var level = ""
    package internal(set) var members: [Member] = []
    /// How many devices it should have and how many work.
    package internal(set) var wanted: UInt64?
    package internal(set) var working: UInt64?
    package internal(set) var activity: Activity?

    package var isDegraded: Bool {
        guard let wanted, let working else { return false }
        return working < wanted
    }

    /// Such as `md0 (raid1): 1 of 2 members work; recovery 12.6 % (1 of 8 blocks), about 45 min left`.
    package var words: String {
        var text = level.isEmpty ? name : "\(name) (\(level))"
        text += isActive ? isReadOnly ? ": read-only" : ": active" : ": not active"
        if isDegraded, let wanted, let working { text += ", \(working) of \(wanted) members work" }
        switch activity {
        case .runs(let kind, let done, let total, let minutes, let speed):
            let hundredths = total > 0 ? Double(done) / Double(total) * 1000 : 0
            let tenths = UInt64(min(max(hundredths, 0), 10_000))
            text += "; \(kind) \(tenths / 10).\(tenths % 10) % (\(done) of \(total) KiB)"
            if let speed { text += " at \(speed) KiB/s" }
            if let minutes { text += ", about \(minutes) min left" }
        case .waits(let kind, let reason): text += "; \(kind) \(reason)"
        case nil: break
        }
        return text
    }
}

extension MDArray {
    /// Why what works on it is slower than usual; `nil` where the array has nothing to do for itself.
    package var burden: String? {
        guard case .runs(let kind, let done, let total, let minutes, _) = activity else {
            return nil
        }
        let share = total > 0 ? "\(min(100, done / max(1, total / 100))) %" : "its beginning"
        let left = minutes.map { ", about \($0) min left" } ?? ""
        return
            "\(name) below is at its own \(kind) (\(share)\(left)), which takes much of its disks' time"
    }
}

/// The arrays of this machine.
package enum MDStat {
    /// Bounds what a file that is not mdstat could make.
    private static let mostArrays = 4096

    package static func arrays(_ text: String) -> [MDArray] {
        var arrays: [MDArray] = []
        for raw in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let line = Line(String(raw))
            if let array = heading(line), arrays.count < mostArrays {
                arrays.append(array)
            } else if line.starts(with: " ") || line.starts(with: "\t"), !arrays.isEmpty {
                detail(line, of: &arrays[arrays.count - 1])
            }
        }
        return arrays
    }

    /// `md0 : active (auto-read-only) raid1 vdb[1](F) vda[0]`.
    private static func heading(_ line: Line) -> MDArray? {
        var line = line
        guard line.starts(with: "md"), let name = line.upTo(" : ") else { return nil }
        var array = MDArray(name: name.text)
        for word in line.text.split(separator: " ") {
            switch word {
            case "active": array.isActive = true
            case "inactive": array.isActive = false
            case "(read-only)", "(auto-read-only)": array.isReadOnly = true
            default:
                if let member = member(word) {
                    array.members.append(member)
                } else if array.isActive, array.level.isEmpty {
                    array.level = String(word)
                }
            }
        }
        return array
    }

    /// `sda1[0](F)`; F faulty, S spare, W write-mostly, J journal, R replacement.
    private static func member(_ word: Substring) -> MDArray.Member? {
        var line = Line(String(word))
        guard let name = line.upTo("["), !name.isEmpty, let number = line.number(), line.skip("]")
        else { return nil }
        return MDArray.Member(
            name: name.text, number: number, isFaulty: line.contains("(F)"),
            isSpare: line.contains("(S)"))
    }

    private static func detail(_ line: Line, of array: inout MDArray) {
        var counts = line
        if counts.upTo(" blocks ") != nil, let (wanted, working) = self.counts(counts) {
            array.wanted = wanted
            array.working = working
        }
        if let activity = activity(line) { array.activity = activity }
    }

    /// `super 1.2 [3/2] [UU_]`: the last pair of numbers in brackets.
    private static func counts(_ line: Line) -> (UInt64, UInt64)? {
        var line = line
        var found: (UInt64, UInt64)?
        while line.upTo("[") != nil {
            var inside = line
            if let wanted = inside.number(), inside.skip("/"), let working = inside.number(),
                inside.skip("]")
            {
                found = (wanted, working)
            }
        }
        return found
    }

    /// `[=>…]  recovery = 12.6% (37043392/292945152) finish=127.5min speed=33440K/sec`, or `resync=DELAYED`.
    private static func activity(_ line: Line) -> MDArray.Activity? {
        for kind in ["recovery", "resync", "reshape", "check", "repair"] {
            guard line.contains(text: kind) else { continue }
            var rest = line
            while !rest.isEmpty, rest.upTo("=") != nil {
                for reason in ["DELAYED", "PENDING", "REMOTE"]
                where rest.text.hasPrefix(reason) {
                    return .waits(kind: kind, for: reason)
                }
                var share = rest
                guard share.hundredths() != nil, share.skip("%"), share.upTo("(") != nil,
                    let done = share.number(), share.skip("/"), let total = share.number()
                else { continue }
                var minutes: UInt64?
                if share.upTo("finish=") != nil { minutes = share.hundredths().map { $0 / 100 } }
                let speed = share.upTo("speed=") == nil ? nil : share.number()
                return .runs(
                    kind: kind, done: done, total: total, minutesLeft: minutes, speed: speed)
            }
        }
        return nil
    }
}
