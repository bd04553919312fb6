import CBlkid
import Glibc

/// One of libblkid's probes, over a device or an image file that is open for reading.
struct Probe: ~Copyable {
    let handle: blkid_probe
    private let path: String
    private let descriptor: Int32

    /// - Throws: `.cannotOpen` or `.cannotRead`.
    init(of path: String) throws(BlkidError) {
        let opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard opened >= 0 else {
            throw .cannotOpen(path: path, reason: String(cString: strerror(errno)))
        }
        guard let probe = blkid_new_probe() else {
            close(opened)
            throw .cannotRead(path: path)
        }
        guard blkid_probe_set_device(probe, opened, 0, 0) == 0 else {
            blkid_free_probe(probe)
            close(opened)
            throw .cannotRead(path: path)
        }
        handle = probe
        descriptor = opened
        self.path = path
    }

    deinit {
        blkid_free_probe(handle)
        close(descriptor)
    }

    /// Whether the step of probing, `blkid_do_probe` or `blkid_do_safeprobe`, has found something.
    /// - Throws: `.ambiguous` or `.cannotRead`.
    func finds(_ step: (blkid_probe) -> Int32) throws(BlkidError) -> Bool {
        switch step(handle) {
        case 0: true
        case 1: false
        case -2: throw .ambiguous(path: path)
        default: throw .cannotRead(path: path)
        }
    }

    /// What was found of that name, such as `TYPE`; `nil` where nothing was.
    func value(_ name: String) -> String? {
        var text: UnsafePointer<CChar>?
        guard blkid_probe_lookup_value(handle, name, &text, nil) == 0, let text else { return nil }
        return String(cString: text)
    }
}
