/// A command line that cannot be carried out: what is wrong with which word, and what is expected.
package struct UsageError: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
