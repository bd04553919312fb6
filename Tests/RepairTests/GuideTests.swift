import JSONKit
import Repair
import Testing

/// After what a step has shown, is the next one offered?
struct GuideTests {
    @Test(
        arguments: [
            (0, nil, nil), (1, nil, nil), (4, nil, nil), (4, "same", nil), (1, "gains", nil),
            (1, "unknown", nil),
            (8, nil, "The check could not do its work."),
            (12, nil, "The check could not do its work."),
            (128, nil, "The check could not do its work."),
            (32, nil, "The check was cancelled."),
            (33, "same", "The check was cancelled."),
            (1, "worse", "What can be mounted now could not be mounted after the repair."),
            (1, "loses", "The repair would lose files."),
            (4, "unreachable", "It could not be mounted after the repair, either."),
        ] as [(Int, String?, String?)])
    func objections(bits: Int, kind: String?, objection: String?) {
        let record: JSON = [
            "purpose": "check", "exit": ["bits": JSON(bits)],
            "trial": kind.map { ["kind": .string($0)] } ?? .null,
        ]
        #expect(Guide.objection(record) == objection)
    }

    @Test func withoutARecordNothingGoesOn() {
        #expect(Guide.objection(nil) == "The step left no record.")
        #expect(Guide.insisting(on: ["/dev/sda", "/dev/sdb"]).contains("--run /dev/sda /dev/sdb"))
    }
}
