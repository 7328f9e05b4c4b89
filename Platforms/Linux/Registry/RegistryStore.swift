import MeshCore
import MeshEncoding
import MeshFiles
import MeshPlatforms
import Synchronization

/// The registry's files, and the tree that was last read from them. Every call blocks.
final class RegistryStore: Sendable {
    /// A state of the tree.
    struct Snapshot: Sendable {
        let root: JSONObject
        let generation: UInt64
    }

    let fileName: String
    private let path: String
    private let directory: @Sendable (_ create: Bool) throws -> Directory?
    private let state = Mutex(State())

    private var journalName: String { "\(fileName).journal" }
    private var corruptPrefix: String { "\(fileName).corrupt-" }

    /// A registry file that is larger than this, in octets, has a journal.
    static let largestWithoutJournal = 64 << 10
    /// How many copies of damaged files are kept.
    private static let mostCorruptCopies = 9
    /// How much of the file's beginning tells whether it was written again: all that comes before the first member.
    private static let headCount = 128

    /// Which file it was: every writing of this package changes the beginning, every editing at least the time.
    private struct Signature: Equatable {
        let status: FileStatus
        let head: [UInt8]
    }
    private struct State {
        var isLoaded = false
        var root = JSONObject()
        var generation: UInt64 = 0
        /// Nil: there is no file.
        var signature: Signature?
        var fileGeneration: UInt64 = 0
        var isEdited = false
        var journal: RegistryJournal?
        var journalIdentity: FileStatus.Identity?
        /// The damaged file that was set aside last.
        var setAside: Signature?
    }

    init(fileName: String, path: String, directory: @escaping @Sendable (_ create: Bool) throws -> Directory?) {
        self.fileName = fileName
        self.path = path
        self.directory = directory
    }

    /// The newest state.
    func snapshot() throws -> Snapshot {
        try state.withLock { state in
            try refresh(&state)
            return Snapshot(root: state.root, generation: state.generation)
        }
    }

    /// The generation of the state that was last read, if one was.
    var heldGeneration: UInt64? { state.withLock { $0.isLoaded ? $0.generation : nil } }

    /// Keeps `changes`, which were made on generation `generation`, durably. Under the lock.
    ///
    /// - Throws: ``PlatformError`` `changedUnderneath`, `tooLarge`, `noSpace` and others; the old state is kept then.
    func commit(_ changes: [RegistryChange], on generation: UInt64) throws {
        try state.withLock { state in
            try refresh(&state)
            guard state.generation == generation else {
                throw PlatformError(
                    .changedUnderneath, store: path, "The registry was edited by hand during the change.",
                    remedy: "Repeat the change.")
            }
            guard let directory = try directory(true) else {
                throw PlatformError(
                    .changedUnderneath, store: path, "The directory was removed while it was in use.",
                    remedy: "Repeat the change.")
            }
            let size = state.signature?.status.size ?? 0
            let journalSize = state.journal?.end ?? 0
            let longest = max(Self.largestWithoutJournal, size / 8)
            if size > Self.largestWithoutJournal, !state.isEdited, journalSize <= longest {
                try append(changes, to: &state, in: directory)
            } else {
                try rewrite(changes, &state, in: directory)
            }
        }
    }

    /// Writes the file anew if there is a journal, so that a person sees the present state in it. Under the lock.
    func compact() throws {
        try state.withLock { state in
            try refresh(&state)
            guard state.journal != nil, let directory = try directory(false) else { return }
            try rewrite([], &state, in: directory)
        }
    }

    /// Removes the files. Under the lock.
    func erase() throws {
        guard let directory = try directory(false) else { return }
        // The journal first: without the file it was begun on, it would be taken for damage.
        _ = try directory.removeFile(journalName)
        _ = try directory.removeFile(fileName)
        for name in try directory.names() where name.hasPrefix(corruptPrefix) { _ = try directory.removeFile(name) }
    }

    // MARK: - Writing

    private func append(_ changes: [RegistryChange], to state: inout State, in directory: Directory) throws {
        let next = state.generation + 1
        if let journal = state.journal, journal.generation >= state.fileGeneration,
            let file = try directory.openFile(journalName, create: false)
        {
            let (extended, line) = journal.appending(next, changes)
            // What a killed writer left; whoever reads has passed it over.
            if try file.status().size > journal.end { try file.truncate(to: journal.end) }
            try file.append(line, at: journal.end)
            state.journal = extended
        } else {
            let (started, head) = RegistryJournal.start(base: state.fileGeneration)
            let (journal, line) = started.appending(next, changes)
            try directory.replaceFile(journalName, with: head + line)
            state.journal = journal
            // Unknown is as good as another: the next call reads the files then.
            state.journalIdentity = (try? directory.status(of: journalName))?.identity
        }
        for change in changes { change.apply(to: &state.root) }
        state.generation = next
    }

