import MeshEncoding

extension FuzzTarget {
    /// Trees of values.
    static let values = [
        FuzzTarget("json") { input in
            guard let value = try? JSONValue(parsing: input) else { return }
            require((try? JSONValue(parsing: value.compact)) == value, "JSON reads as something else")
            require((try? JSONValue(parsing: value.indented)) == value, "indented JSON reads as something else")
            // Whatever JSON is, the reader of everything reads the same.
            require((try? JSONValue(decoding: input)) == value, "the tolerant reader reads something else")
        },
        FuzzTarget("json-b") { input in
            if let value = try? JSONValue(decoding: input) { requireRoundTrips(of: value) }
            _ = try? JSONValue.values(decoding: input)
        },
    ]

    /// Whatever was read is written in every encoding that has its numbers, and reads the same.
    private static func requireRoundTrips(of value: JSONValue) {
        let options = [
            JSONWritingOptions(.jsonD), JSONWritingOptions(.jsonD, nameTag: .name), JSONWritingOptions(.jsonB),
            JSONWritingOptions(.jsonC, definesNames: false),
        ]
        for (place, options) in options.enumerated() {
            guard let octets = try? value.encoded(options) else {
                require(place > 1, "a value that was read cannot be written")
                continue
            }
            let again = try? JSONValue(decoding: octets)
            require(again.map { same($0, value) } == true, "\(options.encoding) reads as something else")
        }
        _ = value.compact
        _ = value.referenceText
    }

    /// Whether two values are the same. There is one whole number 0: the sign that JSON lets it have is no part of it.
    private static func same(_ left: JSONValue, _ right: JSONValue) -> Bool {
        switch (left, right) {
        case (.array(let left), .array(let right)):
            return left.count == right.count && zip(left, right).allSatisfy(same)
        case (.object(let left), .object(let right)):
            return left.count == right.count
                && zip(left.members, right.members).allSatisfy { $0.name == $1.name && same($0.value, $1.value) }
        case (.number("0"), .number("-0")): return true
        default: return left == right
        }
    }
}
