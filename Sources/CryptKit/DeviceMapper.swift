import CCryptsetup
import Glibc

/// The device mapper, as far as opening needs it beyond libcryptsetup.
package enum DeviceMapper {
    /// Whether `name` is taken by a device without a table: what a killed process leaves. The kernel shows such a
    /// device in sysfs only when its first table comes (5.15), so it is asked itself.
    package static func isHalfMade(_ name: String) -> Bool {
        _ = CryptLibraries.prepared
        guard let task = dm_task_create(Int32(DM_DEVICE_INFO)) else { return false }
        defer { dm_task_destroy(task) }
        var info = dm_info()
        guard dm_task_set_name(task, name) == 1, dm_task_run(task) == 1,
            dm_task_get_info(task, &info) == 1
        else { return false }
        return info.exists != 0 && info.live_table == 0
    }

    /// Removes the device `name`: a mapping that nothing uses, or what a killed process left without a table.
    /// - Returns: whether it is gone; `false` when it is in use.
    package static func remove(_ name: String) -> Bool {
        _ = CryptLibraries.prepared
        guard let task = dm_task_create(Int32(DM_DEVICE_REMOVE)) else { return false }
        defer { dm_task_destroy(task) }
        var cookie: UInt32 = 0
        guard dm_task_set_name(task, name) == 1,
            dm_task_set_cookie(task, &cookie, 0) == 1
        else { return false }
        let removed = dm_task_run(task) == 1
        // With udevd, /dev/mapper/NAME goes when its rules have run; without, libdevmapper removes it here.
        waitForUdev(cookie)
        return removed
    }

    /// At most ten seconds: a udevd that hangs must not hold up who unlocks.
    private static func waitForUdev(_ cookie: UInt32) {
        var isReady: Int32 = 0
        for _ in 0..<500 {
            guard dm_udev_wait_immediate(cookie, &isReady) == 1, isReady == 0 else { return }
            usleep(20_000)
        }
        // Says what udevd should have said, and takes the semaphore away.
        dm_udev_complete(cookie)
        _ = dm_udev_wait_immediate(cookie, &isReady)
    }
}
