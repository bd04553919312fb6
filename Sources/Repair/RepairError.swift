import LinuxKit
import RepairCore

/// Why nothing was started, or why it cannot be told.
package enum RepairError: Error, Equatable, CustomStringConvertible {
    case noSuchTarget(String)
    case nothingToRepair([String])
    case several([String])
    case refused(what: String, obstacles: [String])
    /// `passedOver` says of those that are there why they will not do; whole sentences.
    case noChecker(names: [String], package: String, passedOver: [String])
    case notInKernel(type: String, purpose: String)
    case notAProgram(String, reason: String)
    case noConsent(what: String, cannotBeUndone: [String])
    case alreadyRunning(id: Int, paths: [String])
    /// The checker of a job that was killed still runs.
    case orphan(id: Int, process: Int32)
    case noSuchJob(Int?)
    case jobHasEnded(Int)
    case cannotStart
    /// The kernel offers no snapshots.
    case noSnapshots(SystemError)
    case overlay(OverlayPlan.Refusal)
    case logPlace(String, reason: String)
    case system(SystemError)

    package var description: String {
        switch self {
        case .noSuchTarget(let name):
            "\(name): no device, file, mount point, UUID or label is called so. 'davit repair' lists what is here."
        case .nothingToRepair(let words):
            (["There is no file system to check or repair."] + words).joined(separator: "\n")
        case .several(let names):
            "There are several file systems: \(names.joined(separator: "; ")). Name the one that is meant."
        case .refused(let what, let obstacles):
            "\(what) is left alone. \(obstacles.joined(separator: " "))"
        case .noChecker(let names, let package, let passedOver):
            (["There is no \(names.joined(separator: " or ")) here that can be run."] + passedOver
                + [
                    "Upload it (Debian package \(package)) to \(Checkers.uploads), or give --checker FILE. Some file systems the kernel can do itself: --kernel."
                ]).joined(separator: " ")
        case .notInKernel(let type, let purpose):
            "The kernel has no \(purpose) of \(type) that davit could use. Leave --kernel or --kernel-fsck out."
        case .notAProgram(let path, let reason): "\(path) cannot be run: \(reason)."
        case .noConsent(let what, let final):
            (["\(what) would be written to, and nobody is asked here. Give --yes to allow it."]
                + final)
                .joined(separator: " ")
        case .alreadyRunning(let id, let paths):
            "Repair \(id) is at work on \(paths.joined(separator: ", ")). 'davit repair watch \(id)' follows it, 'davit repair cancel \(id)' ends it."
        case .orphan(let id, let process):
            "The job of repair \(id) was killed, but its checker (process \(process)) still works on the same members. Let it end, or end it with SIGINT, before another begins."
        case .noSuchJob(nil): "Nothing was ever checked or repaired here since the boot."
        case .noSuchJob(let id?):
            "There is no repair \(id). 'davit repair list' names those of this boot."
        case .jobHasEnded(let id): "Repair \(id) has ended already. 'davit repair list' says how."
        case .cannotStart:
            "The job could not be started. 'davit log' may say more; is there room in /run?"
        case .noSnapshots(let error):
            "This kernel offers no snapshots for a trial (\(error.description)) Load the modules dm_snapshot and loop with 'davit modules load', or do without: --check, then --run."
        case .overlay(let refusal): refusal.description
        case .logPlace(let place, let reason):
            "No record can be kept on \(place): \(reason). Give another device with a plain, clean file system, or a directory."
        case .system(let error): error.description
        }
    }
}
