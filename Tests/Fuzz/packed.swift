import Packing

/// A packed file: more than the limit never comes out, and nothing traps.
func fuzz(_ input: [UInt8]) {
    let limit = 1 << 18
    guard let content = try? PackedFile.content(input, limit: limit) else { return }
    claim(content.count <= max(limit, input.count), "more than the limit came out")
}
