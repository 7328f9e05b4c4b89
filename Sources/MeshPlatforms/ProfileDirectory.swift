import MeshCore

/// The kinds of profile a machine keeps.
public enum ProfileKind: String, Hashable, Sendable, CaseIterable {
    /// A person's.
    case personal = "PersonalProfiles"
    /// A device's.
    case device = "DeviceProfiles"
    /// An application's.
    case application = "ApplicationProfiles"

    var path: RegistryPath {
        switch self {
        case .personal: RegistryPath(literal: "PersonalProfiles")
        case .device: RegistryPath(literal: "DeviceProfiles")
        case .application: RegistryPath(literal: "ApplicationProfiles")
        }
    }

    /// What a person calls it.
    public var words: String {
        switch self {
        case .personal: "personal profile"
        case .device: "device profile"
        case .application: "application profile"
        }
    }
}

/// What is being done with a profile: kept in the registry, so that whoever comes after a crash can finish it.
public enum ProfileStage: String, Hashable, Sendable {
    /// Its key or its file may not be there yet.
    case creating = "Creating"
    /// Its key or its file may be gone already.
    case deleting = "Deleting"
    /// It is being brought here from an export.
    case importing = "Importing"
}

/// Which profiles a machine has, by the registry: the lookups of the platform specification §8.
///
/// An explicit selector that matches nothing is an error; the default is never taken in its place.
public struct ProfileDirectory: Sendable {
    /// What is known of one profile.
    public struct Entry: Hashable, Sendable {
        /// Its fingerprint.
        public var profile: UDF
        /// A name for a person.
        public var name: String?
        /// Whether it is the default of its kind.
        public var isDefault: Bool
        /// What is being done with it; nil when nothing is.
        public var stage: ProfileStage?
        /// Its portal accounts, the default first.
        public var portals: [String]
        /// For a personal profile, the device by which this machine acts for it.
        public var device: UDF?
        /// The portal account that is being made for a personal profile; nil when none is.
        public var registering: String?
    }

    private let registry: any Registry

    /// The directory in `registry`.
    public init(_ registry: any Registry) { self.registry = registry }

    /// The entry of `profile`; nil if there is none.
    ///
    /// - Throws: what the registry throws; ``PlatformError`` `corrupt` for an entry that makes no sense.
    public func entry(of profile: UDF, kind: ProfileKind) async throws -> Entry? {
        try await registry.read { try Self.entry(of: profile, kind: kind, in: $0) }
    }

    /// All entries of `kind`, ordered by fingerprint.
    public func entries(kind: ProfileKind) async throws -> [Entry] {
        try await registry.read { reader in
            try reader.keyNames(at: try Self.entriesPath(kind)).sorted().compactMap { name in
                try Self.entry(of: try Self.fingerprint(name, "the name of an entry"), kind: kind, in: reader)
            }
        }
    }

    /// The default of `kind`; nil if none is set.
    public func defaultProfile(kind: ProfileKind) async throws -> UDF? {
        try await registry.read { try Self.defaultProfile(kind, in: $0) }
    }

    /// Finds a profile: by `selector` (a fingerprint or the beginning of one, a name, or an account), or the default
    /// if it is nil.
    ///
    /// - Throws: ``PlatformError`` `notFound` (nothing matches; no default), `ambiguous` (several match; the
    ///   candidates are named).
    public func find(_ selector: String?, kind: ProfileKind) async throws -> Entry {
        let entries = try await entries(kind: kind)
        guard let selector else {
            guard let standard = entries.first(where: \.isDefault) else {
                throw PlatformError(
                    .notFound, store: registry.name, "There is no default \(kind.words).",
                    remedy: entries.isEmpty ? "Create one first." : "Name one of those that are here.",
                    candidates: entries.map { .init(name: $0.profile.text, detail: $0.name ?? "") })
            }
            return standard
        }
        let folded = selector.lowercased()
        let letters = selector.uppercased().filter { $0 != "-" }
        let matches = entries.filter { entry in
            entry.name == selector || entry.portals.contains { $0.lowercased() == folded }
                || (letters.utf8.count >= 4 && entry.profile.text.filter { $0 != "-" }.hasPrefix(letters))
        }
        switch matches.count {
        case 1: return matches[0]
        case 0:
            throw PlatformError(
                .notFound, store: registry.name, "There is no \(kind.words) that '\(selector)' names.",
                remedy: "Give a fingerprint, at least the first four letters of one, a name or an account.")
        default:
            throw PlatformError(
                .ambiguous, store: registry.name, "Several \(kind.words)s match '\(selector)'.",
                remedy: "Give more of the fingerprint.",
                candidates: matches.map { .init(name: $0.profile.text, detail: $0.name ?? "") })
        }
    }

