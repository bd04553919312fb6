import RepairCore

/// The first byte chooses what reads the rest: a checker's or the kernel's lines, a device, mdstat, what one look keeps
/// for the next, or a run that is judged.
func fuzz(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let rest = input.dropFirst()
    switch first % 8 {
    case 0, 1, 2: readLines(rest, first / 8)
    case 3, 4, 5: readDevice(rest, at: first / 8)
    case 6 where first < 128: readArrays(rest)
    case 6: compareContents(rest)
    default: judge(rest)
    }
}

/// What one look has kept for the next: of any bytes a ledger that is the same once more.
private func compareContents(_ bytes: ArraySlice<UInt8>) {
    let ledger = ContentLedger(Array(bytes))
    claim(ledger.count <= bytes.count / 16, "more files than there are bytes for")
    claim(ContentLedger(ledger.bytes) == ledger, "a ledger that is another when it is read again")
    let cut = bytes.count / 2 / 8 * 8
    var whole = ContentSum()
    var pieces = ContentSum()
    Array(bytes).withUnsafeBytes { all in
        whole.take(all, at: 0)
        pieces.take(UnsafeRawBufferPointer(rebasing: all[..<cut]), at: 0)
        pieces.take(UnsafeRawBufferPointer(rebasing: all[cut...]), at: UInt64(cut))
    }
    claim(whole == pieces, "pieces sum up to something else than the whole")
}

/// However the bytes are cut, the end is the same, and what is counted never falls.
private func readLines(_ bytes: ArraySlice<UInt8>, _ selector: UInt8) {
    let backend = Backends.all[Int(selector) % Backends.all.count]
    var whole = ProgressReader(backend)
    whole.take(bytes)
    whole.finish()
    var pieces = ProgressReader(backend)
    var last = pieces.progress
    for byte in bytes {
        pieces.take(CollectionOfOne(byte))
        let now = pieces.progress
        claim(now.steps >= last.steps && now.noise >= last.noise, "a count that falls")
        claim(now.phasesEnded >= last.phasesEnded, "a phase that was not ended after all")
        last = now
    }
    pieces.finish()
    claim(pieces.progress == whole.progress, "pieces show something else than the whole")
    claim(pieces.troubles == whole.troubles, "pieces show other troubles than the whole")
    var kernel = ProgressReader(backend)
    var lines = LineSplitter()
    lines.take(bytes) { line in
        kernel.readKernel(line)
        _ = KernelPrefix.dmesg(line)
        _ = line.names("sda")
    }
    claim(kernel.progress == Progress(), "the log of other devices counts as progress")
    for trouble in kernel.troubles { _ = trouble.nextStep(for: ["/dev/sda"]) }
    for text in [last.phase, last.part, last.unit, last.noisyLine, last.version] {
        let bytes = (text ?? "").utf8
        claim(bytes.allSatisfy { $0 >= 32 && $0 != 127 }, "what could steer a terminal: \(bytes)")
    }
    var estimator = Estimator()
    for second in 0..<4 { estimator.take(last, at: .seconds(second)) }
    _ = estimator.estimate
    for purpose in Purpose.allCases {
        for code: Int32 in [0, 1, 2, 4, 8, 134] {
            _ = backend.meaning(ofExit: code, of: purpose, last)
        }
    }
}

/// A device of 256 KiB that has the input at one of the places where superblocks are.
private func readDevice(_ bytes: ArraySlice<UInt8>, at selector: UInt8) {
    let places = [
        0, 512, 1024, 4096, 65536, 4096 + 24, 196_608, 131_072, 32_768, 61_440,
    ]
    var content = [UInt8](repeating: 0, count: 262_144)
    let start = places[Int(selector) % places.count]
    let count = min(bytes.count, content.count - start)
    content.replaceSubrange(start..<(start + count), with: bytes.prefix(count))
    let image = DiskImage(content)
    var device = LookedAt(path: "/dev/a")
    device.systems = Backends.superblocks(in: image)
    for system in device.systems {
        guard case .logNeedsReplay(let range) = system.journal else { continue }
        claim(range.blocks < 1 << 22, "a log of \(range.blocks) blocks")
        claim(range.records ?? 0 <= range.blocks / 2, "more records than blocks can hold")
        claim(!range.words.isEmpty, "a log without words")
    }
    device.copies = Backends.copies(in: image)
    device.mark = LayerMark(in: image)
    if device.mark != nil { device.otherTypes = ["part of something"] }
    var other = device
    other = LookedAt(path: "/dev/b")
    other.systems = device.systems
    other.mark = device.mark
    other.otherTypes = device.otherTypes
    for finding in Finding.all(from: [device, other]) {
        switch finding {
        case .fileSystem(let subject):
            for step in Plan(for: subject).steps { _ = step.words }
            claim(subject.missing.count <= 65536, "\(subject.missing.count) missing members")
        case .layer(let layer):
            _ = layer.words
            for allowMissing in [false, true] { _ = layer.opening(allowMissing: allowMissing) }
            claim(layer.missing.count <= 65536, "\(layer.missing.count) missing members")
        case .ambiguous, .unreadable, .nothing: break
        }
    }
}

private func readArrays(_ bytes: ArraySlice<UInt8>) {
    for array in MDStat.arrays(String(decoding: bytes, as: UTF8.self)) { _ = array.words }
}

/// A run of which each byte is a second: no step less than a pace ago is stuck, and whatever moves is not.
private func judge(_ bytes: ArraySlice<UInt8>) {
    var machine = VerdictMachine()
    var sample = VerdictMachine.Sample()
    var now = Duration.seconds(10)
    var lastMove = now
    for byte in bytes {
        if byte & 1 != 0 { sample.steps += 1 }
        if byte & 2 != 0 { sample.storage += 4096 }
        if byte & 4 != 0 { sample.noise += 3 }
        if byte & 8 != 0 { sample.processor += .milliseconds(900) }
        sample.isBlocked = byte & 16 != 0
        if byte & 3 != 0 { lastMove = now }
        let effects = machine.handle(.sampled(sample), at: now)
        claim(effects.count <= 2, "\(effects.count) effects at once")
        if machine.verdict.isStuck {
            claim(now - lastMove >= .seconds(14), "stuck although something moves")
        }
        claim(machine.deadline.map { $0 > now } == true, "no further look")
        now += .seconds(1)
    }
}
