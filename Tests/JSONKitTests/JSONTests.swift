import JSONKit
import Testing

@Suite struct JSONTests {
    @Test func whatIsWrittenIsReadBack() throws {
        let value: JSON = [
            "interface": "eth0", "tries": 7, "up": true, "lease": nil,
            "routes": ["192.0.2.1", .array([])], "text": "line\n\u{1}\"ü/",
        ]
        #expect(try JSON(parsing: value.compact) == value)
        #expect(try JSON(parsing: value.pretty) == value)
        #expect(value["tries"]?.int == 7)
        #expect(value["nothing"] == nil)
    }

    @Test func writesOneLineForPrograms() {
        let value: JSON = ["path": "/dev/sda", "n": 1]
        #expect(value.compact == #"{"path":"/dev/sda","n":1}"#)
    }

    @Test(arguments: ["", "{", "[1,", "{\"a\":}", "nonsense"]) func refusesOtherText(text: String) {
        #expect(throws: JSONError.self) { try JSON(parsing: text) }
    }

    @Test func refusesABottomlessNest() {
        #expect(throws: JSONError.self) {
            try JSON(parsing: String(repeating: "[", count: 100_000))
        }
    }
}
