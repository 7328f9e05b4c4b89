import MeshCore
import MeshDARE
import MeshPlatforms
import MeshProfiles

/// Brings the containers of an export to this machine. Every call blocks.
///
/// ``verify()`` changes nothing, and finds everything that can be wrong. Afterwards each step can be done again: a copy only
/// grows, by whole runs.
struct ContainerImport: Sendable {
    let exported: ExportedProfile
    let platform: any MeshPlatform
    let work: TransferWork

    /// What an outbox is called that was brought along, until what is in it was taken over.
    private static let broughtName = "Imported-\(Outbox.fileName)"
    /// About how many octets are appended at once.
    private static let pageSize = 1 << 20

    private var account: UDF { exported.manifest.profile }

    private func sequence(_ name: String) throws -> DARESequence? {
        guard let directory = try platform.containers.directory(of: account, create: false) else { return nil }
        return try DARESequence.open(name, in: directory, wholeRuns: name != Outbox.fileName)
    }

    // MARK: Verifying

    /// Verifies all containers, and that nothing here would be lost.
    ///
    /// - Returns: the devices that may sign what is in the stores.
    /// - Throws: ``SessionError`` `exportDamaged`, `exportOutdated`, `historyForked`, `unsentChanges`.
    func verify() throws -> DeviceBook {
        var book = DeviceBook(exported.profile)
        let stores = exported.manifest.stores
        for (store, container) in stores.filter({ $0.store == .device }) + stores.filter({ $0.store != .device }) {
            let walk = try verify(store, container, book)
            if store == .device { book = walk.book }
        }
        if let outbox = exported.manifest.outbox { try verify(outbox: outbox) }
        return book
    }

    private func verify(
        _ store: StoreName, _ container: ExportManifest.Container, _ book: DeviceBook
    ) throws -> RunWalk {
        let local = try sequence(store.fileName)
        try requireNewer(container, than: local, store.containerName)
        let here = try local.map { HistoryPoint(try $0.runState()) }
        var hasMet = here == nil
        var walk = RunWalk(store, of: exported.profile, book)
        var done = 0
        do {
            try exported.frames(of: container) { frame in
                done += frame.count
                guard try walk.take(frame) != nil else { return }
                if let here, walk.covered.count == here.count { hasMet = HistoryPoint(walk.covered) == here }
                try work.advance(store.rawValue, done, of: container.size, isVerifying: true)
            }
        } catch let error as ReplicaError {
            throw ExportedProfile.damaged(
                "Frames of \(store.containerName) in it are not as a device signed them.", error)
        }
        guard !walk.isWithinRun, walk.covered.octets == container.size, HistoryPoint(walk.covered) == container.point
        else { throw ExportedProfile.damaged("\(store.containerName) in it is another copy.") }
        guard hasMet else { throw forked(store.containerName) }
        return walk
    }

    private func requireNewer(
        _ container: ExportManifest.Container, than local: DARESequence?, _ name: String
    ) throws {
        switch try local?.compare(container.point) {
        case nil, .same, .ahead: return
        case .behind:
            throw SessionError(
                .exportOutdated, "\(name) is newer here than in the export of \(exported.manifest.made).",
                remedy: "Nothing was changed. What is here already holds what is in the export.")
        case .forked: throw forked(name)
        }
    }

    private func forked(_ name: String) -> SessionError {
        SessionError(
            .historyForked, "\(name) in the export has another history than the copy here.",
            remedy:
                "Nothing was changed. The portal has shown the two machines different things: compare their devices.")
    }

    /// What the changes here that wait are to those in the export.
    private enum OutboxRelation {
        /// The same.
        case same
        /// They are the first of them: what became of them is in the export.
        case older(FrameRunState)
        /// They are others, or none.
        case other
    }

    private func verify(outbox container: ExportManifest.Container) throws {
        let local = try sequence(Outbox.fileName)
        let (relation, brought) = try examine(container, local)
        guard let local, let directory = try directory(create: false),
            let catalog = try Catalog.open(Outbox.fileName, in: directory)
        else { return }
        guard case .other = relation else { return }
        if try local.compare(container.point) == .behind {
            return try requireNewer(container, than: local, "What waits to be sent")
        }
        let waiting = try catalog.keys.filter { !brought.contains($0) }
        guard waiting.isEmpty else {
            throw SessionError(
                .unsentChanges,
                "\(waiting.count) changes were made here that are not in the export, and were not sent.",
                remedy: "Nothing was changed. Synchronise first.")
        }
    }

