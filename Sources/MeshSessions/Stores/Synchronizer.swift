import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPlatforms
import MeshPortals
import MeshProfiles

/// Makes a machine's copies of an account's stores what the portal has, and the portal have what was changed here
/// (platform specification §9, G5 sync).
///
/// A copy only grows, by frames that a device of the account has signed for that place. A portal that shows fewer frames than
/// it has shown, or others, is found out before anything is taken over.
struct Synchronizer: Sendable {
    let platform: any MeshPlatform
    let account: VerifiedProfile<ProfileUser>
    let keys: StoreKeys
    let portal: any AccountPortal
    var progress: @Sendable (SyncProgress) -> Void = { _ in }

    private var calls: BlockingCalls { BlockingCalls(store: platform.containers.name) }
    private static let deadline = Duration.seconds(120)
    /// How many changes are sent in one run, and about how many octets of them.
    private static let runLength = 1000
    private static let runOctets = 512 << 10
    /// How often a run is made anew because another device was faster.
    private static let attempts = 10

    // MARK: All stores

    /// Receives what is new in all stores, and sends what waits, the device catalog first.
    ///
    /// - Parameters:
    ///   - status: what the portal has just said, if it was asked already.
    ///   - stores: the stores of which changes are sent; nil: all.
    /// - Throws: ``PortalError``, among them `rolledBack` and `forked`; ``DAREError``, ``PlatformError``. What was done before
    ///   stays done.
    func run(_ status: StatusResponse? = nil, sending stores: Set<StoreName>? = nil) async throws -> SyncReport {
        var report = SyncReport()
        let said: StatusResponse
        if let status { said = status } else { said = try await portal.status() }
        report.pendingConnections = said.pending
        let states = try Self.states(said.containers ?? [])
        for store in Self.order(states.keys) {
            try await receive(store, to: states[store], &report)
        }
        try await send(stores, &report)
        return report
    }

    /// Receives what is new in `stores` alone, and sends nothing.
    func receive(_ stores: [StoreName], from status: StatusResponse) async throws -> SyncReport {
        var report = SyncReport()
        let states = try Self.states(status.containers ?? [])
        for store in stores { try await receive(store, to: states[store], &report) }
        return report
    }

    private static func states(_ list: [ContainerStatus]) throws(PortalError) -> [StoreName: ContainerStatus] {
        var states: [StoreName: ContainerStatus] = [:]
        for status in list {
            guard let store = StoreName(containerName: status.container) else { continue }
            guard status.index >= 0, states.updateValue(status, forKey: store) == nil else {
                throw PortalError(.malformed, "The portal states the store \(status.container) twice, or of no length.")
            }
        }
        return states
    }

    /// The device catalog says who may change the others.
    private static func order(_ stores: some Sequence<StoreName>) -> [StoreName] {
        let all = Set(stores).union([.device]).sorted { $0.rawValue < $1.rawValue }
        return [.device] + all.filter { $0 != .device }
    }

    // MARK: Receiving

    /// Where a replica is, and who may have signed what comes next.
    private struct Place: Sendable {
        let state: FrameRunState
        let book: DeviceBook
    }

    private func receive(_ store: StoreName, to end: ContainerStatus?, _ report: inout SyncReport) async throws {
        var place = try await place(of: store)
        let total = end?.index ?? 0
        guard total >= place.state.count else {
            throw PortalError(
                .rolledBack,
                "The portal has \(total) frames of \(store.containerName), and has shown \(place.state.count) before.",
                remedy: "Nothing was changed here. Ask whoever runs the portal whether it was restored from a backup.")
        }
        if let end, total == place.state.count {
            guard end.digest.octets == place.state.digest else { throw Self.forked(store) }
            return
        }
        let start = place.state.count
        while place.state.count < total {
            try Task.checkCancellation()
            place = try await receivePage(of: store, at: place, to: total)
            progress(
                SyncProgress(store: store, done: place.state.count - start, total: total - start, isSending: false))
        }
        if let end, place.state.count == total, end.digest.octets != place.state.digest { throw Self.forked(store) }
        report.received[store, default: 0] += place.state.count - start
        try await recognise(store, from: start)
    }