    /// Enters a profile that is being created. Nothing is changed if it is entered already.
    public func begin(_ profile: UDF, kind: ProfileKind, name: String?, device: UDF? = nil) async throws {
        try await registry.modify { transaction in
            let path = try Self.entryPath(profile, kind)
            if transaction.hasKey(at: path) { return }
            try transaction.set(.string(ProfileStage.creating.rawValue), RegistryLayout.stage, at: path)
            if let name { try transaction.set(.string(name), RegistryLayout.friendlyName, at: path) }
            if let device { try transaction.set(.string(device.text), RegistryLayout.device, at: path) }
        }
    }

    /// Enters a personal profile that is being imported. Nothing is changed if it is entered already.
    ///
    /// - Parameter isNewHere: whether nothing of it is on this machine yet: then all of it goes if the import is not finished.
    public func beginImport(of profile: UDF, name: String?, isNewHere: Bool) async throws {
        try await registry.modify { transaction in
            let path = try Self.entryPath(profile, .personal)
            if transaction.hasKey(at: path) { return }
            try transaction.set(.string(ProfileStage.importing.rawValue), RegistryLayout.stage, at: path)
            if isNewHere { try transaction.set(.integer(1), RegistryLayout.isNew, at: path) }
            if let name { try transaction.set(.string(name), RegistryLayout.friendlyName, at: path) }
        }
    }

    /// Whether nothing of a profile that is being imported was on this machine before.
    public func isNewHere(_ profile: UDF) async throws -> Bool {
        try await registry.read { try $0.value(RegistryLayout.isNew, at: Self.entryPath(profile, .personal)) != nil }
    }

    /// Completes a profile that was being created or imported, and makes it the default if `makeDefault` says so, or if that is nil
    /// and there is none yet.
    ///
    /// `name` and `device` are entered where the entry has none: another process may have taken the entry for one that was
    /// abandoned, and dropped it.
    public func complete(
        _ profile: UDF, kind: ProfileKind, name: String? = nil, device: UDF? = nil, makeDefault: Bool? = nil
    ) async throws {
        try await registry.modify { transaction in
            let path = try Self.entryPath(profile, kind)
            if let name, try transaction.value(RegistryLayout.friendlyName, at: path) == nil {
                try transaction.set(.string(name), RegistryLayout.friendlyName, at: path)
            }
            if let device, try transaction.value(RegistryLayout.device, at: path) == nil {
                try transaction.set(.string(device.text), RegistryLayout.device, at: path)
            }
            let directory = "profiles/\(profile.text)/\(profile.text)"
            try transaction.set(.string(directory + ".mmm"), RegistryLayout.file, at: path)
            try transaction.set(.string(directory + ".all.mmm"), RegistryLayout.archive, at: path)
            _ = try transaction.removeValue(RegistryLayout.stage, at: path)
            _ = try transaction.removeValue(RegistryLayout.isNew, at: path)
            let isFirst = try Self.defaultProfile(kind, in: transaction) == nil
            if makeDefault ?? isFirst { try transaction.set(.string(profile.text), nil, at: kind.path) }
        }
    }

