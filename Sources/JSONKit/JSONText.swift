import CJSON

/// Text that is no JSON, and why.
package struct JSONError: Error, Equatable, CustomStringConvertible {
    package let description: String
}

extension JSON {
    /// Reads one JSON text; nested at most 32 deep, which is json-c's own limit.
    /// - Throws: `JSONError` with json-c's reason.
    package init(parsing text: String) throws(JSONError) {
        var reason = json_tokener_success
        guard let object = json_tokener_parse_verbose(text, &reason) else {
            // The text `null` gives no object and no error.
            guard reason == json_tokener_success else {
                throw JSONError(
                    description: "Not JSON: \(String(cString: json_tokener_error_desc(reason))).")
            }
            self = .null
            return
        }
        defer { json_object_put(object) }
        self = JSON(copying: object)
    }

    /// The value as text with a line for each member, as people read it in a rescue shell.
    package var pretty: String { text(JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED) }

    /// The value on one line.
    package var compact: String { text(JSON_C_TO_STRING_PLAIN) }

    private func text(_ style: Int32) -> String {
        let object = made()
        defer { json_object_put(object) }
        let flags = style | JSON_C_TO_STRING_NOSLASHESCAPE
        guard let text = json_object_to_json_string_ext(object, flags) else { return "null" }
        return String(cString: text)
    }

    /// A json-c object that the caller puts back; `nil` is JSON's null.
    private func made() -> OpaquePointer? {
        switch self {
        case .null: return nil
        case .bool(let value): return json_object_new_boolean(value ? 1 : 0)
        case .number(let value): return json_object_new_int64(Int64(value))
        case .real(let value): return json_object_new_double(value)
        case .string(let value):
            var value = value
            return value.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) {
                    json_object_new_string_len($0.baseAddress, Int32(clamping: $0.count))
                }
            }
        case .array(let values):
            let array = json_object_new_array()
            for value in values { json_object_array_add(array, value.made()) }
            return array
        case .object(let members):
            let object = json_object_new_object()
            for member in members {
                json_object_object_add(object, member.name, member.value.made())
            }
            return object
        }
    }

    private init(copying object: OpaquePointer?) {
        switch json_object_get_type(object) {
        case json_type_boolean: self = .bool(json_object_get_boolean(object) != 0)
        case json_type_double: self = .real(json_object_get_double(object))
        case json_type_int: self = .number(Int(json_object_get_int64(object)))
        case json_type_string:
            let start = UnsafeRawPointer(json_object_get_string(object))
            let count = Int(json_object_get_string_len(object))
            self = .string(
                String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self))
        case json_type_array:
            let count = json_object_array_length(object)
            self = .array((0..<count).map { JSON(copying: json_object_array_get_idx(object, $0)) })
        case json_type_object:
            var members: [Member] = []
            var iterator = json_object_iter_begin(object)
            var end = json_object_iter_end(object)
            while json_object_iter_equal(&iterator, &end) == 0 {
                members.append(
                    Member(
                        String(cString: json_object_iter_peek_name(&iterator)),
                        JSON(copying: json_object_iter_peek_value(&iterator))))
                json_object_iter_next(&iterator)
            }
            self = .object(members)
        default: self = .null
        }
    }
}
