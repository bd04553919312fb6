import Glibc

/// The kernel's log from now on, record by record.
/// Source: Documentation/ABI/testing/dev-kmsg. Oldest kernel: 3.5.
package struct KernelLogReader: ~Copyable {
    private let log: FileDescriptor

    /// Where the log cannot be read it stays empty. With `fromStart`, begins with the oldest record that is kept.
    package init(fromStart: Bool = false) {
        let flags = O_RDONLY | O_NONBLOCK
        guard let log = try? FileDescriptor(opening: Roots.dev + "/kmsg", flags) else {
            self.log = FileDescriptor(adopting: -1)
            return
        }
        if !fromStart { _ = lseek(log.number, 0, SEEK_END) }
        self.log = log
    }

    /// Becomes readable (`Poll`) when there are records; -1 where the log cannot be read.
    package var number: Int32 { log.number }

    /// The records that have come, at most `limit`: `priority,sequence,microseconds,flags;text`.
    package borrowing func take(atMost limit: Int = 256) -> [[UInt8]] {
        var records: [[UInt8]] = []
        while records.count < limit {
            do throws(SystemError) {
                guard case .bytes(let record) = try log.read(atMost: 8192) else { return records }
                records.append(record)
            } catch {
                // EPIPE: records were overwritten before they were read; the next read goes on behind the gap.
                guard error.code == EPIPE else { return records }
            }
        }
        return records
    }
}