    /// Drops the entry of a profile whose creation came to nothing; leaves it alone if it was completed meanwhile.
    public func abandonCreation(of profile: UDF, kind: ProfileKind) async throws {
        try await registry.modify { transaction in
            let path = try Self.entryPath(profile, kind)
            guard try transaction.string(RegistryLayout.stage, at: path) == ProfileStage.creating.rawValue else {
                return
            }
            _ = try transaction.removeKey(at: path)
        }
    }

    /// Marks a profile as being deleted. False if it is not entered.
    public func beginDeletion(of profile: UDF, kind: ProfileKind) async throws -> Bool {
        try await registry.modify { transaction in
            let path = try Self.entryPath(profile, kind)
            guard transaction.hasKey(at: path) else { return false }
            try transaction.set(.string(ProfileStage.deleting.rawValue), RegistryLayout.stage, at: path)
            return true
        }
    }

    /// Takes back the mark of ``beginDeletion(of:kind:)``, for when nothing was deleted after all.
    public func cancelDeletion(of profile: UDF, kind: ProfileKind) async throws {
        try await registry.modify { transaction in
            _ = try transaction.removeValue(RegistryLayout.stage, at: try Self.entryPath(profile, kind))
        }
    }

    /// Removes the entry of a profile, and what points to it: the default and the accounts.
    public func remove(_ profile: UDF, kind: ProfileKind) async throws {
        try await registry.modify { transaction in
            _ = try transaction.removeKey(at: try Self.entryPath(profile, kind))
            if try transaction.string(nil, at: kind.path) == profile.text {
                _ = try transaction.removeValue(nil, at: kind.path)
            }
            for account in transaction.valueNames(at: RegistryLayout.accountEntries)
            where try transaction.string(account, at: RegistryLayout.accountEntries) == profile.text {
                _ = try transaction.removeValue(account, at: RegistryLayout.accountEntries)
                if try transaction.string(nil, at: RegistryLayout.accounts) == account {
                    _ = try transaction.removeValue(nil, at: RegistryLayout.accounts)
                }
            }
        }
    }

    // MARK: Portal accounts

    /// Notes that the account `address` is being made for a personal profile, or (nil) that none is any more.
    public func setRegistering(_ address: String?, for profile: UDF) async throws {
        try await registry.modify { transaction in
            let path = try Self.entryPath(profile, .personal)
            if let address {
                try transaction.set(.string(address), RegistryLayout.registering, at: path)
            } else {
                _ = try transaction.removeValue(RegistryLayout.registering, at: path)
            }
        }
    }

    /// Notes that a device is being removed from the account of a personal profile, or a right taken away, and what follows from
    /// it is not done yet; or that it is.
    public func setRekeying(_ isRekeying: Bool, for profile: UDF) async throws {
        try await registry.modify { transaction in
            let path = try Self.entryPath(profile, .personal)
            if isRekeying {
                try transaction.set(.integer(1), RegistryLayout.rekeying, at: path)
            } else {
                _ = try transaction.removeValue(RegistryLayout.rekeying, at: path)
            }
        }
    }

    /// Whether ``setRekeying(_:for:)`` has noted something.
    public func isRekeying(_ profile: UDF) async throws -> Bool {
        try await registry.read { reader in
            try reader.value(RegistryLayout.rekeying, at: Self.entryPath(profile, .personal)) != nil
        }
    }

    /// Enters the portal accounts of a personal profile, the default first, and the device by which this machine acts for it.
    /// What was noted as being made is forgotten. Accounts that are not in the list any more are taken out of the lookup.
    ///
    /// - Parameter accounts: addresses in their canonical form.
    public func setPortals(_ accounts: [String], device: UDF?, of profile: UDF) async throws {
        try await registry.modify { transaction in
            let path = try Self.entryPath(profile, .personal)
            try transaction.set(.strings(accounts), RegistryLayout.portals, at: path)
            if let device { try transaction.set(.string(device.text), RegistryLayout.device, at: path) }
            _ = try transaction.removeValue(RegistryLayout.registering, at: path)
            for account in transaction.valueNames(at: RegistryLayout.accountEntries)
            where try transaction.string(account, at: RegistryLayout.accountEntries) == profile.text
                && !accounts.contains(account)
            {
                _ = try transaction.removeValue(account, at: RegistryLayout.accountEntries)
                if try transaction.string(nil, at: RegistryLayout.accounts) == account {
                    _ = try transaction.removeValue(nil, at: RegistryLayout.accounts)
                }
            }
            for account in accounts {
                try transaction.set(.string(profile.text), account, at: RegistryLayout.accountEntries)
            }
            if let first = accounts.first, try transaction.string(nil, at: RegistryLayout.accounts) == nil {
                try transaction.set(.string(first), nil, at: RegistryLayout.accounts)
            }
        }
    }