    private func rewrite(_ changes: [RegistryChange], _ state: inout State, in directory: Directory) throws {
        var root = state.root
        for change in changes { change.apply(to: &root) }
        let next = changes.isEmpty ? state.generation : state.generation + 1
        let text = RegistryFile.text(root, generation: next)
        guard text.count <= RegistryFile.largest else {
            throw PlatformError(
                .tooLarge, store: path,
                "The registry would have \(text.count) octets; \(RegistryFile.largest) is the most."
            )
        }
        do {
            try directory.replaceFile(fileName, with: text)
        } catch {
            // It may be in place all the same: the next call looks.
            state.signature = nil
            state.isLoaded = false
            throw error
        }
        // Not needed any more, as everything is in the file; if it stays, its lines are passed over.
        if state.journal != nil { _ = try? directory.removeFile(journalName) }
        state.root = root
        state.generation = next
        state.fileGeneration = next
        state.isEdited = false
        state.journal = nil
        state.journalIdentity = nil
        // The change is made. If the file cannot be looked at now, the next call reads it.
        do {
            state.signature = try signature(directory)
        } catch {
            state.isLoaded = false
        }
    }

    // MARK: - Reading

    /// Brings `state` up to date with the files.
    private func refresh(_ state: inout State) throws {
        // A file and the journal on it are two files: they belong together if the file is the same afterwards.
        while true {
            guard let directory = try directory(false) else {
                return adopt(State(isLoaded: true), in: &state)
            }
            let signature = try signature(directory)
            if state.isLoaded, signature == state.signature, try readNewLines(&state, directory) { return }
            guard let fresh = try load(directory, &state), try self.signature(directory) == fresh.signature else {
                continue
            }
            return adopt(fresh, in: &state)
        }
    }

    private func signature(_ directory: Directory) throws -> Signature? {
        guard let file = try directory.openFileForReading(fileName) else { return nil }
        return Signature(status: try file.status(), head: try file.read(at: 0, count: Self.headCount))
    }

    /// Puts a state that was read anew in the place of the old one, with a generation that has not been seen yet.
    private func adopt(_ fresh: State, in state: inout State) {
        var fresh = fresh
        if state.isLoaded, fresh.generation <= state.generation {
            fresh.generation = fresh.root == state.root ? state.generation : state.generation + 1
        }
        fresh.setAside = state.setAside
        state = fresh
    }

    /// Reads what was added to the journal; false if the files have to be read anew.
    private func readNewLines(_ state: inout State, _ directory: Directory) throws -> Bool {
        guard let file = try directory.openFileForReading(journalName) else { return state.journal == nil }
        guard var journal = state.journal, file.identity == state.journalIdentity else { return false }
        let size = try file.status().size
        if size == journal.end { return true }
        guard size > journal.end,
            let transactions = try? journal.read(try file.read(at: journal.end, count: size - journal.end), path: path)
        else { return false }
        state.journal = journal
        for transaction in transactions { Self.make(transaction, in: &state) }
        return true
    }

    private static func make(_ transaction: RegistryJournal.Transaction, in state: inout State) {
        guard transaction.generation > state.fileGeneration else { return }
        for change in transaction.changes { change.apply(to: &state.root) }
        state.generation = max(state.generation &+ 1, transaction.generation)
    }

    /// Reads both files; nil if the file changed meanwhile.
    private func load(_ directory: Directory, _ old: inout State) throws -> State? {
        var fresh = State(isLoaded: true)
        if let (octets, status) = try directory.readFileWithStatus(fileName, limit: RegistryFile.largest) {
            guard octets.count == status.size else { return nil }
            let signature = Signature(status: status, head: Array(octets.prefix(Self.headCount)))
            do {
                let file = try RegistryFile(octets, path: path)
                fresh.root = file.root
                fresh.generation = file.generation
                fresh.fileGeneration = file.generation
                fresh.isEdited = file.isEdited
                fresh.signature = signature
            } catch let error as PlatformError where error.code == .corrupt {
                if old.setAside != signature {
                    setAside(octets, directory)
                    old.setAside = signature
                }
                throw error
            }
        }
        try loadJournal(directory, &fresh)
        // An edit is a change, though nobody has counted it.
        if fresh.isEdited { fresh.generation += 1 }
        return fresh
    }

    private func loadJournal(_ directory: Directory, _ fresh: inout State) throws {
        guard let file = try directory.openFileForReading(journalName) else { return }
        var journal = RegistryJournal()
        let transactions = try journal.read(
            try file.read(at: 0, count: min(try file.status().size, RegistryFile.largest)), path: file.path)
        guard fresh.signature != nil, journal.base <= fresh.fileGeneration else {
            // Unless the file is being written at this moment, which the caller finds out.
            if try signature(directory) != fresh.signature { return }
            throw PlatformError(
                .corrupt, store: file.path,
                "The journal belongs to generation \(journal.base) of the registry, and \(path) is older or not there.",
                remedy: "Restore both files from one backup. To do without the changes the journal holds, move it away."
            )
        }
        fresh.journal = journal
        fresh.journalIdentity = file.identity
        for transaction in transactions { Self.make(transaction, in: &fresh) }
    }

    /// Keeps a copy of a damaged file, once for each content, as far as that is possible. The file stays where it is.
    private func setAside(_ octets: [UInt8], _ directory: Directory) {
        for number in 1...Self.mostCorruptCopies {
            let name = "\(corruptPrefix)\(number)"
            guard let copy = try? directory.status(of: name) else {
                // Nothing there, or not to be seen.
                try? directory.createFile(name, with: octets)
                return
            }
            if copy.size == octets.count, (try? directory.readFile(name, limit: octets.count)) == octets { return }
        }
    }
}
