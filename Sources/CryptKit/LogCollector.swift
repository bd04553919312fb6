import CCryptsetup

/// Gathers what libcryptsetup says about one device: the reason of a failure stands only there.
///
/// A class, because the callback needs an address that stays.
final class LogCollector {
    /// The most that is kept: a damaged header must not fill the memory with complaints.
    private static let limit = 2000
    private var text = ""
    private let hearsDebug: Bool

    init(hearingDebug: Bool = false) { hearsDebug = hearingDebug }

    /// Everything said since the last call, as one line of sentences.
    func take() -> String {
        defer { text = "" }
        return text.split(separator: "\n").joined(separator: " ")
    }

    /// Lets `handle` talk to this collector, which must live as long as the handle.
    func attach(to handle: OpaquePointer) {
        crypt_set_log_callback(handle, Self.callback, address)
    }

    /// What `callback` needs to find this collector.
    var address: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

    static let callback:
        @convention(c) (Int32, UnsafePointer<CChar>?, UnsafeMutableRawPointer?) -> Void = {
            level, message, address in
            guard let message, let address else { return }
            let collector = Unmanaged<LogCollector>.fromOpaque(address).takeUnretainedValue()
            guard collector.hears(level) else { return }
            collector.append(String(cString: message))
        }

    private func hears(_ level: Int32) -> Bool {
        switch level {
        case CRYPT_LOG_ERROR, CRYPT_LOG_NORMAL: true
        case CRYPT_LOG_DEBUG: hearsDebug
        default: false
        }
    }

    private func append(_ words: String) {
        guard text.utf8.count < Self.limit else { return }
        text += words.hasSuffix("\n") ? words : words + "\n"
    }
}
