import MeshCore
import MeshPlatforms

/// What a machine knows of the recovery shares of a profile. The shares themselves are kept nowhere.
public struct RecoveryRecord: Hashable, Sendable {
    /// How sure it is that the profile could be recovered.
    public enum State: Hashable, Sendable {
        /// No shares were made.
        case none
        /// Shares were made, and nobody has tried them.
        case made(Timestamp)
        /// A rehearsal recovered the profile from shares.
        case proven(Timestamp)

        /// `none`, `made` or `proven`.
        public var word: String {
            switch self {
            case .none: "none"
            case .made: "made"
            case .proven: "proven"
            }
        }
    }

    /// How sure it is.
    public var state: State
    /// How many shares recover the profile.
    public var quorum: Int?
    /// How many shares were made.
    public var shares: Int?

    static func read(of profile: UDF, in registry: any Registry) async throws -> RecoveryRecord {
        let path = try ProfileDirectory.entryPath(profile, .personal).appending(RegistryLayout.recovery)
        return try await registry.read { reader in
            func integer(_ name: String) throws -> Int? {
                if case .integer(let number)? = try reader.value(name, at: path) { Int(number) } else { nil }
            }
            let made = try reader.string("Made", at: path).flatMap { Timestamp($0) }
            let proven = try reader.string("Proven", at: path).flatMap { Timestamp($0) }
            return RecoveryRecord(
                state: proven.map { .proven($0) } ?? made.map { .made($0) } ?? .none,
                quorum: try integer("Quorum"), shares: try integer("Shares"))
        }
    }

    /// Notes that shares were made. What was proven of earlier shares is forgotten: whoever makes new ones may have lost
    /// those, and nothing says yet that the new ones were written down well.
    static func noteMade(quorum: Int, shares: Int, of profile: UDF, at time: Timestamp, in registry: any Registry)
        async throws
    {
        let path = try ProfileDirectory.entryPath(profile, .personal).appending(RegistryLayout.recovery)
        try await registry.modify { transaction in
            try transaction.set(.string(time.description), "Made", at: path)
            try transaction.set(.integer(Int64(quorum)), "Quorum", at: path)
            try transaction.set(.integer(Int64(shares)), "Shares", at: path)
            _ = try transaction.removeValue("Proven", at: path)
        }
    }

    /// Notes that shares recovered the profile. `quorum` is given where the machine may not know it yet.
    static func noteProven(
        quorum: Int? = nil, of profile: UDF, at time: Timestamp, in registry: any Registry
    ) async throws {
        let path = try ProfileDirectory.entryPath(profile, .personal).appending(RegistryLayout.recovery)
        try await registry.modify { transaction in
            try transaction.set(.string(time.description), "Proven", at: path)
            if let quorum, try transaction.value("Quorum", at: path) == nil {
                try transaction.set(.integer(Int64(quorum)), "Quorum", at: path)
            }
        }
    }
}
