import Bytes
import SFTPCore

/// The input is what a client sends after its version: packets with their lengths. What is to be carried out goes well
/// or badly by turns.
func fuzz(_ input: [UInt8]) {
    var dispatcher = Dispatcher(isReadOnly: input.first?.isMultiple(of: 2) ?? false)
    _ = dispatcher.receive([1, 0, 0, 0, 3])
    var rest = input.dropFirst()
    var open: Set<Int> = []
    var turn = false
    while case .packet(let length) = Dispatcher.frame(rest) {
        let packet = rest.dropFirst(4).prefix(length)
        rest = rest.dropFirst(4 + length)
        guard case .perform(let id, let operation) = dispatcher.receive(packet) else { continue }
        turn.toggle()
        follow(operation, goesWell: turn, &open)
        let reply = dispatcher.finish(
            id, operation, turn ? .done : .failed(Status(.failure, "no")))
        var reader = ByteReader(reply)
        claim(reader.uint32().map { Int($0) } == reply.count - 4, "a reply of the wrong length")
    }
}

/// What a driver does with slots: a slot is open when it is used, and free when it is given.
private func follow(_ operation: Operation, goesWell: Bool, _ open: inout Set<Int>) {
    switch operation {
    case .open(let slot, _, _, _), .openDirectory(let slot, _):
        claim(slot >= 0 && slot < Limits.handles, "slot \(slot) is out of bounds")
        claim(!open.contains(slot), "slot \(slot) is given twice")
        if goesWell { open.insert(slot) }
    case .close(let slot): claim(open.remove(slot) != nil, "slot \(slot) is closed twice")
    case .read(let slot, _, let count):
        claim(open.contains(slot), "slot \(slot) is not open")
        claim((0...Limits.content).contains(count), "\(count) bytes are too many")
    case .write(let slot, _, _), .readDirectory(let slot), .lookAtOpen(let slot),
        .changeOpen(let slot, _), .sync(let slot), .fileSystemOfOpen(let slot):
        claim(open.contains(slot), "slot \(slot) is not open")
    case .copy(let from, _, _, let to, _):
        claim(open.contains(from) && open.contains(to), "slots \(from) and \(to) are not open")
    case .look(let path, _), .change(let path, _, _), .remove(let path),
        .makeDirectory(let path, _), .removeDirectory(let path), .resolve(let path),
        .expand(let path), .readLink(let path), .fileSystem(let path):
        claim(isPath(path), "no path")
    case .rename(let path, let other, _), .makeLink(let path, let other),
        .makeHardLink(let path, let other):
        claim(isPath(path) && isPath(other), "no path")
    case .home: break
    }
}

private func isPath(_ path: PathBytes) -> Bool { !path.isEmpty && !path.contains(0) }
