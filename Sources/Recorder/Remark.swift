/// A sentence for the log: what the programmer wrote, and values that have a description.
///
/// Bytes, pointers to bytes and secrets have no way in, whatever is done with them: the compiler refuses
/// `"\(bytes)"`, and a `SecretBytes`, which cannot be copied, has no description.
package struct Remark: ExpressibleByStringInterpolation, Sendable {
    package let text: String

    package init(stringLiteral value: String) { text = value }
    package init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        package init(literalCapacity: Int, interpolationCount: Int) {}

        package mutating func appendLiteral(_ literal: String) { text += literal }

        package mutating func appendInterpolation(_ words: String) { text += words }

        package mutating func appendInterpolation(_ words: Substring) { text += words }

        package mutating func appendInterpolation(_ value: some CustomStringConvertible) {
            text += value.description
        }

        package mutating func appendInterpolation(_ error: some Error & CustomStringConvertible) {
            text += error.description
        }

        package mutating func appendInterpolation(_ error: any Error) { text += "\(error)" }

        @available(*, unavailable, message: "bytes are not recorded: they may be a secret")
        package mutating func appendInterpolation(_ bytes: some Sequence<UInt8>) {}

        @available(*, unavailable, message: "bytes are not recorded: they may be a secret")
        package mutating func appendInterpolation(_ bytes: [UInt8]) {}

        @available(*, unavailable, message: "memory is not recorded: it may hold a secret")
        package mutating func appendInterpolation(_ memory: UnsafeRawBufferPointer) {}
    }
}