    /// Verifies an outbox of the export.
    ///
    /// - Returns: what the one here is to it, and the identifiers of the changes that wait in it.
    private func examine(
        _ container: ExportManifest.Container, _ local: DARESequence?
    ) throws -> (OutboxRelation, waiting: Set<String>) {
        let here = try local.map { HistoryPoint(try $0.runState()) }
        var relation = here == container.point ? OutboxRelation.same : .other
        var checker = FrameRunChecker()
        var brought: Set<String> = []
        do {
            try exported.frames(of: container) { frame in
                let meta = try checker.take(frame).members.contentMeta
                if case .other = relation, let here, HistoryPoint(checker.state) == here {
                    relation = .older(checker.state)
                }
                guard let id = meta.uniqueID, let event = meta.event else { return }
                if CatalogEvent(reading: event.rawValue) == .delete { brought.remove(id) } else { brought.insert(id) }
                try work.advance("outbox", checker.state.octets, of: container.size, isVerifying: true)
            }
        } catch let error as ReplicaError {
            throw ExportedProfile.damaged("The changes in it that were not sent are damaged.", error)
        }
        guard HistoryPoint(checker.state) == container.point, checker.state.octets == container.size else {
            throw ExportedProfile.damaged("The changes in it that were not sent are other ones.")
        }
        return (relation, brought)
    }

    // MARK: Bringing

    private func directory(create: Bool) throws -> (any ContainerDirectory)? {
        try platform.containers.directory(of: account, create: create)
    }

    private func made() throws -> any ContainerDirectory { try OpenedStore.directory(of: account, on: platform) }

    /// Makes the copies here what they are in the export.
    ///
    /// - Parameters:
    ///   - book: as ``verify()`` has returned it.
    ///   - keys: the keys to the stores, if they are here: for changes that come to others.
    func bring(_ book: DeviceBook, _ keys: StoreKeys?) throws -> SessionChanges {
        var changes = SessionChanges()
        for (store, container) in exported.manifest.stores {
            let isHere = try sequence(store.fileName) != nil
            if try bring(store, container, book) {
                changes.note(.store, isHere ? .updated : .created, store.containerName)
            }
        }
        if let outbox = exported.manifest.outbox, try bring(outbox: outbox, keys) {
            changes.note(.store, .updated, "Outbox")
        }
        return changes
    }

    private func bring(
        _ store: StoreName, _ container: ExportManifest.Container, _ book: DeviceBook
    ) throws -> Bool {
        var local = try sequence(store.fileName)
        let start = try local?.runState().count ?? 0
        guard start < container.point.count else { return false }
        var walk = RunWalk(store, of: exported.profile, book)
        var page: [[UInt8]] = []
        var size = 0
        var before = walk.covered
        func append() throws {
            let prepared = PreparedFrames(verified: page, from: before, to: walk.covered)
            if let local {
                try local.append(prepared)
            } else {
                local = try DARESequence.create(
                    store.fileName, in: made(), verbatim: prepared.frames, wholeRuns: true, random: platform.random)
            }
            page = []
            size = 0
        }
        try exported.frames(of: container) { frame in
            guard let run = try walk.take(frame) else { return }
            try work.advance(store.rawValue, walk.covered.octets, of: container.size)
            guard walk.covered.count > start else {
                before = walk.covered
                return
            }
            page += run
            size += run.reduce(0) { $0 + $1.count }
            if size >= Self.pageSize {
                try append()
                before = walk.covered
            }
        }
        if !page.isEmpty { try append() }
        return true
    }

    private func bring(outbox container: ExportManifest.Container, _ keys: StoreKeys?) throws -> Bool {
        guard let local = try sequence(Outbox.fileName) else {
            // Only the device that made the changes can read them: another one could never send them.
            guard keys != nil else { return false }
            try bring(container, as: Outbox.fileName)
            return true
        }
        switch try examine(container, local).0 {
        case .same: return false
        case .older(let before):
            var checker = FrameRunChecker()
            var frames: [[UInt8]] = []
            try exported.frames(of: container) { frame in
                try checker.take(frame)
                if checker.state.count > before.count { frames.append(frame) }
            }
            try local.append(PreparedFrames(verified: frames, from: before, to: checker.state))
            return true
        case .other: return try merge(container, keys)
        }
    }

    /// Adds the changes of the export to those that wait here.
    private func merge(_ container: ExportManifest.Container, _ keys: StoreKeys?) throws -> Bool {
        let directory = try made()
        guard let keys else {
            throw SessionError(
                .keyMissing,
                "Changes that were not sent are in the export, and cannot be added to those here without keys.",
                remedy: "Import an export with keys, or on a machine that has nothing of the account.")
        }
        // One of an earlier attempt.
        _ = try directory.remove(Self.broughtName)
        try bring(container, as: Self.broughtName)
        let brought = try Outbox(Self.broughtName, in: directory, keys: keys, platform: platform)
        let outbox = try Outbox(in: directory, keys: keys, platform: platform)
        var hasChanged = false
        try outbox.add {
            let present = Set(try outbox.identifiers)
            let missing = try brought.identifiers.filter { !present.contains($0) }
            hasChanged = !missing.isEmpty
            return try missing.compactMap { try brought.find($0) }
        }
        _ = try directory.remove(Self.broughtName)
        return hasChanged
    }

    /// Makes the file all at once, as it is in the export.
    private func bring(_ container: ExportManifest.Container, as name: String) throws {
        var frames: [[UInt8]] = []
        try exported.frames(of: container) { frames.append($0) }
        _ = try DARESequence.create(name, in: made(), verbatim: frames, random: platform.random)
    }
}