    static func forked(_ store: StoreName, _ cause: (any Error)? = nil) -> PortalError {
        PortalError(
            .forked, "The portal shows another history of \(store.containerName) than it has shown before.",
            remedy: "Nothing was changed here. Compare with your other devices before you go on.", cause: cause)
    }

    private func place(of store: StoreName) async throws -> Place {
        let (keys, platform, account) = (keys, platform, account)
        return try await calls.run(deadline: Self.deadline) {
            let opened = try OpenedStore(store, keys: keys, platform: platform)
            let devices =
                store == .device ? opened.replica : try OpenedStore(.device, keys: keys, platform: platform).replica
            return Place(
                state: try opened.replica?.sequence.runState() ?? .empty, book: try DeviceBook(account, devices))
        }
    }

    /// Gets one page of frames, verifies its runs, and takes them over.
    private func receivePage(of store: StoreName, at place: Place, to total: Int) async throws -> Place {
        var verifier = RunVerifier(keys.scope(store), from: place.state)
        var frames: [[UInt8]] = []
        var covered: [[UInt8]] = []
        var book = place.book
        // A run may be longer than what one answer holds.
        repeat {
            let next = place.state.count + frames.count
            let answer = try await portal.download([
                FrameSelection(container: store.containerName, from: next, to: total)
            ])
            guard let update = answer.updates?.first(where: { $0.container == store.containerName }),
                update.index == next, !update.frames.isEmpty
            else {
                throw PortalError(
                    .malformed,
                    "The portal does not give frame \(next) of \(store.containerName), which it says it has.")
            }
            for frame in update.frames {
                try Task.checkCancellation()
                frames.append(frame.octets)
                guard let run = try Self.take(frame.octets, store, place.state.count, &verifier, book, frames) else {
                    continue
                }
                covered = frames
                if store == .device { try book.follow(run) { try Self.payload(of: frames[$0 - place.state.count]) } }
            }
        } while covered.isEmpty
        try await append(covered, to: store, after: place.state)
        return Place(state: verifier.covered, book: book)
    }

    private static func take(
        _ octets: [UInt8], _ store: StoreName, _ start: Int, _ verifier: inout RunVerifier, _ book: DeviceBook,
        _ frames: [[UInt8]]
    ) throws -> VerifiedRun? {
        do {
            return try verifier.take(octets) { claim in
                try book.key(for: claim, of: store) { try payload(of: frames[$0 - start]) }
            }
        } catch let error as ReplicaError where error.code == .invalidFrame && error.frame == start {
            // It is a frame, and not the one that comes after ours.
            throw forked(store, error)
        } catch let error as ReplicaError {
            throw PortalError(
                .unauthenticated,
                "The portal shows frames of \(store.containerName) that no device of the account signed.",
                remedy: "Nothing was changed here. Do not use this portal until you know why.", cause: error)
        }
    }

    /// The content of a plain frame.
    static func payload(of octets: [UInt8]) throws -> [UInt8] { try SequenceFrame.payload(ofVerbatim: octets) }

    /// Takes over frames that the portal has. Blocks nobody; that another process was faster is no error.
    func append(_ frames: [[UInt8]], to store: StoreName, after state: FrameRunState) async throws {
        let (keys, platform) = (keys, platform)
        try await calls.run(deadline: Self.deadline) {
            let opened = try OpenedStore(store, keys: keys, platform: platform)
            do {
                if let replica = opened.replica {
                    try replica.sequence.append(verbatim: frames, expecting: state.count)
                } else {
                    _ = try DARESequence.create(store.fileName, in: opened.directory, verbatim: frames)
                }
            } catch let error as ReplicaError where error.code == .conflict {
                // Another process of this machine has received them already, or is about to.
            } catch let error as PlatformError where error.code == .alreadyExists {
            }
        }
    }

