/// Some values by name, of which the ones that were not used for longest are let go.
struct RecentlyUsed<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var values: [Key: (value: Value, turn: UInt64)] = [:]
    private var turn: UInt64 = 0
    private let limit: Int

    /// At most `limit` values, at least 1.
    init(limit: Int) { self.limit = max(1, limit) }

    /// The value of `key`; using it keeps it.
    mutating func use(_ key: Key) -> Value? {
        guard let value = values[key]?.value else { return nil }
        turn += 1
        values[key] = (value, turn)
        return value
    }

    /// Sets the value of `key`; nil lets it go.
    mutating func set(_ value: Value?, for key: Key) {
        guard let value else {
            values[key] = nil
            return
        }
        turn += 1
        values[key] = (value, turn)
        if values.count > limit, let oldest = values.min(by: { $0.value.turn < $1.value.turn })?.key {
            values[oldest] = nil
        }
    }
}
