import Foundation
import LUKSFixtures
import LinuxKit
import Testing

/// What the dialogue says of the devices before it asks, and how it asks.
@Suite struct GreetingTests {
    struct Row: Sendable, CustomTestStringConvertible {
        /// DISK stands for an image with LUKS, FILE for one without.
        let crypttab: [String]
        /// Before the question, in this order.
        let remarks: [String]
        let question: String
        var testDescription: String { crypttab.joined(separator: "; ") }

        init(_ crypttab: String..., says remarks: [String] = [], asks question: String) {
            self.crypttab = crypttab
            self.remarks = remarks
            self.question = question
        }
    }

    /// A crypttab of this row, with its images beside it.
    private func tab(_ program: Program, _ lines: [String]) throws -> String {
        let image = try LUKSImage(type: "LUKS2", passphrase: "Rettungsring")
        let disk = program.scratch + "/disk"
        try FileManager.default.copyItem(atPath: image.path, toPath: disk)
        let file = try program.file("file", String(repeating: "no header ", count: 1000))
        let text = lines.joined(separator: "\n")
            .replacingOccurrences(of: "DISK", with: disk)
            .replacingOccurrences(of: "FILE", with: file)
        return try program.file("crypttab", text + "\n")
    }

    @Test(arguments: [
        Row("root DISK none luks", asks: "Passphrase for root: "),
        Row("root DISK none luks", "home DISK none luks", asks: "Passphrase for root, home: "),
        Row(
            "late /dev/davit-none none luks", says: ["late: /dev/davit-none is not there yet."],
            asks: "Waiting for late. Passphrase to try when it comes: "),
        Row(
            "late /dev/davit-none none luks", "later UUID=davit-none none luks",
            says: [
                "late: /dev/davit-none is not there yet.",
                "later: UUID=davit-none is not there yet.",
            ], asks: "Waiting for late, later. Passphrase to try when it comes: "),
        Row(
            "root DISK none luks", "late /dev/davit-none none luks",
            says: ["late: /dev/davit-none is not there yet."], asks: "Passphrase for root: "),
        Row(
            "root DISK none luks,header=/dev/davit-none",
            says: ["root: its header /dev/davit-none is not there yet."],
            asks: "Waiting for root. Passphrase to try when it comes: "),
        Row(
            "swap /dev/null /etc/passwd luks", "root DISK none luks",
            says: ["swap: Its key is the file /etc/passwd, which the system uses itself."],
            asks: "Passphrase for root: "),
        Row(
            "swap /dev/null none luks,keyscript=/lib/wink", "root DISK none luks",
            says: ["swap: Its key comes from the script /lib/wink, which the system runs itself."],
            asks: "Passphrase for root: "),
        Row(
            "a/b DISK none luks", "root DISK none luks",
            says: ["crypttab line 1: 'a/b' cannot be a mapping's name."],
            asks: "Passphrase for root: "),
    ])
    func whatMattersIsSaidOnceAndThenAskedFor(row: Row) throws {
        let program = try Program()
        let session = try Session(
            program, ["unlock", "--test", "--crypttab", try tab(program, row.crypttab)])
        try session.expect(row.question)
        let said = session.before.replacingOccurrences(of: "\r", with: "")
        #expect(said == row.remarks.map { $0 + "\n" }.joined())
        try session.type("\r")
        // A second time nothing is said but that.
        try session.expect("Nothing was typed. Ctrl-D ends without unlocking.\r\n")
        try session.expect(row.question)
        #expect(session.before == "")
    }

    @Test func whatCannotBeReadIsNamedAndTheRestAskedFor() throws {
        let program = try Program()
        let tab = try tab(program, ["data FILE none luks", "root DISK none luks"])
        let session = try Session(program, ["unlock", "--test", "--crypttab", tab])
        try session.expect("Passphrase for root: ")
        let said = session.before
        #expect(said.hasPrefix("data: \(program.scratch)/file holds no"), "\(said)")
        #expect(said.split(separator: "\r\n").count == 1)
    }

    /// As a cable that is knocked off: what was typed is tried again when the disk is back.
    @Test func whatGoesAwayInTheMiddleIsTriedWhenItIsBack() throws {
        let program = try Program()
        let tab = try tab(program, ["root DISK none luks"])
        let (disk, away) = (program.scratch + "/disk", program.scratch + "/away")
        try Files.makeDirectory(program.scratch + "/run/unlock")
        // Between the question and the derivation, for as long as it takes.
        var lock = try LockFile(taking: program.scratch + "/run/unlock/lock")
        let session = try Session(program, ["unlock", "--test", "--crypttab", tab])
        try session.expect("Passphrase for root: ")
        try session.type("Rettungsring\r")
        try session.expect("is trying a passphrase now; waiting for it.")
        try FileManager.default.moveItem(atPath: disk, toPath: away)
        lock = nil
        _ = lock
        try session.expect("root: \(disk) cannot be opened: No such file or directory.")
        try session.expect("root: \(disk) is not there yet")
        try session.expect("Waiting for root, to be tried with the same passphrase")
        try FileManager.default.moveItem(atPath: away, toPath: disk)
        try session.expect("root: the passphrase is right.")
        #expect(try session.exit() == .code(0))
    }

    @Test func whatWasTypedIsKeptForWhatComesLate() throws {
        let program = try Program()
        let place = program.scratch + "/late"
        let tab = try tab(program, ["late \(place) none luks"])
        let session = try Session(program, ["unlock", "--test", "--crypttab", tab])
        try session.expect("Waiting for late. Passphrase to try when it comes: ")
        try session.type("Rettungsring\r")
        try session.expect(
            "Waiting for late, to be tried with the same passphrase; or type another: ")
        try FileManager.default.moveItem(atPath: program.scratch + "/disk", toPath: place)
        try session.expect("late: the passphrase is right.")
        #expect(try session.exit() == .code(0))
    }
}
