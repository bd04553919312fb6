/// What one line says, in terms that all checkers share.
package enum Observation: Equatable, Sendable {
    /// The checker is in this phase, the `number`th of `count` where it counts them.
    case phase(String, number: Int? = nil, count: Int? = nil)
    /// The phase has a part of its own name.
    case part(String)
    /// So much of the phase is done; `total` where the checker knows it.
    case amount(done: UInt64, total: UInt64?, unit: String)
    /// So much of the whole is done, in hundredths of a percent.
    case share(UInt64)
    /// What the checker itself expects to need still, in seconds.
    case remaining(seconds: UInt64)
    /// The phase has ended.
    case ended(String)
    /// Journal entries that have to be replayed.
    case journal(first: UInt64, last: UInt64)
    case journalReplayed
    /// The journal's last entry when the file system was closed.
    case journalClosed(at: UInt64)
    /// The journal or log is left as it is, and what follows may be errors that a replay would remove.
    case journalSkipped
    /// The checker will not go on before the log is replayed, or thrown away.
    case logMustBeReplayed
    /// The log is being thrown away.
    case logDiscarded
    case found(Int)
    case fixed(Int)
    /// Nothing is written, whatever is said to be fixed, before and behind this line.
    case nothingWritten
    /// The file system is now marked clean, or was found sound.
    case sound
    /// The version of what runs or of what is on the disk.
    case version(String)
    /// Nothing to count, and nothing to worry about.
    case remark
}
