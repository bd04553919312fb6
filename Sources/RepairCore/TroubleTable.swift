extension Trouble {
    /// The known troubles, a paragraph of four lines each: the name, with `final` where waiting or the same command
    /// again cannot help, and with the only phase in which it counts; the signs, one of which a line must hold, as the
    /// checker or the kernel spells them, with `…` for what differs; what that means; and what to do, where MEMBERS stands for those of the run.
    ///
    /// The first paragraph that fits counts, so the special ones come first. `Tests/Fixtures/troubles.txt` shows each.
    static let table: StaticString = """
        bcachefs-replay-deadlock final while journal_replay
        journal_reclaim_would_deadlock
        The journal replay of this kernel's bcachefs is in a recovery deadlock: it repeats this line for ever. \
        The repair of it went into Linux 6.9. What is on the disks is not the cause, and waiting does not help.
        Let a host with Linux 6.9 or newer recover it: 'davit export MEMBERS' here, then 'davit repair' there.

        bcachefs-members-missing final
        insufficient_devices_to_start
        bcachefs refuses to start because members are missing.
        Connect or unlock the missing members ('davit repair' names them). With enough replicas it also starts \
        without them: --degraded.

        bcachefs-read-only-journal
        insufficient writeable journal devices available
        bcachefs could not write to its journal any more when it stopped, because it was opened read-only, as bcachefs fsck does.
        That needs nothing done. 'davit repair MEMBERS' says whether the file system is clean now.

        bcachefs-too-new final
        Unsupported superblock version
        A newer bcachefs has written these members, in a format that this one does not read.
        Repair them where that version is: 'davit export MEMBERS' to a newer host, or upload newer tools.

        bcachefs-tree-lost
        no nodes found for btree
        Nothing is left of one of the trees of this bcachefs; the line names it. The trees alloc, freespace, lru, \
        backpointers and accounting are made anew from the others; without inodes, dirents or extents, files have lost \
        their attributes, names or content.
        'davit repair --trial MEMBERS' shows on overlays what is left, and what has come into lost+found.

        bcachefs-node-unreadable
        btree_node_read_error
        No copy of a node of this bcachefs's trees can be read; the line names the tree.
        Look in the kernel's log for what the disks report. 'davit repair --trial MEMBERS' shows on overlays what is left.

        bcachefs-journal-gap
        missing! (replaying
        Entries of the bcachefs journal are gone: the newest changes to files may be lost.
        Go on, by a trial first: what the journal still holds is replayed, and the check puts the rest in order.

        bcachefs-emergency
        emergency read only | emergency read-only
        bcachefs met something that it does not go on with, and writes no more.
        The line before it in the transcript names what. 'davit repair --trial MEMBERS' shows what its fsck makes of it.

        bcachefs-not-repaired final
        fsck_repair_unimplemented | fsck_errors_not_fixed
        The fsck of this bcachefs has found errors that it cannot repair or was not allowed to.
        Newer versions repair more: 'davit export MEMBERS' to a host with newer tools or a newer kernel.

        bcachefs-stuck
        Journal stuck? | Allocator stuck?
        bcachefs waits for room in its journal or for free buckets, as it does for ever where no space is left.
        Where nothing moves for minutes: 'davit repair cancel', and try it with a newer version: upload newer tools, or \
        'davit export MEMBERS' to a newer host.

        bcachefs-stopped
        error starting filesystem
        bcachefs did not get behind an error. A check often does not, because it may not mend what is in the way.
        The lines before it in the transcript name it. 'davit repair --trial MEMBERS' lets it mend what it can, on overlays.

        ext-journal-not-replayed
        skipping journal recovery because doing a read-only
        The journal was not replayed, because this check writes nothing. Errors that it names may vanish with the replay.
        Judge by the check after the replay, not by this one.

        ext-superblock-lost final
        Bad magic number in super-block
        There is no ext superblock where the first one belongs.
        'davit repair MEMBERS' looks for the copies of it and uses the first sound one.

        ext-needs-decisions final
        RUN fsck MANUALLY
        There is damage that e2fsck does not repair without being told to.
        'davit repair --run MEMBERS' answers its questions with yes; try it with --trial first.

        ext-journal-broken
        Invalid checksum recovering | journal checksum error | error loading journal | corrupted journal superblock
        The ext journal itself is damaged, so that it cannot be replayed whole.
        e2fsck replays what is sound and makes the journal anew: 'davit repair --trial MEMBERS', then --run.

        ext-inode-tables-misplaced
        SEVERE DATA LOSS POSSIBLE
        e2fsck thinks that inode tables lie elsewhere, which is as often a lost first superblock as it is true. \
        Answered with yes it writes empty tables over what is there.
        End it ('davit repair cancel'). Try a copy of the superblock on overlays first: e2fsck -b 32768, with --trial.

        ext-descriptors-lost
        group descriptors corrupted | Group descriptors look bad
        The list of ext's block groups is damaged; there are copies of it.
        e2fsck uses the copies by itself: 'davit repair --trial MEMBERS' shows with what success.

        ext-device-too-small final
        bad geometry: block count | The physical size of the device is
        The device is smaller than the ext file system on it: cut off, or an array or volume put together wrongly.
        Bring the device to its old size first. A repair would throw away all that lies behind its end.

        ext-too-new final
        Get a newer version of e2fsck
        This e2fsck is older than the file system and does not know all of its features.
        Upload a newer e2fsck (Debian package e2fsprogs), or repair on a newer host: 'davit export MEMBERS'.

        ext-lost-writes
        This should not happen!! Data will be lost
        The kernel could not write file content that was already promised: that content is lost.
        Look for what the disk reports before it in the kernel's log, and copy the disk before any repair.

        ext-recorded-error
        EXT4-fs error (device…):
        ext4 has met something on the disk that cannot be right, and has marked itself as damaged.
        Nothing is gained by mounting it again: 'davit repair --trial MEMBERS' shows what e2fsck makes of it.

        xfs-dirty-log final
        valuable metadata changes in a log which needs to
        The XFS log holds changes that are not in the file system yet. xfs_repair will not touch it.
        Let the kernel replay it: 'davit repair --run --kernel MEMBERS', then check again. Only when it cannot be \
        mounted: --discard-log, which throws these changes away.

        xfs-log-destroyed
        log which is being
        The XFS log was thrown away because that was asked for.
        Look through lost+found after the repair.

        xfs-log-unreadable final
        log mount/recovery failed | failed to locate log tail
        The kernel cannot replay the XFS log: it is damaged, or it leads to damage.
        Look on overlays at what is left without it: 'davit repair --trial --discard-log MEMBERS'.

        xfs-superblock-lost final
        could not find valid secondary superblock
        xfs_repair finds no XFS superblock at all: it is another device or partition, or one put together wrongly.
        Write nothing. Look at the partition table and at what lies below ('davit repair' names layers).

        xfs-memory
        may not be sufficient
        xfs_repair expects to need more memory than there is, and may be ended for it in the middle.
        End it ('davit repair cancel') and repair on a host with more: 'davit export MEMBERS'. Swap helps, too.

        xfs-duplicate-uuid final
        Filesystem has duplicate UUID
        An XFS with the same UUID is mounted: a snapshot, or a copy of the disk.
        Unmount the other one first, and make sure which of the two is meant.

        xfs-too-new final
        contains features not understood by this program | Superblock has unknown incompatible features
        A newer system has made this XFS, with features that this one does not know.
        Upload a newer xfs_repair, or repair on a newer host: 'davit export MEMBERS'.

        xfs-corruption
        XFS (…Metadata corruption detected | XFS (…Metadata CRC error | XFS (…Corruption of in-memory data
        XFS has read metadata that cannot be right. It stops before it writes on top of that.
        'davit repair --trial MEMBERS' shows what xfs_repair makes of it.

        xfs-shut-down
        Filesystem has been shut down
        XFS has taken itself out of use after an error; nothing more is written.
        Look for the disk's errors before that line in the kernel's log, and mend that cause first.

        btrfs-log-unreadable final
        Failed to recover log tree
        btrfs cannot replay its log, which has what was fsynced within the last half minute.
        Without it the rest mounts: 'btrfs rescue zero-log' on each of MEMBERS throws it away. First copy off what \
        '-o ro,rescue=nologreplay' shows.

        btrfs-chunk-root final
        failed to read chunk root | failed to read chunk tree | cannot read chunk root | Couldn't read chunk tree
        btrfs cannot read the tree that says where everything lies.
        'btrfs rescue chunk-recover' builds it anew from a scan; do that on a copy, or take the files out by 'btrfs restore'.

        btrfs-member-missing final
        devid…is missing | warning, device…is missing
        A member of the btrfs is missing.
        Connect or unlock it ('davit repair' names what is here). With enough copies it also goes on without it: --degraded.

        btrfs-broken-node
        checksum verify failed on
        A copy of a tree block of btrfs does not match its checksum. Where there is a second copy, btrfs uses that.
        When the check ends well, there was one: 'btrfs scrub start' on the mounted file system mends the other. When not, \
        first copy off what can be read: mount with '-o ro,rescue=all'. 'btrfs check --repair' may lose more than it saves.

        btrfs-lost-writes
        parent transid verify failed on
        btrfs finds older blocks than it wrote: the disk lost writes that it had confirmed.
        Mount with '-o ro,rescue=usebackuproot', and copy off what can be read before any repair.

        btrfs-bad-memory
        corrupt leaf: | corrupt node:
        A tree block of btrfs has a fitting checksum and senseless content: it was damaged in memory before it was written.
        Test this machine's memory before anything is written here; repair on another host: 'davit export MEMBERS'.

        btrfs-data-checksum
        csum failed root | csum failed ino
        The content of a file does not match its checksum; where there is a second copy, btrfs has used that.
        'btrfs scrub start' on the mounted file system finds all of them and mends those with a second copy.

        f2fs-no-checkpoint final
        Failed to get valid F2FS checkpoint | Can't find valid checkpoint
        Both checkpoints of the f2fs are damaged.
        Copy the device before anything else; a newer fsck.f2fs may do more.

        vfat-both-tables final
        Both FATs appear to be corrupt
        Neither copy of the file allocation table is sound, and fsck.vfat does not guess.
        Copy the device, then 'fsck.vfat -F 1 -a' on the copy. An EFI system partition is made anew more easily.

        vfat-charset final
        IO charset…not found | codepage…not found
        The kernel lacks the module for the names of this vfat.
        'davit modules load nls_cp437 nls_ascii nls_iso8859-1', and again.

        jfs-recorded-error
        ERROR: (device…[jfs]:
        JFS has met something on the disk that cannot be right.
        'davit repair --trial MEMBERS' shows what fsck.jfs makes of it.

        jfs-log-unreadable
        logredo failed (rc= | imply the log is corrupt
        The JFS log cannot be replayed: the newest changes to files may be lost.
        fsck.jfs goes on without it, makes the log anew, and ends with 0 all the same: look through the newest files.

        jfs-superblocks-lost final
        both the primary and secondary superblocks are corrupt
        fsck.jfs finds no JFS superblock at all: it is another device or partition, or one put together wrongly.
        Write nothing. Look at the partition table and at what lies below ('davit repair' names layers).

        jfs-root-made-anew
        Initialized tree created for root directory
        The root directory of this JFS was damaged, and fsck.jfs has put an empty one in its place.
        Look for what was in it in lost+found.

        mount-wants-to-write final
        write access unavailable
        The device can only be read, and the file system cannot be mounted before its journal is replayed, which writes.
        Make the device writable, or try it on overlays, where anything can be written: 'davit repair --trial MEMBERS'.

        features-too-new final
        unsupported optional features | unsupported option features
        A newer kernel has made this file system, with features that this one does not know.
        Repair it on a host with a newer kernel: 'davit export MEMBERS'.

        md-dirty-degraded final
        cannot start dirty degraded array
        The array lacks a member and was not closed in order: some of its stripes may not fit together.
        Bring the missing member. Without it: 'mdadm --assemble --force', after copies of all members.

        md-too-few-members final
        not enough operational
        The array lacks more members than it can do without.
        Bring them. One that was only left out as stale comes back by 'mdadm --assemble --force'; copy all members first.

        md-stale-member
        kicking non-fresh
        md leaves out a member that missed the latest writes.
        Leave it out while the others work; 'mdadm --add' brings it up to date after the repair.

        md-member-failed
        Disk failure on
        md has taken a failing member out of the array.
        Copy off or repair what the others hold before that disk is replaced; no second one may fail now.

        md-unreadable
        unrecoverable I/O read error | read error not correctable
        No member of the array can read these blocks any more.
        Copy all members first (ddrescue), and repair on the copies.

        dm-snapshot-full final
        Invalidating snapshot
        A snapshot ran full and is lost, an overlay of a trial for instance; what lies below it is as it was.
        Again with more room: --overlay-in with a directory on another disk.

        dm-thin-full final
        out-of-data-space | reached low water mark for data device
        The pool of a thin volume is full: writes wait, then fail.
        Give the pool room (lvextend) before the repair goes on.

        dm-integrity
        Checksum failed at sector | INTEGRITY AEAD ERROR
        Sectors do not match the checksums that dm-integrity keeps: the disk gives back other data than it was given.
        Copy the disk before any repair. An array above mends it from another member.

        crypt-cipher-missing final
        Error allocating crypto tfm
        The kernel has no module for the cipher of this LUKS device.
        Load it: 'davit modules load' with the names in the cipher, such as xts and aes; 'davit unlock --list' shows it.

        disk-medium
        critical medium error | Medium Error | Unrecovered read error | Unrecovered Read Error | { UNC }
        The disk cannot read sectors that it stored. A repair on it loses more, and reading may make it worse.
        Copy the disk first (ddrescue), and repair the copy.

        disk-gone final
        rejecting I/O to offline device | Device offlined - not ready | controller is down; will reset
        The disk does not answer any more: it, its cable, or its power is gone.
        Nothing that is written now arrives. End this, mend that cause, and look again.

        disk-thin-full
        critical space allocation error
        The storage below this disk is full, so that writes fail.
        Give it room before the repair goes on.

        disk-cable
        { ICRC ABRT } | BadCRC
        Data is damaged on its way to the disk or back: that is the cable or the plug far more often than the disk.
        End this before it writes, change the cable, and check again.

        disk-timeout
        timeout, aborting | timeout, reset controller | hard resetting link
        The disk took too long to answer and was reset. Everything on it waits meanwhile.
        Once is no reason for anything. When it comes again and again, copy the disk first (ddrescue).

        disk-errors
        I/O error | Input/output error
        The disk itself reports errors. A repair on a failing disk loses more.
        Copy the disk first (ddrescue), and repair the copy.

        checker-lacks-libgcc final
        libgcc_s.so.1 must be installed
        The checker needs libgcc_s.so.1 to end its threads, and it is not here.
        Upload libgcc_s.so.1 next to the checker's libraries.

        checker-lacks-libraries final
        error while loading shared libraries | version `GLIBC
        The checker was built for another system and lacks its shared libraries here.
        Upload them too, with LD_LIBRARY_PATH naming their directory, or a checker that is linked statically; or bake \
        it in: 'checkers =' in davit.conf.

        memory-out final
        Cannot allocate memory | Memory allocation failed | Out of memory: Killed process | Ran out of memory
        There is not enough memory here for this check.
        Repair on a host with more: 'davit export MEMBERS'. Swap on a disk that is sound helps, too.
        """
}
