import Bytes

/// What a client may have open, by the names that it is given: a slot, and a number that tells a slot's next user
/// from this one, so that a handle used after its close reaches nothing.
struct HandleTable {
    enum Kind: Equatable { case file, directory }

    private struct Place {
        var kind: Kind?
        var generation: UInt32 = 0
    }

    private var places: [Place] = []

    /// A free slot for a file or directory about to be opened; `nil` when there are too many.
    mutating func reserve(_ kind: Kind) -> Int? {
        if let slot = places.firstIndex(where: { $0.kind == nil }) {
            places[slot].kind = kind
            places[slot].generation &+= 1
            return slot
        }
        guard places.count < Limits.handles else { return nil }
        places.append(Place(kind: kind))
        return places.count - 1
    }

    mutating func release(_ slot: Int) {
        if places.indices.contains(slot) { places[slot].kind = nil }
    }

    /// What the client gets; 8 bytes.
    func name(of slot: Int) -> [UInt8] {
        var name = ByteWriter()
        name.append(UInt32(truncatingIfNeeded: slot))
        name.append(places.indices.contains(slot) ? places[slot].generation : 0)
        return name.bytes
    }

    /// The slot that a client means; of either kind when `kind` is `nil`.
    func slot(_ name: ArraySlice<UInt8>, _ kind: Kind?) throws(Status) -> Int {
        var reader = ByteReader(name)
        guard let number = reader.uint32(), let generation = reader.uint32(), reader.remaining == 0
        else { throw .badHandle }
        let slot = Int(number)
        guard places.indices.contains(slot), places[slot].generation == generation,
            let found = places[slot].kind, kind == nil || found == kind
        else { throw .badHandle }
        return slot
    }
}
