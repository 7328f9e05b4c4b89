import MeshEncoding

extension FuzzTarget {
    /// Trees of values.
    static let values = [
        FuzzTarget("json") { input in
            guard let value = try? JSONValue(parsing: input) else { return }
            let text = value.compact
            require((try? JSONValue(parsing: text)) == value, "JSON reads as something else")
        }
    ]
}