    /// Takes changes out of the outbox that stand in the frames from `start` on: they were sent, and the answer was lost.
    private func recognise(_ store: StoreName, from start: Int) async throws {
        let (keys, platform) = (keys, platform)
        try await calls.run(deadline: Self.deadline) {
            let opened = try OpenedStore(store, keys: keys, platform: platform)
            guard let replica = opened.replica else { return }
            let waiting = Set(try opened.outbox.changes(of: store).map(\.id))
            guard !waiting.isEmpty else { return }
            var sent: [(id: String, key: String, frame: Int)] = []
            let sequence = try replica.sequence
            for index in start..<sequence.count {
                let meta = try sequence.frame(at: index).members.contentMeta
                guard let id = meta.members[PendingChange.frameMember]?.string, waiting.contains(id),
                    let key = meta.uniqueID
                else { continue }
                sent.append((id, key, index))
            }
            try opened.outbox.settle(store, sent)
        }
    }

    // MARK: Sending

    /// A run that is ready to be sent.
    private struct Prepared: Sendable {
        let frames: PreparedFrames
        let changes: [(id: String, key: String, frame: Int)]
    }

    private func send(_ stores: Set<StoreName>?, _ report: inout SyncReport) async throws {
        for store in try await waitingStores() where stores?.contains(store) ?? true { try await send(store, &report) }
        let (keys, platform) = (keys, platform)
        report.conflicts = try await calls.run(deadline: Self.deadline) {
            try Self.conflicts(keys: keys, platform: platform)
        }
    }

    private func waitingStores() async throws -> [StoreName] {
        let (keys, platform) = (keys, platform)
        let stores = try await calls.run(deadline: Self.deadline) {
            let directory = try OpenedStore.directory(of: keys.account, on: platform)
            let outbox = try Outbox(in: directory, keys: keys, clock: platform.clock, random: platform.random)
            try outbox.tidy(in: directory)
            return Set(try outbox.changes().filter { !$0.isConflict }.map(\.store))
        }
        return stores.isEmpty ? [] : Self.order(stores).filter { stores.contains($0) }
    }

    private func send(_ store: StoreName, _ report: inout SyncReport) async throws {
        var lost = 0
        while true {
            try Task.checkCancellation()
            guard let run = try await prepare(store) else { return }
            let before = run.frames.before
            let update = ContainerUpdate(
                container: store.containerName, index: before.count, digest: before.digest, frames: run.frames.frames)
            do {
                _ = try await portal.transact([update])
            } catch let error as PortalError where error.code == .conflict {
                // Another device was faster: its frames first, then ours behind them.
                lost += 1
                guard lost < Self.attempts else { throw error }
                let status = try await portal.status()
                try await receive(store, to: try Self.states(status.containers ?? [])[store], &report)
                continue
            }
            try await append(run.frames.frames, to: store, after: before)
            let (sent, keys, platform) = (run.changes, keys, platform)
            try await calls.run(deadline: Self.deadline) {
                try OpenedStore(store, keys: keys, platform: platform).outbox.settle(store, sent)
            }
            report.sent[store, default: 0] += run.changes.count
            progress(
                SyncProgress(
                    store: store, done: report.sent[store, default: 0], total: report.sent[store, default: 0],
                    isSending: true))
        }
    }

