import MeshCore
import MeshCryptography
import MeshDARE
import MeshPlatforms

/// What an import of credentials did.
public struct CredentialImportReport: Sendable, Equatable {
    /// An entry of the file, by the line that it begins in.
    public struct Item: Sendable, Equatable {
        /// The line.
        public let line: Int
        /// The key of the credential that is there; nil if it would have none.
        public let key: String?
    }

    /// How many credentials were added.
    public var added = 0
    /// How many had another password, and have that of the file now.
    public var replaced = 0
    /// How many lacked something that the file had: one-time codes, notes.
    public var completed = 0
    /// How many were there already.
    public var duplicates = 0
    /// Those that are there with another password, and were left as they are.
    public var conflicts: [Item] = []
    /// Those that say nothing of where they are for, or nothing else: left out.
    public var unusable: [Item] = []
    /// Those that are something else than a name and password: left out.
    public var others: [Item] = []
    /// Those whose one-time codes could not be understood: what the file says is among the notes.
    public var strangeCodes: [Item] = []

    /// Nothing yet.
    public init() {}

    /// How many entries of the file it is about.
    public var seen: Int {
        added + replaced + completed + duplicates + conflicts.count + unusable.count + others.count
    }
}

extension PersonalSession {
    /// Adds the credentials of a file that a browser or password manager has exported.
    ///
    /// A credential that is there with the same service, name and password is passed over; one with another password is left as
    /// it is, and reported. What is added is kept in batches, each all or nothing: after an interruption the same file goes on
    /// where it ended. It is sent by ``sync(progress:)``.
    ///
    /// - Parameters:
    ///   - replaces: whether the password of the file is taken where there is another. Two of the file that disagree are never
    ///     decided.
    ///   - isTrial: whether only the report is made, and nothing changed.
    ///   - progress: is told after each batch what is kept by then.
    /// - Throws: `CancellationError` between two batches; as ``store(_:)``, ``EntryStore/add(_:)-([Entry])``.
    public func importCredentials(
        from file: CredentialFile, replaces: Bool = false, isTrial: Bool = false,
        progress: @Sendable (CredentialImportReport) -> Void = { _ in }
    ) async throws -> CredentialImportReport {
        var work = CredentialImport(
            store: try await credentials(), replaces: replaces, isTrial: isTrial,
            salt: SecretBytes(random: 32, from: platform.random))
        return try await work.run(file, progress)
    }
}

/// An import while it goes on.
private struct CredentialImport: ~Copyable {
    /// A credential that is there, or is going to be.
    private struct Known {
        let key: String
        let username: String
        /// A digest of the password with a salt of this import; nil if there is none.
        var password: [UInt8]?
        var hasCode: Bool
        var hasNotes: Bool
        /// Whether an entry of the file was or made it.
        var isOfFile: Bool
        /// Whether it waits in the batch.
        var isWaiting = false
    }

    private let store: EntryStore<CatalogedCredential>
    private let replaces: Bool
    private let isTrial: Bool
    private let salt: SecretBytes
    private var known: [ImportedPlace: [Known]] = [:]
    private var keys: Set<String> = []
    private var waiting: [CatalogedCredential] = []
    private var changes: [(entry: CatalogedCredential, version: EntryVersion)] = []
    private var places: Set<ImportedPlace> = []
    private var report = CredentialImportReport()
    private static let batch = 500

    init(store: EntryStore<CatalogedCredential>, replaces: Bool, isTrial: Bool, salt: consuming SecretBytes) {
        self.store = store
        self.replaces = replaces
        self.isTrial = isTrial
        self.salt = salt
    }

    mutating func run(
        _ file: CredentialFile, _ progress: (CredentialImportReport) -> Void
    ) async throws -> CredentialImportReport {
        for item in try await store.entries() {
            keys.insert(item.key)
            let entry = note(item.entry, item.key, isOfFile: false)
            for place in ImportedPlace.places(of: item.entry) { known[place, default: []].append(entry) }
        }
        var reader = CredentialFile.Reader(file)
        var number = 0
        while let login = try reader.next() {
            number += 1
            try await take(login)
            if waiting.count + changes.count >= Self.batch { try await flush() }
            if number.isMultiple(of: Self.batch) {
                try Task.checkCancellation()
                progress(report)
            }
        }
        try await flush()
        return report
    }

    private func note(_ entry: CatalogedCredential, _ key: String, isOfFile: Bool) -> Known {
        var mark: [UInt8]?
        if let password = entry.secretPassword() { mark = digest(password) }
        return Known(
            key: key, username: entry.username ?? "", password: mark, hasCode: entry.hasOneTimeSecret,
            hasNotes: entry.notes != nil, isOfFile: isOfFile)
    }

    private func digest(_ password: borrowing SecretBytes) -> [UInt8] {
        let count = salt.count + password.count
        let all = SecretBytes(count: count) { target in
            salt.withUnsafeBytes { target.copyMemory(from: $0) }
            let rest = UnsafeMutableRawBufferPointer(rebasing: target[salt.count...])
            password.withUnsafeBytes { rest.copyMemory(from: $0) }
        }
        return all.withUnsafeBytes { Array(HashAlgorithm.sha512.digest($0).prefix(32)) }
    }

