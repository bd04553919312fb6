import JSONKit
import LinuxKit
import RepairCore

extension Progress {
    /// `{phase, part, number, count, phasesEnded, done, total, unit, rate, share, journal, errorsFound, errorsFixed,
    /// steps, noise, noisyLine}`; `share` in hundredths of a percent, `rate` in units a second.
    func json(rate: Double?) -> JSON {
        [
            "phase": JSON(phase), "part": JSON(part), "number": JSON(phaseNumber),
            "count": JSON(phaseCount), "phasesEnded": .number(phasesEnded), "done": JSON(done),
            "total": JSON(total), "unit": JSON(unit), "rate": rate.map { .real($0) } ?? .null,
            "share": JSON(share),
            "journal": [
                "first": JSON(journal.first), "last": JSON(journal.last),
                "isLog": .bool(journal.isLog),
                "replayed": .bool(journal.replayed), "skipped": .bool(journal.skipped),
                "discarded": .bool(journal.discarded),
                "mustBeReplayed": .bool(journal.mustBeReplayed),
                "closedAt": JSON(journal.closedAt),
            ],
            "errorsFound": .number(errorsFound), "errorsFixed": .number(errorsFixed),
            "steps": JSON(steps), "noise": JSON(noise), "noisyLine": JSON(noisyLine),
        ]
    }
}

extension Estimate {
    var json: JSON {
        [
            "secondsLeft": JSON(left.components.seconds), "of": .string(scope.rawValue),
            "confidence": .string(confidence.rawValue),
        ]
    }
}

extension Trouble {
    func json(for members: [String]) -> JSON {
        [
            "name": .string(name), "explanation": .string(explanation),
            "nextStep": .string(nextStep(for: members)), "isFinal": .bool(isFinal),
        ]
    }
}

extension Census {
    /// `{files, directories, others, bytes, errors, firstErrors: […], places: [{name, entries}], reading: {whole,
    /// unreadable, isCut, gone, compared, changed, samples: […]}, failure}`.
    package var json: JSON {
        [
            "files": JSON(files), "directories": JSON(directories), "others": JSON(others),
            "bytes": JSON(bytes), "errors": JSON(errors),
            "firstErrors": .array(firstErrors.map { .string($0) }),
            "places": .array(
                places.sorted { $0.key < $1.key }.map {
                    ["name": .string($0.key), "entries": JSON($0.value)]
                }),
            "reading": reading.map(\.json) ?? .null, "failure": JSON(failure),
        ]
    }

    init(_ json: JSON) {
        func count(_ name: String) -> UInt64 { UInt64(clamping: json[name]?.int ?? 0) }
        var places: [String: UInt64] = [:]
        for place in json["places"]?.array ?? [] {
            guard let name = place["name"]?.string, let entries = place["entries"]?.int else {
                continue
            }
            places[name] = UInt64(clamping: entries)
        }
        self.init(
            files: count("files"), directories: count("directories"), others: count("others"),
            bytes: count("bytes"), errors: count("errors"),
            firstErrors: (json["firstErrors"]?.array ?? []).compactMap(\.string), places: places,
            reading: json["reading"].flatMap { Reading($0) }, failure: json["failure"]?.string)
    }
}

extension Census.Reading {
    fileprivate var json: JSON {
        [
            "whole": JSON(whole), "unreadable": JSON(unreadable), "isCut": .bool(isCut),
            "gone": JSON(gone), "compared": JSON(compared), "changed": JSON(changed),
            "samples": .array(samples.map { .string($0) }),
        ]
    }

    fileprivate init?(_ json: JSON) {
        guard let isCut = json["isCut"]?.bool else { return nil }
        func count(_ name: String) -> UInt64 { UInt64(clamping: json[name]?.int ?? 0) }
        self.init()
        whole = count("whole")
        unreadable = count("unreadable")
        self.isCut = isCut
        gone = count("gone")
        compared = count("compared")
        changed = count("changed")
        samples = (json["samples"]?.array ?? []).compactMap(\.string)
    }
}

extension TrialOutcome {
    var json: JSON {
        [
            "kind": .string(kind.rawValue), "words": .array(words.map { .string($0) }),
            "before": before.map(\.json) ?? .null, "after": after.map(\.json) ?? .null,
        ]
    }
}

extension FileSystem {
    var stateJSON: JSON {
        [
            "state": .string(state.words), "journal": .string(journal.words),
            "sequence": JSON(sequence), "waiting": journal.json,
        ]
    }
}

extension FileSystem.Journal {
    /// What waits for replay: `{first, last}`, of a log `{first, last, isLog, blocks, records}`, whose numbers have the
    /// cycle in the upper half and the block in the lower; `null` where nothing waits or the numbers are not known.
    fileprivate var json: JSON {
        switch self {
        case .needsReplay(let first?, let last): ["first": JSON(first), "last": JSON(last)]
        case .logNeedsReplay(let range):
            [
                "first": JSON(range.first), "last": JSON(range.last), "isLog": .bool(true),
                "blocks": JSON(range.blocks), "records": JSON(range.records),
            ]
        case .none, .empty, .needsReplay, .elsewhere, .unknown: .null
        }
    }
}

extension Finding {
    /// `{kind: fileSystem|layer|ambiguous|unreadable|nothing, …}`.
    var json: JSON {
        switch self {
        case .fileSystem(let subject): subject.json
        case .layer(let layer):
            [
                "kind": "layer", "type": .string(layer.type), "name": .string(layer.name),
                "uuid": JSON(layer.mark?.uuid),
                "members": .array(layer.paths.map { .string($0) }),
                "missing": .array(layer.missing.map { .string($0) }),
                "holders": .array(layer.holders.map { .string($0) }),
            ]
        case .ambiguous(let path, let types):
            [
                "kind": "ambiguous", "path": .string(path),
                "types": .array(types.map { .string($0) }),
            ]
        case .unreadable(let path, let reason):
            ["kind": "unreadable", "path": .string(path), "reason": .string(reason)]
        case .nothing(let path): ["kind": "nothing", "path": .string(path)]
        }
    }
}

extension Subject {
    /// `{kind: fileSystem, type, uuid, label, version, bytes, state, journal, sequence, waiting, …, members, missing, users, plan}`.
    var json: JSON {
        let system = system
        let plan = Plan(for: self)
        return [
            "kind": "fileSystem", "type": .string(system.type), "uuid": .string(system.uuid),
            "label": .string(system.label), "version": .string(system.version),
            "bytes": JSON(system.size), "state": .string(system.state.words),
            "journal": .string(system.journal.words), "sequence": JSON(system.sequence),
            "waiting": system.journal.json,
            "checksumFits": system.checksumFits.map { .bool($0) } ?? .null,
            "recordedErrors": JSON(system.recordedErrors), "lastErrorAt": JSON(system.lastErrorAt),
            "lastMountedAt": JSON(system.lastMountedAt),
            "lastMountPoint": JSON(system.lastMountPoint),
            "members": .array(
                members.map { member in
                    [
                        "path": .string(member.path), "index": JSON(member.system.memberIndex),
                        "users": .array(member.users.map { .string($0) }),
                    ]
                }),
            "missing": .array(missing.map { .string($0) }),
            "obstacles": .array(plan.obstacles.map { .string($0) }),
            "steps": .array(plan.steps.map { .string($0.words) }),
        ]
    }
}
