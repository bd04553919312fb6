import ExportCore
import LinuxKit

extension Overlays {
    /// Why a stop must not take overlays away; `nil` when nothing is lost with them, or when it was asked for.
    /// - Parameters:
    ///   - isCommitting: whether they are being written to the disks; a kernel that is at it is never interrupted.
    ///   - discards: whether what they hold may be thrown away.
    static func reasonToKeep(
        _ name: ExportName, _ states: [(lun: Int, state: Snapshot.State)], isCommitting: Bool,
        discards: Bool
    ) -> Refusal? {
        if isCommitting {
            let isAtWork = states.contains { $0.state.isMerging && $0.state.fill?.bytes != nil }
            return isAtWork || !discards ? .isCommitting(name) : nil
        }
        guard !discards else { return nil }
        var held: UInt64 = 0
        for (lun, state) in states where state.target != nil {
            guard let fill = state.fill else {
                return .overlayUnseen(
                    name, "The kernel does not say how full that of LUN \(lun) is.")
            }
            if let loss = fill.loss(of: lun) { return .overlayLost(name, loss) }
            held &+= fill.bytes ?? 0
        }
        return held > 0 ? .holdsWrites(name, held) : nil
    }
}

extension SnapshotFill {
    /// Why what it held cannot be written to the disk, in words; `nil` while it can.
    func loss(of lun: Int) -> String? {
        switch self {
        case .holds: nil
        case .overflowed: "a write to LUN \(lun) did not fit into it"
        case .invalid: "that of LUN \(lun) could not be read or written"
        case .mergeFailed: "merging LUN \(lun) failed; 'dmesg' names the disk's error"
        }
    }
}
