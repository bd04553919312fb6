import ExportCore
import Testing

struct MemberPlacesTests {
    private static func places(
        _ numbers: [Int], from first: Int = 0, kept: [Int?]? = nil, missing: Int = 0
    ) -> MemberPlaces {
        MemberPlaces(
            numbers: numbers, from: first, kept: kept ?? numbers.map { _ in nil },
            missing: missing)
    }

    @Test func `members have LUNs in their own order, and the missing ones keep theirs`() {
        #expect(Self.places([0, 1, 2]).luns == [1, 2, 3])
        let some = Self.places([0, 2], missing: 1)
        #expect(some.luns == [1, 3])
        #expect(some.held == [2])
        // Of a btrfs whose second disk was replaced by a third.
        #expect(Self.places([1, 3], from: 1).luns == [1, 3])
        #expect(Self.places([1, 3], from: 1).held == [])
    }

    @Test func `what is exported keeps its LUN`() {
        #expect(Self.places([0, 1, 2], kept: [2, nil, 3]).luns == [2, 1, 3])
        #expect(Self.places([0, 1], kept: [nil, 1]).luns == [2, 1])
    }

    @Test func `no number is one too many, and no LUN is given twice`() {
        let odd = Self.places([1, 1, .max, .min, 255, 254], missing: 2)
        #expect(Self.places([1, 1, 0]).luns == [2, 3, 1])
        #expect(odd.luns == [2, 1, 3, 4, 5, 255])
        #expect(odd.held == [6, 7])
        #expect(Self.places([], missing: .max).held.count == 255)
    }
}
