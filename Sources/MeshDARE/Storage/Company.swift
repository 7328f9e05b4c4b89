/// What a writer knows of others that make the same file durable: how much they do at a time, and how long it takes.
///
/// Whoever synchronizes right away when several write gets one record on the disk, and all others wait for the next one: half
/// of the synchronizations are for one record. Who knows of others waits for them, for less time than that costs.
struct Company: Sendable {
    /// How many octets become durable together; 0 if nobody else was there lately.
    private(set) var size: UInt64 = 0
    /// How long waiting for others is worth it.
    var patience: Duration { min(usual / 2, Self.longest) }

    private static let longest = Duration.milliseconds(1)
    private var usual = Duration.zero

    /// Takes in that `group` octets became durable together, `own` of which this writer has appended.
    mutating func see(_ group: UInt64, own: UInt64) {
        if group > own {
            size = max(group, size - size / 8)
        } else {
            size = size / 2 > own ? size / 2 : 0
        }
    }

    /// Takes in how long a synchronization took.
    mutating func synchronizationTook(_ time: Duration) {
        // A rare slow one does not count.
        usual = usual == .zero ? time : min(usual * 7 / 8 + time / 8, usual * 2)
    }
}
