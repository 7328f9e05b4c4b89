/// The members of a JSON object, in their order. Names are the same if their octets are.
///
/// Looking up, adding, replacing and removing a member take a time that does not grow with their number (removing:
/// amortised), so that a registry of a hundred thousand keys can be held and changed in place.
public struct JSONObject: Sendable {
    /// Slots in order. In an object that has an index, a removed member leaves a nil, until half of them are.
    private var slots: [Slot?]
    /// Kept only once there are more than `indexThreshold` members.
    private var index: Index?

    private struct Slot: Sendable {
        let name: String
        var value: JSONValue
    }

    /// Where each name of a large object is. Beside the slots, so that small objects are small.
    private final class Index: Sendable {
        // Changed only while one object alone refers to it: see `withIndex`.
        nonisolated(unsafe) var places: [ExactText: Int]
        nonisolated(unsafe) var removed: Int

        init(places: [ExactText: Int], removed: Int) {
            self.places = places
            self.removed = removed
        }
    }

    private static let indexThreshold = 12

    /// An object without members.
    public init() { slots = [] }

    /// An object with these members; of several with one name the last stays.
    public init(_ members: KeyValuePairs<String, JSONValue>) {
        slots = []
        for (name, value) in members { self[name] = value }
    }

    /// How many members there are.
    public var count: Int { slots.count - (index?.removed ?? 0) }
    /// Whether there is none.
    public var isEmpty: Bool { count == 0 }
    /// The names in their order.
    public var names: [String] { slots.compactMap { $0?.name } }
    /// The members in their order.
    public var members: some Sequence<(name: String, value: JSONValue)> {
        slots.lazy.compactMap { slot in slot.map { (name: $0.name, value: $0.value) } }
    }

    @inline(__always)
    private func position(of name: String) -> Int? {
        if let index { return index.places[ExactText(name)] }
        for place in slots.indices where slots[place]?.name.hasOctets(of: name) == true { return place }
        return nil
    }

    /// Changes the index, if there is one, which no other object then shares.
    private mutating func withIndex(_ body: (Index) -> Void) {
        guard index != nil else { return }
        if !isKnownUniquelyReferenced(&index), let shared = index {
            index = Index(places: shared.places, removed: shared.removed)
        }
        if let own = index { body(own) }
    }

    /// The member called `name`. Setting one that is there keeps its place; a new one comes last; nil removes.
    public subscript(_ name: String) -> JSONValue? {
        get { position(of: name).flatMap { slots[$0]?.value } }
        set {
            switch (position(of: name), newValue) {
            case (let place?, let value?): slots[place]?.value = value
            case (let place?, nil): remove(at: place, name)
            case (nil, let value?): append(name, value)
            case (nil, nil): break
            }
        }
    }

    /// Adds a member that is known not to be there yet.
    private mutating func append(_ name: String, _ value: JSONValue) {
        let place = slots.count
        slots.append(Slot(name: name, value: value))
        if index != nil {
            withIndex { $0.places[ExactText(name)] = place }
        } else if place >= Self.indexThreshold {
            reindex()
        }
    }

    /// Adds a member at the end and counts the memory that it takes; false, and nothing is changed, if there is one of that
    /// name.
    @inline(__always)
    mutating func insert(
        _ name: String, _ value: JSONValue, memory: inout JSONMemory, at offset: Int
    ) throws(JSONError) -> Bool {
        if index != nil {
            // One search, which also adds; what was there is put back.
            let place = slots.count
            try Self.chargeIndex(place, memory: &memory, at: offset)
            var former: Int?
            withIndex { index in
                former = index.places.updateValue(place, forKey: ExactText(name))
                if let former { index.places[ExactText(name)] = former }
            }
            guard former == nil else { return false }
            try memory.append(Slot(name: name, value: value), to: &slots, at: offset)
            return true
        }
        guard position(of: name) == nil else { return false }
        try memory.append(Slot(name: name, value: value), to: &slots, at: offset)
        if slots.count > Self.indexThreshold {
            try Self.chargeIndex(Self.indexThreshold, memory: &memory, at: offset)
            reindex()
        }
        return true
    }

    /// Counts the room that the table of places takes for one more than `count` members: it is made anew with twice the
    /// places when three quarters of them are taken, which is at 12, 24, 48 and so on; a place takes 25 octets.
    private static func chargeIndex(_ count: Int, memory: inout JSONMemory, at offset: Int) throws(JSONError) {
        let third = count / 3
        guard third * 3 == count, third & (third - 1) == 0 else { return }
        let places = third * 8
        try memory.charge(places * 25, at: offset)
        if count > indexThreshold { memory.refund(places / 2 * 25) }
    }

    private mutating func remove(at place: Int, _ name: String) {
        guard index != nil else {
            slots.remove(at: place)
            return
        }
        slots[place] = nil
        var isSparse = false
        let count = slots.count
        withIndex { index in
            index.places[ExactText(name)] = nil
            index.removed += 1
            isSparse = index.removed > 8 && index.removed * 2 > count
        }
        if isSparse {
            slots.removeAll { $0 == nil }
            reindex()
        }
    }

    private mutating func reindex() {
        var places: [ExactText: Int] = [:]
        places.reserveCapacity(slots.count)
        for (place, slot) in slots.enumerated() {
            if let slot { places[ExactText(slot.name)] = place }
        }
        index = Index(places: places, removed: 0)
    }

    /// Changes the object that is the member called `name` in place, without copying it.
    ///
    /// - Parameter create: whether to add an empty object if there is no such member.
    /// - Returns: what `body` returns; nil if there is no such member, or it is no object.
    public mutating func modifyObject<R, E: Error>(
        _ name: String, create: Bool = false, _ body: (inout JSONObject) throws(E) -> R
    ) throws(E) -> R? {
        guard let place = position(of: name) else {
            guard create else { return nil }
            var object = JSONObject()
            let result = try body(&object)
            append(name, .object(object))
            return result
        }
        guard case .object(var object)? = slots[place]?.value else { return nil }
        // The tree gives the object up while it is changed, so that there is one owner and nothing is copied.
        slots[place]?.value = .null
        defer { slots[place]?.value = .object(object) }
        return try body(&object)
    }
}

extension JSONObject: Equatable {
    /// Equal when the members are, in the same order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count
            && zip(left.members, right.members).allSatisfy { $0.name.hasOctets(of: $1.name) && $0.value == $1.value }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// The members as written.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        slots = []
        for (name, value) in elements { self[name] = value }
    }
}
