import MeshDARE

/// What names a ``PortalStore`` takes, and how it decides on changes: the same for every store.
public enum PortalStoreRules {
    /// The most octets of a key.
    public static let mostKeyOctets = 512

    /// Whether `key` can be that of a record: `[A-Za-z0-9-]+/` and any UTF-8, at most ``mostKeyOctets`` octets in all.
    public static func isKey(_ key: String) -> Bool {
        let octets = key.utf8
        guard octets.count <= mostKeyOctets, let slash = octets.firstIndex(of: 0x2F), slash > octets.startIndex else {
            return false
        }
        return octets[..<slash].allSatisfy { isLetterOrDigit($0) || $0 == 0x2D }
    }

    /// Whether `log` can be the name of a container: `MMM_` and 1 to 60 letters and digits, as the stores of an account are
    /// called in messages; or that of a store that is named by rights (`MMM_Shared_notes`, up to 140 octets).
    public static func isLog(_ log: String) -> Bool {
        if case .shared? = StoreName(containerName: log) { return true }
        return log.utf8.starts(with: "MMM_".utf8) && (5...64).contains(log.utf8.count)
            && log.utf8.dropFirst(4).allSatisfy(isLetterOrDigit)
    }

    /// - Throws: ``PortalStoreError`` `invalidKey`.
    public static func check(key: String) throws(PortalStoreError) {
        guard isKey(key) else {
            throw PortalStoreError(
                .invalidKey, "A record cannot have the key that was given: letters, digits and '-', '/', and any text.",
                key: key)
        }
    }

    /// - Throws: ``PortalStoreError`` `invalidKey`.
    public static func check(log: String) throws(PortalStoreError) {
        guard isLog(log) else {
            throw PortalStoreError(
                .invalidKey,
                "A container cannot have the name that was given: 'MMM_', and letters and digits, or the name of a store that is "
                    + "shared by rights.", key: log)
        }
    }

    /// - Throws: ``PortalStoreError`` `invalidKey` for a key that is none, or occurs twice.
    public static func check(_ changes: [PortalChange]) throws(PortalStoreError) {
        var keys: Set<[UInt8]> = []
        for change in changes {
            try check(key: change.key)
            guard keys.insert(Array(change.key.utf8)).inserted else {
                throw PortalStoreError(
                    .invalidKey, "One commit changes the record \"\(change.key)\" twice.",
                    remedy: "Make one change of it, or two commits.", key: change.key)
            }
        }
    }

    /// - Parameter version: that of the record now; nil if there is none.
    /// - Throws: ``PortalStoreError`` `conflict` if `change` expects another.
    public static func check(_ change: PortalChange, against version: UInt64?) throws(PortalStoreError) {
        guard let expected = change.expected, expected != version ?? 0 else { return }
        let found = version.map { "has version \($0)" } ?? "is not there"
        let wanted = expected == 0 ? "to be absent" : "version \(expected)"
        throw PortalStoreError(
            .conflict, "The record \"\(change.key)\" \(found); the change expects \(wanted).",
            remedy: "Read it again, and make the change on that.", key: change.key)
    }

    /// The error for frames that begin at `expected` when the container has `count`.
    public static func conflict(_ log: String, expected: Int, count: Int) -> PortalStoreError {
        PortalStoreError(
            .conflict, "The container \(log) has \(count) frames, and those to be appended begin with \(expected).",
            remedy: "Get the frames that are missing, and make new ones behind them.", key: log)
    }

    private static func isLetterOrDigit(_ octet: UInt8) -> Bool {
        switch octet {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: false
        }
    }
}