    private mutating func take(_ login: ImportedLogin) async throws {
        if login.isOther { return report.others.append(.init(line: login.line, key: nil)) }
        let isEmpty = login.password == nil && login.oneTime == nil && login.username.isEmpty && login.notes.isEmpty
        guard !isEmpty, let place = ImportedPlace(login) else {
            return report.unusable.append(.init(line: login.line, key: nil))
        }
        if let index = index(of: login, at: place) {
            return try await meet(login, place, index)
        }
        guard let entry = try entry(login, place), let key = entry.primaryKey else {
            return report.unusable.append(.init(line: login.line, key: nil))
        }
        if login.hasStrangeCode { report.strangeCodes.append(.init(line: login.line, key: key)) }
        keys.insert(key)
        var added = note(entry, key, isOfFile: true)
        added.isWaiting = true
        known[place, default: []].append(added)
        places.insert(place)
        waiting.append(entry)
        report.added += 1
    }

    /// The credential that the user has at a place: one with the same password if there is, else the one whose key says so.
    private func index(of login: ImportedLogin, at place: ImportedPlace) -> Int? {
        let there = known[place] ?? []
        let own = there.indices.filter { there[$0].username == login.username }
        guard own.count > 1 else { return own.first }
        var mark: [UInt8]?
        if let password = login.password { mark = digest(password.bytes) }
        let keys = [place.key(naming: nil), place.key(naming: login.username)]
        return own.first { there[$0].password == mark } ?? own.first { keys.contains(there[$0].key) } ?? own.first
    }

    /// The entry for a login at a place where this user has none; nil if there is no key left for it.
    private func entry(_ login: ImportedLogin, _ place: ImportedPlace) throws -> CatalogedCredential? {
        let user = login.username.isEmpty ? nil : login.username
        let name = [nil, login.username].first { !keys.contains(place.key(naming: $0)) }
        guard let name, place.key(naming: name).utf8.count <= 4096 else { return nil }
        var entry = CatalogedCredential(service: place.service(naming: name), networkProtocol: place.networkProtocol)
        entry.username = user
        if let password = login.password { try entry.setPassword(password.bytes) }
        entry.setOneTimeSecret(login.oneTime)
        let isSaid = login.title.lowercased() == place.service.lowercased()
        entry.title = login.title.isEmpty || isSaid ? nil : login.title
        entry.uri = place.isShort(for: login.url) ? nil : login.url
        entry.notes = login.notes.isEmpty ? nil : login.notes
        entry.labels = login.labels
        return entry
    }

    /// A login of a user who has a credential at the place.
    private mutating func meet(_ login: ImportedLogin, _ place: ImportedPlace, _ index: Int) async throws {
        guard var there = known[place]?[index] else { return }
        defer { known[place]?[index] = there }
        var mark: [UInt8]?
        if let password = login.password { mark = digest(password.bytes) }
        let isOther = there.password != nil && mark != nil && there.password != mark
        let wasOfFile = there.isOfFile
        there.isOfFile = true
        if isOther, !replaces || wasOfFile {
            // It was not this entry of the file that the credential is from.
            there.isOfFile = wasOfFile
            return report.conflicts.append(.init(line: login.line, key: there.key))
        }
        let lacksPassword = there.password == nil && mark != nil
        let lacksCode = !there.hasCode && login.oneTime != nil
        let lacksNotes = !there.hasNotes && !login.notes.isEmpty
        guard isOther || lacksPassword || lacksCode || lacksNotes else { return report.duplicates += 1 }
        if login.hasStrangeCode { report.strangeCodes.append(.init(line: login.line, key: there.key)) }
        if isOther { report.replaced += 1 } else { report.completed += 1 }
        if mark != nil { there.password = mark }
        there.hasCode = there.hasCode || lacksCode
        there.hasNotes = there.hasNotes || lacksNotes
        guard !isTrial else { return }
        // What waits in the batch is not in the store yet.
        if there.isWaiting {
            try await flush()
            there.isWaiting = false
        }
        guard let item = try await store.find(there.key) else {
            throw CatalogError(
                .notFound, "The credential \"\(there.key)\" was taken away while the file was imported.",
                remedy: "Import the file again.")
        }
        var entry = item.entry
        if isOther || lacksPassword, let password = login.password { try entry.setPassword(password.bytes) }
        if lacksCode { entry.setOneTimeSecret(login.oneTime) }
        if lacksNotes { entry.notes = login.notes }
        there.isWaiting = true
        places.insert(place)
        changes.append((entry, item.version))
    }

    /// Keeps what waits, all or nothing.
    private mutating func flush() async throws {
        try Task.checkCancellation()
        if !isTrial, !waiting.isEmpty || !changes.isEmpty { try await store.apply(adding: waiting, replacing: changes) }
        waiting = []
        changes = []
        for place in places {
            guard let count = known[place]?.count else { continue }
            for index in 0..<count { known[place]?[index].isWaiting = false }
        }
        places = []
    }
}
