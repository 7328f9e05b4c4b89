import MeshCore

/// How far a device's own copy of a container goes, for comparison with what a portal shows.
public struct ContainerPosition: Hashable, Sendable {
    /// The name of the store.
    public let container: String
    /// How many frames the copy has.
    public let count: Int
    /// The chain digest of the last one; empty if there is none.
    public let digest: [UInt8]

    /// A position of those parts.
    public init(container: String, count: Int, digest: [UInt8]) {
        self.container = container
        self.count = count
        self.digest = digest
    }
}

/// Finds out from what a portal shows that it shows an older state than before, or another history.
public enum ContainerHistory {
    /// Compares what the portal says with the copies that are here.
    ///
    /// A portal that is ahead is compared by ``check(_:continues:)`` when its frames have come.
    ///
    /// - Parameter isComplete: whether the portal was asked about all of `positions`, so that a container that it does not
    ///   mention is gone.
    /// - Returns: the containers of which the portal has more, from which index on.
    /// - Throws: ``PortalError`` `rolledBack` if it has fewer frames than it had; `forked` if it has others; `malformed` if it
    ///   says something twice or a number that cannot be.
    public static func check(
        _ status: [ContainerStatus], against positions: [ContainerPosition], isComplete: Bool = true
    ) throws(PortalError) -> [FrameSelection] {
        let own = Dictionary(positions.map { ($0.container, $0) }) { _, last in last }
        var seen: Set<String> = []
        var newer: [FrameSelection] = []
        for shown in status {
            guard seen.insert(shown.container).inserted, shown.index >= 0 else {
                throw PortalError(.malformed, "The portal does not say clearly how far its containers go.")
            }
            let position = own[shown.container]
            let count = position?.count ?? 0
            if shown.index < count { throw rolledBack(shown.container, shown.index, count) }
            if shown.index > count {
                newer.append(FrameSelection(container: shown.container, from: count))
            } else if count > 0, let position, position.digest != shown.digest.octets {
                throw forked(shown.container, count)
            }
        }
        if isComplete, let gone = positions.first(where: { $0.count > 0 && !seen.contains($0.container) }) {
            throw rolledBack(gone.container, 0, gone.count)
        }
        return newer
    }

    /// Makes sure that `update` begins where the copy ends.
    ///
    /// - Throws: ``PortalError`` `forked` if the portal's frame before the first is not the last one here; `malformed` if the
    ///   update is for another place or container.
    public static func check(
        _ update: ContainerUpdate, continues position: ContainerPosition
    ) throws(PortalError) {
        guard update.container == position.container, update.index == position.count else {
            throw PortalError(.malformed, "The portal sent other frames than were asked for.")
        }
        guard update.digest.octets == position.digest else { throw forked(position.container, position.count) }
    }

    private static func rolledBack(_ container: String, _ shown: Int, _ known: Int) -> PortalError {
        PortalError(
            .rolledBack, "The portal has \(shown) frames of \(container), and had \(known).",
            remedy: "Nothing was changed here. Ask the one who runs the portal whether an old state was restored.")
    }

    private static func forked(_ container: String, _ index: Int) -> PortalError {
        PortalError(
            .forked, "The portal shows another history of \(container) than before, at frame \(index).",
            remedy: "Nothing was changed here. Compare with another device of the account before going on.")
    }
}