    // MARK: Defaults of applications

    /// The default for applications of `type` as this machine has it: the key of an entry, or in registries of older generations
    /// the fingerprint of an application profile. Nil if none is set.
    ///
    /// - Parameter personal: the personal profile whose own default is asked for; nil for that of the machine, which is meant for
    ///   everyone who has none of their own.
    public func applicationDefault(_ type: String, for personal: UDF?) async throws -> String? {
        try await registry.read { try $0.string(type, at: Self.defaultsPath(personal)) }
    }

    /// Sets the default for applications of `type`, or (nil) takes it away.
    ///
    /// - Parameter personal: as for ``applicationDefault(_:for:)``.
    /// - Throws: ``PlatformError`` `notFound` if the profile is not entered.
    public func setApplicationDefault(_ key: String?, _ type: String, for personal: UDF?) async throws {
        try await registry.modify { transaction in
            let path = try Self.defaultsPath(personal)
            guard let key else {
                _ = try transaction.removeValue(type, at: path)
                return
            }
            if let personal, !transaction.hasKey(at: try Self.entryPath(personal, .personal)) {
                throw PlatformError(
                    .notFound, store: "registry", "The profile \(personal) is not entered on this machine.")
            }
            try transaction.set(.string(key), type, at: path)
        }
    }

    private static func defaultsPath(_ personal: UDF?) throws -> RegistryPath {
        try (personal.map { try entryPath($0, .personal) } ?? ProfileKind.application.path)
            .appending(RegistryLayout.defaults)
    }

    /// The path of the registry key of a profile.
    public static func entryPath(_ profile: UDF, _ kind: ProfileKind) throws -> RegistryPath {
        try entriesPath(kind).appending(profile.text)
    }

    private static func entriesPath(_ kind: ProfileKind) throws -> RegistryPath {
        try kind.path.appending("Entries")
    }

    private static func defaultProfile(_ kind: ProfileKind, in reader: any RegistryReader) throws -> UDF? {
        try reader.string(nil, at: kind.path).map { try fingerprint($0, "the default \(kind.words)") }
    }

    private static func entry(
        of profile: UDF, kind: ProfileKind, in reader: any RegistryReader
    ) throws -> Entry? {
        let path = try entryPath(profile, kind)
        guard reader.hasKey(at: path) else { return nil }
        let stage = try reader.string(RegistryLayout.stage, at: path).map { text in
            guard let stage = ProfileStage(rawValue: text) else {
                throw PlatformError(
                    .unknownVersion, store: "registry",
                    "The entry of \(profile) is in a stage this version does not know.")
            }
            return stage
        }
        var portals: [String] = []
        if case .strings(let texts)? = try reader.value(RegistryLayout.portals, at: path) { portals = texts }
        return Entry(
            profile: profile, name: try reader.string(RegistryLayout.friendlyName, at: path),
            isDefault: try reader.string(nil, at: kind.path) == profile.text, stage: stage, portals: portals,
            device: try reader.string(RegistryLayout.device, at: path).map { try fingerprint($0, "a device") },
            registering: try reader.string(RegistryLayout.registering, at: path))
    }

    private static func fingerprint(_ text: String, _ what: String) throws -> UDF {
        do {
            return try UDF(parsing: text)
        } catch {
            throw PlatformError(
                .corrupt, store: "registry", "The registry holds something else than a fingerprint as \(what).",
                remedy: "Correct it by hand, or restore the file from a backup.", cause: error)
        }
    }
}
