import MeshPortalService

/// What several tasks did with a store, and when: to be put in an order in which a plain dictionary would have answered
/// the same (linearizability; the search is that of Wing and Gong, with the memory of Lowe).
struct PortalHistory: Sendable {
    /// How many keys there are.
    static let keys = 3

    /// What a change expects: no matter what, nothing, or the content that was read with the version it names.
    enum Expectation: Hashable, Sendable {
        case anything
        case content(Int?)
    }

    struct Change: Hashable, Sendable {
        let key: Int
        let expecting: Expectation
        /// What is put, each time something else; nil removes.
        let content: Int?
    }

    /// A call with its answer.
    enum Call: Hashable, Sendable {
        case read(key: Int, content: Int?)
        case list([Int?])
        case commit([Change], isDone: Bool)
        case count(Int)
        case append(expecting: Int, isDone: Bool)
        case remove
    }

    struct Event: Sendable {
        let call: Call
        /// When it began and when it ended, on a clock that counts both.
        let begun: Int
        let ended: Int
    }

    /// What a store holds.
    private struct Content: Hashable {
        var records = [Int?](repeating: nil, count: PortalHistory.keys)
        var frames = 0

        /// What is there after `call`; nil if the answer would have been another.
        func after(_ call: Call) -> Content? {
            var next = self
            switch call {
            case .read(let key, let content): return records[key] == content ? self : nil
            case .list(let contents): return records == contents ? self : nil
            case .count(let count): return frames == count ? self : nil
            case .append(let count, let isDone):
                guard isDone == (frames == count) else { return nil }
                if isDone { next.frames += 1 }
            case .commit(let changes, let isDone):
                let fits = changes.allSatisfy { change in
                    switch change.expecting {
                    case .anything: true
                    case .content(let content): records[change.key] == content
                    }
                }
                guard isDone == fits else { return nil }
                if isDone { for change in changes { next.records[change.key] = change.content } }
            case .remove: next = Content()
            }
            return next
        }
    }

    private struct Place: Hashable {
        var done: UInt64
        let content: Content
    }

    /// Whether there is an order. At most 64 events.
    static func isLinearizable(_ events: [Event]) -> Bool {
        precondition(events.count <= 64)
        let all: UInt64 = events.count == 64 ? .max : (1 << UInt64(events.count)) - 1
        var seen: Set<Place> = []
        var open = [Place(done: 0, content: Content())]
        while let place = open.popLast() {
            if place.done == all { return true }
            guard seen.insert(place).inserted else { continue }
            let rest = events.indices.filter { place.done & 1 << UInt64($0) == 0 }
            // Whatever began after another had ended comes after it.
            let firstEnd = rest.map { events[$0].ended }.min() ?? 0
            for index in rest where events[index].begun < firstEnd {
                guard let content = place.content.after(events[index].call) else { continue }
                open.append(Place(done: place.done | 1 << UInt64(index), content: content))
            }
        }
        return false
    }
}
