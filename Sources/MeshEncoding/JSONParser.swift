extension JSONValue {
    /// How deep objects and arrays of a JSON text may be nested.
    public static let maximumDepth = 64

    /// Reads one JSON text (RFC 8259), strictly: UTF-8, no duplicate names, nothing before or after but white space.
    ///
    /// - Parameter memory: how much memory the tree may take.
    /// - Throws: ``JSONError``, with the place.
    public init(parsing octets: [UInt8], memory: JSONMemoryLimit = .proportional) throws(JSONError) {
        var options = JSONReadingOptions.strict
        options.memory = memory
        try self.init(decoding: octets, options: options)
    }

    /// Reads one JSON text; see ``init(parsing:memory:)-([UInt8],_)``.
    public init(parsing text: String) throws(JSONError) {
        try self.init(parsing: Array(text.utf8))
    }

    /// Reads one value of JSON, JSON-B, JSON-C or JSON-D, with nothing before or after it but white space.
    ///
    /// Duplicate names are an error. Lengths are checked against what is there before anything is reserved.
    ///
    /// - Throws: ``JSONError``, with the place.
    public init(decoding octets: [UInt8], options: JSONReadingOptions = JSONReadingOptions()) throws(JSONError) {
        self = try octets.withUnsafeBufferPointer { (buffer) throws(JSONError) -> JSONValue in
            try JSONValue(decoding: buffer, options: options)
        }
    }

    /// Reads one value from octets that stay in place; see ``init(decoding:options:)-([UInt8],_)``.
    public init(
        decoding octets: UnsafeBufferPointer<UInt8>, options: JSONReadingOptions = JSONReadingOptions()
    ) throws(JSONError) {
        var lexer = JSONLexer(WholeJSONInput(), window: octets, options: options)
        self = try lexer.document()
    }

    /// Reads values that stand in a row, with or without white space between them. One dictionary of codes serves them all.
    ///
    /// - Throws: ``JSONError``, with the place.
    public static func values(
        decoding octets: [UInt8], options: JSONReadingOptions = JSONReadingOptions()
    ) throws(JSONError) -> [JSONValue] {
        try octets.withUnsafeBufferPointer { (buffer) throws(JSONError) -> [JSONValue] in
            var lexer = JSONLexer(WholeJSONInput(), window: buffer, options: options)
            var values: [JSONValue] = []
            while let value = try lexer.next() {
                try lexer.memory.append(value, to: &values, at: lexer.offset)
            }
            return values
        }
    }
}
