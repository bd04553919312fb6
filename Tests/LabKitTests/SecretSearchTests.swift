import LabKit
import Testing

struct SecretSearchTests {
    @Test(
        "A secret is found however it is written.",
        arguments: [
            ("x=hunter22\n", ["as it is"]),
            ("68756e7465723232", ["in hexadecimal"]),
            ("aHVudGVyMjI=", ["in base64"]),
            ("hunter", []),
        ])
    func traces(text: String, forms: [String]) {
        #expect(SecretSearch.traces(of: "hunter22", in: Array(text.utf8)) == forms)
    }
}
