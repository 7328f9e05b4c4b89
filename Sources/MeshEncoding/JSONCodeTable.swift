/// What the codes of a stream stand for (`jsonbcd-21` §5). The scope is the whole stream; a later definition wins.
struct JSONCodeTable {
    private let dictionaries: [JSONDictionary]
    private var defined: [UInt32: (item: JSONValue, order: Int)] = [:]
    /// Dictionaries are not copied, so that inserting one costs nothing.
    private var inserted: [(dictionary: Int, base: UInt32, order: Int)] = []
    private var order = 0

    private static let maximumInsertions = 64

    init(dictionaries: [JSONDictionary]) { self.dictionaries = dictionaries }

    mutating func define(
        _ code: UInt32, as item: JSONValue, memory: inout JSONMemory, at offset: Int
    ) throws(JSONError) {
        try memory.keep(128 + Self.size(item), at: offset)
        order += 1
        defined[code] = (item, order)
    }

    mutating func insert(_ identifier: UnsafeBufferPointer<UInt8>, base: UInt32, at offset: Int) throws(JSONError) {
        guard let found = dictionaries.firstIndex(where: { $0.identifier.elementsEqual(identifier) }) else {
            throw JSONError(.unknownDictionary, at: offset, "A dictionary is named that is not known here.")
        }
        guard inserted.count < Self.maximumInsertions else {
            throw JSONError(.tooLarge, at: offset, "Dictionaries are inserted more often than is read.")
        }
        order += 1
        inserted.append((found, base, order))
    }

    /// What a code stands for. It is counted as if it were copied, though it is not: whoever works on the values does not get
    /// more to do from a short code than from what it stands for.
    func item(_ code: UInt32, memory: inout JSONMemory, at offset: Int) throws(JSONError) -> JSONValue {
        let item = try find(code, at: offset)
        try memory.charge(Self.size(item), at: offset)
        return item
    }

    private static func size(_ item: JSONValue) -> Int {
        switch item {
        case .string(let text): text.utf8.count
        case .binary(let octets): octets.count
        default: 0
        }
    }

    private func find(_ code: UInt32, at offset: Int) throws(JSONError) -> JSONValue {
        let own = defined[code]
        for entry in inserted.reversed() where entry.order > own?.order ?? 0 && code >= entry.base {
            let items = dictionaries[entry.dictionary].items
            if Int(code - entry.base) < items.count { return items[Int(code - entry.base)] }
        }
        guard let own else { throw JSONError(.undefinedCode, at: offset, "A code is used that nothing defines.") }
        return own.item
    }
}
