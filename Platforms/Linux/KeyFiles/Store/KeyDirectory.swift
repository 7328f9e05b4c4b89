import MeshCore
import MeshCryptography
import MeshFiles
import MeshPlatforms

/// The key files of one root and mode on the disk. Every call blocks; those that change something hold the lock.
struct KeyDirectory: Sendable {
    static let name = "keys"
    private static let locks = "locks"
    private static let lock = "keys.lock"

    /// The path of the root directory, for messages.
    let root: String
    /// Opens the root directory, and makes it if asked to; nil if it is not there.
    let openRoot: @Sendable (_ create: Bool) throws -> Directory?
    let mode: PlatformMode
    /// The name of the store, for messages.
    let store: String
    /// Whether keys are sealed.
    let isSealed: Bool
    let random: any RandomSource

    /// The path of the directory, for messages.
    var path: String { "\(root)/\(Self.name)" }
    var sealPath: String { "\(path)/\(KeyFileName.seal)" }

    /// What a changing call has to keep to.
    struct Limits: Sendable {
        let deadline: ContinuousClock.Instant
        let abandonment: Abandonment
    }

    private func open(create: Bool) throws -> Directory? {
        // Opened anew each time: a root that was erased and made again is found again.
        try openRoot(create)?.subdirectory(Self.name, create: create)
    }

    /// Runs `body` with the directory, made if it is missing, under the lock of all processes.
    private func change<R>(_ limits: Limits, _ body: (Directory) throws -> R) throws -> R {
        let missing = PlatformError(.inputOutput, store: path, "The directory went away while it was made.")
        guard let locks = try openRoot(true)?.subdirectory(Self.locks, create: true) else {
            throw missing
        }
        return try FileLock(Self.lock, in: locks).withLock(until: limits.deadline, abandonment: limits.abandonment) {
            try limits.abandonment.check()
            guard let directory = try open(create: true) else { throw missing }
            return try body(directory)
        }
    }

    // MARK: - Keys

    /// The key called `identifier`; nil if there is no file of it.
    ///
    /// - Throws: ``PlatformError`` `locked` if the file is sealed and there is no `key`; `storeChanged` for a file that
    ///   the other of the two stores wrote; what reading and opening the file throw.
    func read(_ identifier: UDF, _ key: StoreKey?) throws -> StoredKey? {
        guard let directory = try open(create: false), let file = try file(of: identifier, in: directory) else {
            return nil
        }
        if isSealed, key == nil { throw locked() }
        try requireCurrent(key, for: file, in: directory)
        let secret = try file.secret(key)
        return StoredKey(item: file.header.item, revision: file.revision, secret: secret)
    }

    /// Writes the key, as `replacement` says.
    func store(
        _ secret: borrowing SecretBytes, as item: KeyItem, _ replacement: KeyReplacement, _ key: StoreKey?,
        _ limits: Limits
    ) throws {
        let header = KeyFileHeader(
            item: item, mode: mode, seal: key?.seal, salt: random.bytes(KeyFileHeader.saltOctets))
        let text = try KeyFile.text(secret, header, key)
        let name = KeyFileName.name(of: item.identifier)
        try change(limits) { directory in
            try directory.removeAbandonedFiles()
            if let key { try requireSeal(key, in: directory) }
            let revision = try file(of: item.identifier, in: directory)?.revision
            switch replacement {
            case .never:
                guard revision == nil else {
                    throw PlatformError(
                        .alreadyExists, store: store, "There is a key \(item.identifier) already.")
                }
            case .ifUnchanged(let expected):
                guard revision == expected else {
                    throw PlatformError(
                        .changedUnderneath, store: store,
                        "The key \(item.identifier) was \(revision == nil ? "removed" : "changed") since it was read.",
                        remedy: "Read it again, and decide again.")
                }
            case .always: break
            }
            try text.withUnsafeBytes { text in
                if revision == nil {
                    try directory.createFile(name, with: text)
                } else {
                    try directory.replaceFile(name, with: text)
                }
            }
        }
    }

    /// Removes the key called `identifier`; false if there is no file of it. A damaged file is kept.
    func remove(_ identifier: UDF, _ key: StoreKey?, _ limits: Limits) throws -> Bool {
        // Nothing is made only to find that there is nothing to remove.
        guard try open(create: false)?.status(of: KeyFileName.name(of: identifier)) != nil else { return false }
        if isSealed, key == nil { throw locked() }
        return try change(limits) { directory in
            if let key { try requireSeal(key, in: directory) }
            guard try file(of: identifier, in: directory) != nil else { return false }
            return try directory.removeFile(KeyFileName.name(of: identifier))
        }
    }

    /// All keys, and what cannot be read. With `key`, nothing is believed that does not open.
    func list(matching filter: KeyFilter, _ key: StoreKey?) throws -> KeyListing {
        guard let directory = try open(create: false) else { return KeyListing(items: []) }
        var items: [KeyItem] = []
        var problems: [PlatformError] = []
        for name in try directory.names() where name != KeyFileName.seal {
            do {
                guard let text = try directory.readSecret(name, limit: KeyFile.largestFile) else { continue }
                let file = try KeyFile.read(text, name: name, mode: mode, path: directory.path(of: name))
                try requireOurs(file)
                if isSealed, key != nil {
                    try requireCurrent(key, for: file, in: directory)
                    _ = try file.secret(key)
                }
                if filter.matches(file.header.item) { items.append(file.header.item) }
            } catch let error as PlatformError {
                problems.append(error)
            }
        }
        return KeyListing(items: items, isPartial: !problems.isEmpty, problems: problems)
    }

