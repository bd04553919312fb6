import Bytes

/// One message of multicast DNS: questions and records, as far as a responder for one name needs them.
/// Source: RFC 1035 §4, RFC 6762 §18.
package struct MulticastDNSMessage: Equatable, Sendable {
    package enum Kind {
        package static let address: UInt16 = 1
        package static let address6: UInt16 = 28
        package static let nextSecure: UInt16 = 47
        package static let any: UInt16 = 255
    }

    package struct Question: Equatable, Sendable {
        /// In lower case, without a closing dot.
        package var name: String
        package var kind: UInt16
        /// The answer may come by unicast (the question's top bit of the class).
        package var wantsUnicast = false

        package init(_ name: String, _ kind: UInt16, wantsUnicast: Bool = false) {
            self.name = name
            self.kind = kind
            self.wantsUnicast = wantsUnicast
        }
    }

    package struct Record: Equatable, Sendable {
        package var name: String
        package var kind: UInt16
        /// Seconds.
        package var lifetime: UInt32
        /// The only set of its name and kind (the record's top bit of the class).
        package var isUnique = false
        package var data: [UInt8]

        package init(
            _ name: String, _ kind: UInt16, lifetime: UInt32, isUnique: Bool, data: [UInt8]
        ) {
            self.name = name
            self.kind = kind
            self.lifetime = lifetime
            self.isUnique = isUnique
            self.data = data
        }
    }

    package var identifier: UInt16 = 0
    package var isResponse = false
    package var questions: [Question] = []
    package var answers: [Record] = []
    package var authorities: [Record] = []
    package var additions: [Record] = []

    package init() {}

    /// More than any honest message has; what stands behind is left out.
    private static let mostQuestions = 32
    private static let mostRecords = 64
    private static let internet: UInt16 = 1

    /// Reads one message; what stands before a broken place counts. Questions and records of other classes than IN are left out.
    /// - Returns: `nil` when it is too short, or of an operation or with an error code that a receiver must ignore (RFC 6762 §18).
    package init?(parsing bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard let identifier = reader.uint16(), let flags = reader.uint16(),
            let questionCount = reader.uint16(), let answerCount = reader.uint16(),
            let authorityCount = reader.uint16(), let additionCount = reader.uint16(),
            flags & 0x780F == 0
        else { return nil }
        self.identifier = identifier
        isResponse = flags & 0x8000 != 0
        var position = 12
        for _ in 0..<min(Int(questionCount), Self.mostQuestions) {
            guard let (name, next) = DomainName.name(in: bytes, at: position) else { return }
            var rest = ByteReader(bytes[min(next, bytes.count)...])
            guard let kind = rest.uint16(), let group = rest.uint16() else { return }
            position = next + 4
            guard group & 0x7FFF == Self.internet || group & 0x7FFF == Kind.any else { continue }
            questions.append(
                Question(name.lowercased(), kind, wantsUnicast: group & 0x8000 != 0))
        }
        // The counts of a message with too many questions lead nowhere.
        guard questionCount <= Self.mostQuestions else { return }
        answers = Self.records(answerCount, bytes, &position)
        authorities = Self.records(authorityCount, bytes, &position)
        additions = Self.records(additionCount, bytes, &position)
    }

    private static func records(
        _ count: UInt16, _ bytes: [UInt8], _ position: inout Int
    ) -> [Record] {
        var records: [Record] = []
        for _ in 0..<min(Int(count), mostRecords) {
            guard position <= bytes.count,
                let (name, next) = DomainName.name(in: bytes, at: position)
            else { break }
            var rest = ByteReader(bytes[min(next, bytes.count)...])
            guard let kind = rest.uint16(), let group = rest.uint16(),
                let lifetime = rest.uint32(), let length = rest.uint16(),
                let data = rest.bytes(Int(length))
            else {
                position = bytes.count
                break
            }
            position = next + 10 + Int(length)
            guard group & 0x7FFF == internet else { continue }
            records.append(
                Record(
                    name.lowercased(), kind, lifetime: lifetime, isUnique: group & 0x8000 != 0,
                    data: Array(data)))
        }
        return records
    }

    /// The message for the wire, without compression.
    package var encoded: [UInt8] {
        var writer = ByteWriter(reserving: 128)
        writer.append(identifier)
        // A response of ours is authoritative.
        writer.append(isResponse ? 0x8400 : UInt16(0))
        for count in [questions.count, answers.count, authorities.count, additions.count] {
            writer.append(UInt16(clamping: count))
        }
        for question in questions {
            writer.append(Self.encoded(question.name))
            writer.append(question.kind)
            writer.append(Self.internet | (question.wantsUnicast ? 0x8000 : 0))
        }
        for record in answers + authorities + additions {
            writer.append(Self.encoded(record.name))
            writer.append(record.kind)
            writer.append(Self.internet | (record.isUnique ? 0x8000 : 0))
            writer.append(record.lifetime)
            writer.append(UInt16(clamping: record.data.count))
            writer.append(record.data)
        }
        return writer.bytes
    }

    /// A name as labels; a label longer than 63 bytes is cut.
    static func encoded(_ name: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for label in name.utf8.split(separator: UInt8(ascii: ".")) {
            let label = label.prefix(63)
            bytes += [UInt8(label.count)] + label
        }
        return bytes + [0]
    }
}
