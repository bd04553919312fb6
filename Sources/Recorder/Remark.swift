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

        // Arrays of bytes and memory may hold a secret, and have a description. These two fit them as well as the one
        // above does, and so the compiler takes none of the three.
        @discardableResult
        package mutating func appendInterpolation(_ bytes: some Sequence) -> Int8 { 0 }
        @discardableResult
        package mutating func appendInterpolation(_ bytes: some Sequence) -> Int16 { 0 }
    }
}
