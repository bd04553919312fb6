/// What can be reached in a mounted file system: counts, what could not be read, and whether files hold what they held.
package struct Census: Sendable, Equatable {
    package var files: UInt64 = 0
    package var directories: UInt64 = 0
    package var others: UInt64 = 0
    /// The sum of the files' sizes.
    package var bytes: UInt64 = 0
    /// Names that could not be looked at or into.
    package private(set) var errors: UInt64 = 0
    /// The first of those, each with the kernel's reason.
    package private(set) var firstErrors: [String] = []
    /// Entries by the first part of their path, such as `home`; what exceeds the bound is only in the sums.
    package private(set) var places: [String: UInt64] = [:]
    /// What reading the files showed; `nil` where none was to be read.
    package var reading: Reading?
    /// Why it could not be mounted at all.
    package var failure: String?

    /// The files' content.
    package struct Reading: Sendable, Equatable {
        /// Files that were read from their start to their end.
        package var whole: UInt64 = 0
        /// Files that the kernel could not read.
        package var unreadable: UInt64 = 0
        /// The time for it was over before all files were read.
        package var isCut = false
        /// Of the files that had been read before: how many are not there any more, how many were read again, and how
        /// many of these hold something else.
        package var gone: UInt64 = 0
        package var compared: UInt64 = 0
        package var changed: UInt64 = 0
        /// The first of those that hold something else or cannot be read.
        package var samples: [String] = []

        package init() {}

        package mutating func noteUnreadable(_ path: [UInt8], _ reason: String) {
            unreadable &+= 1
            sample(path, reason)
        }

        package mutating func noteChanged(_ path: [UInt8]) {
            changed &+= 1
            sample(path, "holds something else than before")
        }

        private mutating func sample(_ path: [UInt8], _ words: String) {
            guard samples.count < Census.mostSamples else { return }
            samples.append("\(Line(path[...]).text): \(words)")
        }
    }

    private static let mostSamples = 8
    private static let mostPlaces = 256

    package init() {}

    package var entries: UInt64 { files &+ directories &+ others }

    /// Counts `path`, which begins with `/`, towards the place that it is in.
    package mutating func note(_ path: [UInt8]) {
        let place = String(
            decoding: path.dropFirst().prefix { $0 != UInt8(ascii: "/") }, as: UTF8.self)
        if let known = places[place] {
            places[place] = known &+ 1
        } else if places.count < Self.mostPlaces {
            places[place] = 1
        }
    }

    package mutating func noteError(_ path: [UInt8], _ reason: String) {
        errors &+= 1
        guard firstErrors.count < Self.mostSamples else { return }
        firstErrors.append("\(path.isEmpty ? "/" : Line(path[...]).text): \(reason)")
    }

    /// Puts back what was written down.
    package init(
        files: UInt64, directories: UInt64, others: UInt64, bytes: UInt64, errors: UInt64,
        firstErrors: [String], places: [String: UInt64], reading: Reading? = nil, failure: String?
    ) {
        self.files = files
        self.directories = directories
        self.others = others
        self.bytes = bytes
        self.errors = errors
        self.firstErrors = firstErrors
        self.places = places
        self.reading = reading
        self.failure = failure
    }

    package var words: String {
        if let failure {
            return
                "cannot be mounted: \(failure.hasSuffix(".") ? String(failure.dropLast()) : failure)"
        }
        let unread = errors > 0 ? ", \(errors) names not readable" : ""
        return
            "\(files) files and \(directories) directories with \(bytes) bytes\(unread)\(read)"
    }

    private var read: String {
        guard let reading else { return "" }
        let bad =
            reading.unreadable > 0 ? ", and \(reading.unreadable) files cannot be read" : ""
        guard reading.isCut else {
            return bad.isEmpty ? "; every file can be read" : bad
        }
        return
            "; the time for reading them was over after \(reading.whole &+ reading.unreadable) files\(bad)"
    }
}
