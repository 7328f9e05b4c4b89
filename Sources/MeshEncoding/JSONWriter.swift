/// Writes one value, or several in a row, item by item to a sink that takes the octets.
///
/// The memory it takes does not depend on how much is written: binary items of any size, known or not, are written in pieces.
/// Calls must be in an order that makes a value (a name and a value in turn in objects, every begin with its end); anything
/// else is a programmer's mistake. Methods block as the sink does, and throw what it throws.
public final class JSONWriter {
    private var printer: JSONPrinter
    private let sink: ([UInt8]) throws -> Void
    private var levels: [(isObject: Bool, isEmpty: Bool, hasName: Bool)] = []
    private var binary: Binary?

    private enum Binary {
        /// A text of base64url; up to two octets wait for a third.
        case text([UInt8])
        /// A binary item of which so many octets are still to come.
        case counted(Int)
        /// A binary item in chunks.
        case chunked
    }

    private static let capacity = 32 << 10

    /// Writes to `sink`, which is handed the octets in pieces of some 32 KiB, or more.
    ///
    /// In JSON-C a code is defined for each name that comes, unless the options say that none are.
    public init(_ options: JSONWritingOptions = JSONWritingOptions(), sink: @escaping ([UInt8]) throws -> Void) {
        printer = JSONPrinter(options)
        if options.definesNames { printer.codes?.wanted = nil }
        self.sink = sink
    }

    /// Begins an object.
    public func beginObject() throws {
        beginValue()
        printer.begin(0x7B)
        levels.append((true, true, false))
    }

    /// Begins an array.
    public func beginArray() throws {
        beginValue()
        printer.begin(0x5B)
        levels.append((false, true, false))
    }

    /// Ends the innermost object or array.
    public func end() throws {
        precondition(binary == nil, "the binary item before was not ended")
        guard let level = levels.popLast(), !level.hasName else { preconditionFailure("nothing can end here") }
        printer.end(level.isObject ? 0x7D : 0x5D, isEmpty: level.isEmpty)
        try flush(atLeast: Self.capacity)
    }

    /// Writes the name of a member, whose value is to follow. Names are not compared: each may be given once.
    public func name(_ name: String) throws {
        guard let level = levels.last, level.isObject, !level.hasName else {
            preconditionFailure("no name can stand here")
        }
        levels[levels.count - 1] = (true, false, true)
        printer.name(name)
    }

    /// Writes a whole value.
    ///
    /// - Throws: ``JSONError`` `notEncodable` if the encoding has no form of a number in it, or what the sink throws.
    public func write(_ value: JSONValue) throws {
        beginValue()
        printer.write(value)
        try printer.checkNumbers()
        try flush(atLeast: Self.capacity)
    }

    /// Begins a binary item (in JSON: a text of base64url), whose octets are to follow.
    ///
    /// - Parameter count: how many octets there will be, if that is known; the item is then one chunk.
    public func beginBinary(count: Int? = nil) throws {
        precondition(count ?? 0 >= 0, "a count of octets is not negative")
        beginValue()
        if printer.isText {
            printer.octets.append(0x22)
            binary = .text([])
        } else if let count {
            printer.writeLength(count, tag: 0x88)
            binary = .counted(count)
        } else {
            binary = .chunked
        }
    }

    /// Writes the next octets of the binary item.
    ///
    /// - Throws: ``JSONError`` `notEncodable` if there are more than were announced, or what the sink throws.
    public func writeBinary(_ octets: [UInt8]) throws {
        guard !octets.isEmpty else { return }
        switch binary {
        case .text(var pending):
            let missing = pending.isEmpty ? 0 : min(3 - pending.count, octets.count)
            pending.append(contentsOf: octets[..<missing])
            if pending.count == 3 {
                pending.withUnsafeBytes { Base64URL.append($0, to: &printer.octets) }
                pending = []
            }
            let whole = (octets.count - missing) / 3 * 3
            octets.withUnsafeBytes { octets in
                Base64URL.append(
                    UnsafeRawBufferPointer(rebasing: octets[missing..<missing + whole]), to: &printer.octets)
            }
            pending.append(contentsOf: octets[(missing + whole)...])
            binary = .text(pending)
        case .counted(let left):
            guard octets.count <= left else { throw Self.miscounted }
            binary = .counted(left - octets.count)
            return try pass(octets)
        case .chunked:
            printer.writeLength(octets.count, tag: 0x8C)
            return try pass(octets)
        case nil: preconditionFailure("no binary item was begun")
        }
        try flush(atLeast: Self.capacity)
    }

    /// Ends the binary item.
    ///
    /// - Throws: ``JSONError`` `notEncodable` if there are fewer octets than were announced, or what the sink throws.
    public func endBinary() throws {
        switch binary {
        case .text(let pending):
            pending.withUnsafeBytes { Base64URL.append($0, to: &printer.octets) }
            printer.octets.append(0x22)
            printer.endText()
        case .counted(let left): guard left == 0 else { throw Self.miscounted }
        case .chunked: printer.writeLength(0, tag: 0x88)
        case nil: preconditionFailure("no binary item was begun")
        }
        binary = nil
        try flush(atLeast: Self.capacity)
    }

    /// Hands the sink what is left. To be called when the last value is complete.
    public func finish() throws {
        precondition(levels.isEmpty && binary == nil, "the value is not complete")
        try flush(atLeast: 1)
    }

    private static let miscounted = JSONError(.notEncodable, "A binary item has not as many octets as were announced.")

    private func beginValue() {
        precondition(binary == nil, "the binary item before was not ended")
        guard let level = levels.last else { return printer.beginDocument() }
        precondition(level.isObject == level.hasName, "a name must stand before each value of an object")
        levels[levels.count - 1] = (level.isObject, false, false)
        if !level.isObject { printer.item(isInArray: true) }
    }

    private func flush(atLeast count: Int) throws {
        guard printer.octets.count >= count else { return }
        let octets = printer.octets
        printer.octets.removeAll(keepingCapacity: false)
        try sink(octets)
    }

    /// Many octets go to the sink without being copied.
    private func pass(_ octets: [UInt8]) throws {
        guard octets.count >= 4096 else {
            printer.octets.append(contentsOf: octets)
            return try flush(atLeast: Self.capacity)
        }
        try flush(atLeast: 1)
        try sink(octets)
    }
}