    /// Makes the next run of what waits for `store`; nil if nothing does. Changes of entries that another device has changed
    /// meanwhile are marked, and left out.
    private func prepare(_ store: StoreName) async throws -> Prepared? {
        let (keys, platform) = (keys, platform)
        return try await calls.run(deadline: Self.deadline) { () -> Prepared? in
            let opened = try OpenedStore(store, keys: keys, platform: platform)
            let signer = RunSigner(keys.scope(store), key: keys.signature)
            let options = keys.options(.store(store), clock: platform.clock, random: platform.random)
            while true {
                let waiting = Self.next(try opened.outbox.changes(of: store))
                guard !waiting.isEmpty else { return nil }
                let made =
                    if let replica = opened.replica {
                        try replica.prepareRun(signedBy: signer) { try Self.make(waiting, in: &$0) }
                    } else {
                        try Catalog.prepareRun(new: store.fileName, options: options, signedBy: signer) {
                            try Self.make(waiting, in: &$0)
                        }
                    }
                try opened.outbox.update(made.result.conflicts)
                if !made.result.sent.isEmpty { return Prepared(frames: made.frames, changes: made.result.sent) }
            }
        }
    }

    /// Makes a run of what `body` changes in a store, apart from the outbox, and sends nothing.
    func prepare(
        _ store: StoreName, _ body: @escaping @Sendable (inout CatalogTransaction) throws -> Void
    ) async throws -> PreparedFrames {
        let (keys, platform) = (keys, platform)
        return try await calls.run(deadline: Self.deadline) {
            let opened = try OpenedStore(store, keys: keys, platform: platform)
            let signer = RunSigner(keys.scope(store), key: keys.signature)
            if let replica = opened.replica { return try replica.prepareRun(signedBy: signer, body).frames }
            return try Catalog.prepareRun(
                new: store.fileName,
                options: keys.options(.store(store), clock: platform.clock, random: platform.random),
                signedBy: signer, body
            ).frames
        }
    }

    /// The changes that make up the next run.
    private static func next(_ changes: [PendingChange]) -> [PendingChange] {
        var octets = 0
        return Array(
            changes.lazy.filter { !$0.isConflict }.prefix(runLength).prefix { change in
                octets += change.content.count
                return octets <= runOctets || octets == change.content.count
            })
    }

    /// Enters changes into a transaction.
    private static func make(
        _ changes: [PendingChange], in transaction: inout CatalogTransaction
    ) throws -> (sent: [(id: String, key: String, frame: Int)], conflicts: [PendingChange]) {
        var sent: [(id: String, key: String, frame: Int)] = []
        var conflicts: [PendingChange] = []
        var touched: Set<[UInt8]> = []
        var refused: Set<[UInt8]> = []
        for change in changes {
            let key = Array(change.key.utf8)
            let present = transaction.find(change.key)
            let isOurs = touched.contains(key)
            let isPossible =
                switch change.event {
                case .new: present == nil
                default: present != nil && (isOurs || change.base == nil || present?.frame == change.base)
                }
            guard isPossible, !refused.contains(key) else {
                refused.insert(key)
                var change = change
                change.isConflict = true
                conflicts.append(change)
                continue
            }
            touched.insert(key)
            var frame = CatalogFrame(change.content, secondaryKeys: change.secondaryKeys)
            frame.meta.members[PendingChange.frameMember] = .string(change.id)
            let version: CatalogVersion
            switch change.event {
            case .new: version = try transaction.add(change.key, frame)
            case .delete: version = try transaction.delete(change.key, meta: frame.meta)
            default: version = try transaction.update(change.key, frame, from: nil)
            }
            sent.append((change.id, change.key, version.frame))
        }
        return (sent, conflicts)
    }

    /// The changes that nobody has decided about yet.
    static func conflicts(keys: StoreKeys, platform: any MeshPlatform) throws -> [EntryConflict] {
        let directory = try OpenedStore.directory(of: keys.account, on: platform)
        let outbox = try Outbox(in: directory, keys: keys, clock: platform.clock, random: platform.random)
        return try outbox.changes().filter(\.isConflict).map { change in
            let replica = try OpenedStore(change.store, keys: keys, platform: platform).replica
            let theirs = try replica.flatMap { replica in
                try replica.find(change.key).map { try replica.content(of: $0) }
            }
            return EntryConflict(
                store: change.store, key: change.key, ours: change.event == .delete ? nil : change.content,
                theirs: theirs, change: change.id)
        }
    }
}
