import JSONKit
import LinuxKit
import RepairCore

/// Mounts a file system read-only, counts what can be reached, and reads the files, so that the look after a repair can
/// say of each file whether it holds what it held before. Runs as a process of its own.
package struct CensusRun {
    private let directory: String
    private let isAfter: Bool
    private let limit: Duration

    private static let sayEvery = Duration.milliseconds(500)

    /// - Parameters:
    ///   - directory: of the attempt; the results lie there.
    ///   - isAfter: compares with the look before.
    ///   - seconds: how long files may be read; with 0 none is.
    package init(directory: String, isAfter: Bool, seconds: Int) {
        self.directory = directory
        self.isAfter = isAfter
        limit = .seconds(seconds)
    }

    static func result(in directory: String, _ name: String) -> String {
        "\(directory)/census-\(name).json"
    }

    private static func contents(in directory: String) -> String { "\(directory)/contents" }

    /// Removes what the first look has kept for the second.
    static func forgetContents(in directory: String) { try? Files.remove(contents(in: directory)) }

    /// That it cannot be mounted is a result, too.
    /// - Throws: when the result cannot be written.
    package func run(type: String, options: String, members: [String]) throws(SystemError) {
        var census = Census()
        var ledger = ContentLedger()
        let before = isAfter ? kept : nil
        do throws(KernelRun.Failure) {
            try KernelRun.whileMounted(type: type, options: options, members: members) { point in
                let gone = count(point, &census, before)
                guard limit > .zero else { return }
                census.reading = read(point, census.bytes, &ledger, before)
                census.reading?.gone = gone
            }
        } catch {
            census.failure = "\(error)"
        }
        if !isAfter {
            try Files.replace(Self.contents(in: directory), with: ledger.bytes, mode: 0o600)
        }
        let result = Self.result(in: directory, isAfter ? "after" : "before")
        try Files.replace(result, with: census.json.compact, mode: 0o600)
    }

    private var kept: ContentLedger? {
        let path = Self.contents(in: directory)
        return (try? Files.read(path, limit: ContentLedger.longest)).map { ContentLedger($0) }
    }

    /// - Returns: how many of the files that were read before are not there any more.
    private func count(
        _ point: String, _ census: inout Census, _ before: ContentLedger?
    ) -> UInt64 {
        var counted = Census()
        var left = UInt64(before?.count ?? 0)
        var saidAt = Clock.now
        TreeWalk.visit(point) { path, entry in
            switch entry {
            case .file(let bytes):
                counted.files &+= 1
                counted.bytes &+= bytes
                if left > 0, before?.holds(path) == true { left -= 1 }
            case .directory: counted.directories &+= 1
            case .other: counted.others &+= 1
            case .unreadable(let code):
                counted.noteError(path, SystemError("read", "", code: code).reason)
                return true
            }
            counted.note(path)
            if Clock.now - saidAt > Self.sayEvery {
                saidAt = Clock.now
                Output.line(OwnLines.counted(counted.entries))
            }
            return true
        }
        Output.line(OwnLines.counted(counted.entries))
        census = counted
        return left
    }

    private func read(
        _ point: String, _ total: UInt64, _ ledger: inout ContentLedger, _ before: ContentLedger?
    ) -> Census.Reading {
        var reading = Census.Reading()
        var noted = ContentLedger()
        var done: UInt64 = 0
        let root = Array(point.utf8)
        let deadline = Clock.now + limit
        var saidAt = Clock.now
        /// Says how far it is now and then; `false` when the time is over.
        func goesOn(_ bytes: UInt64) -> Bool {
            let now = Clock.now
            if now - saidAt > Self.sayEvery {
                saidAt = now
                Output.line(OwnLines.read(done &+ bytes, of: total))
            }
            return now < deadline
        }
        TreeWalk.visit(point) { path, entry in
            guard case .file(let size) = entry else { return true }
            var sum = ContentSum()
            do throws(SystemError) {
                let isWhole = try FileContent.read(root + path) { bytes, offset in
                    sum.take(bytes, at: offset)
                    return goesOn(offset)
                }
                guard isWhole else {
                    reading.isCut = true
                    return false
                }
            } catch {
                reading.noteUnreadable(path, error.reason)
                done &+= size
                return goesOn(0)
            }
            sum.end(size: size)
            done &+= size
            reading.whole &+= 1
            if let before {
                if let isSame = before.matches(path, sum) {
                    reading.compared &+= 1
                    if !isSame { reading.noteChanged(path) }
                }
            } else {
                noted.note(path, sum)
            }
            reading.isCut = !goesOn(0)
            return !reading.isCut
        }
        Output.line(OwnLines.read(done, of: total))
        ledger = noted
        return reading
    }
}
