import MeshCore
import Synchronization

/// Things that are to be appended together: collected in memory, and handed over in order when they are many or somebody
/// asks. What could not be appended stays, and comes first the next time.
final class AppendBuffer<Item: Sendable>: Sendable {
    /// How many octets are collected before they are appended; at least one thing is.
    let capacity: Int
    private let write: @Sendable ([Item], ContinuousClock.Instant) throws -> Void
    private let state = Mutex(State())

    private struct State {
        var items: [Item] = []
        var size = 0
    }

    /// - Parameter write: appends all of them or, if it throws, none.
    init(capacity: Int, _ write: @escaping @Sendable ([Item], ContinuousClock.Instant) throws -> Void) {
        self.capacity = capacity
        self.write = write
    }

    deinit {
        // Nobody would hear of a failure.
        try? flush(until: .now + .seconds(10))
    }

    /// How many things were added and are not appended yet.
    var count: Int { state.withLock { $0.items.count } }

    /// Adds `item`, which takes some `size` octets. If there is no room for it, what is there already is appended first;
    /// if that fails, `item` is not added.
    func add(_ item: Item, size: Int, until deadline: () -> ContinuousClock.Instant) throws {
        try state.withLock { state in
            if !state.items.isEmpty, size > capacity - state.size || state.items.count >= Self.most {
                try flush(&state, deadline())
            }
            state.items.append(item)
            // A thing that is larger than all the room is appended as soon as another comes.
            state.size += min(size, capacity)
        }
    }

    func flush(until deadline: ContinuousClock.Instant) throws { try state.withLock { try flush(&$0, deadline) } }

    /// Takes out what is not appended yet.
    func takeAll() -> [Item] {
        state.withLock { state in
            defer { state = State() }
            return state.items
        }
    }

    private static var most: Int { 1024 }

    private func flush(_ state: inout State, _ deadline: ContinuousClock.Instant) throws {
        if state.items.isEmpty { return }
        try write(state.items, deadline)
        state.items.removeAll(keepingCapacity: true)
        state.size = 0
    }
}