    /// Removes everything but the seal; tells how many keys there were.
    func erase(_ key: StoreKey?, _ limits: Limits) throws -> Int {
        guard try open(create: false) != nil else { return 0 }
        return try change(limits) { directory in
            if let key { try requireSeal(key, in: directory) }
            let count = try directory.names().count { name in
                try name != KeyFileName.seal && directory.status(of: name)?.isDirectory == false
            }
            try directory.removeContents(except: [KeyFileName.seal])
            return count
        }
    }

    private func file(of identifier: UDF, in directory: Directory) throws -> KeyFile? {
        let name = KeyFileName.name(of: identifier)
        guard let text = try directory.readSecret(name, limit: KeyFile.largestFile) else { return nil }
        let file = try KeyFile.read(text, name: name, mode: mode, path: directory.path(of: name))
        // A long identifier's name is a digest: the file must be of this very one.
        guard file.header.item.identifier == identifier else {
            throw FieldReader.corrupt(directory.path(of: name), "It is the file of another key.")
        }
        try requireOurs(file)
        return file
    }

    /// A key in the open is never taken for a sealed one: whoever can write a file could then put a key of theirs here.
    private func requireOurs(_ file: borrowing KeyFile) throws {
        guard (file.header.seal != nil) == isSealed else {
            let (was, now) =
                isSealed
                ? (KeyFileStore.clearName, KeyFileStore.sealedName) : (KeyFileStore.sealedName, KeyFileStore.clearName)
            throw PlatformError(
                .storeChanged, store: store,
                "The key \(file.header.item.identifier) was written by the store \(was), not by \(now).",
                remedy: "Open the store \(was).")
        }
    }

    func locked() -> PlatformError {
        PlatformError(
            .locked, store: store, "The keys in \(path) are sealed under a passphrase.",
            remedy: "Unlock the store with the passphrase.")
    }

    // MARK: - Seal

    /// The seal's file; nil if there is none.
    func sealFile() throws -> [UInt8]? {
        try open(create: false)?.readFile(KeyFileName.seal, limit: KeySeal.largestFile)
    }

    /// Makes sure that the directory can be used, and that the seal is whole if there is one.
    func check() throws {
        guard let directory = try open(create: false), isSealed else { return }
        _ = try sealIdentifier(in: directory)
    }

    private func sealIdentifier(in directory: Directory) throws -> String? {
        try directory.readFile(KeyFileName.seal, limit: KeySeal.largestFile).map {
            try KeySeal.identifier(of: $0, mode: mode, path: sealPath)
        }
    }

    /// Writes the first seal of a store, if there is none yet.
    ///
    /// - Returns: nil if it was written; the file that is there if someone else was quicker.
    /// - Throws: ``PlatformError`` `corrupt` if keys are there that were sealed under a seal that is lost.
    func create(_ key: StoreKey, _ limits: Limits) throws -> [UInt8]? {
        try change(limits) { directory in
            if let file = try directory.readFile(KeyFileName.seal, limit: KeySeal.largestFile) { return file }
            guard try directory.names().isEmpty else {
                throw PlatformError(
                    .corrupt, store: sealPath,
                    "There are keys, but the file of the seal they were sealed under is gone.",
                    remedy: "Restore it from a backup; without it no passphrase opens them.")
            }
            try key.file.withUnsafeBytes { try directory.createFile(KeyFileName.seal, with: $0) }
            return nil
        }
    }

    /// Puts the same key under another passphrase.
    func replace(_ old: StoreKey, by new: StoreKey, _ limits: Limits) throws {
        try change(limits) { directory in
            try requireSeal(old, in: directory)
            try directory.replaceFile(KeyFileName.seal, with: new.file)
        }
    }

    /// Makes sure that what is sealed with `key` can be opened with what lies beside it.
    ///
    /// - Throws: ``PlatformError`` `locked` if the store was sealed anew by another process.
    private func requireSeal(_ key: StoreKey, in directory: Directory) throws {
        guard let seal = try sealIdentifier(in: directory) else {
            // Erased with the root, or by mistake: the seal is known, so nothing needs to be lost.
            try directory.createFile(KeyFileName.seal, with: key.file)
            return
        }
        guard seal == key.seal else { throw SealChanged() }
    }

    /// Makes sure that a sealed file that `key` does not open is not one of a newer seal.
    private func requireCurrent(
        _ key: StoreKey?, for file: borrowing KeyFile, in directory: Directory
    ) throws {
        guard let key, let seal = file.header.seal, seal != key.seal else { return }
        if try sealIdentifier(in: directory) == seal { throw SealChanged() }
    }

    /// Another process made the store anew, under another seal.
    struct SealChanged: Error {}
}
