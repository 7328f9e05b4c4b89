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
    let progress: @Sendable (SyncProgress) -> Void
    private let stores: OpenedStores

    init(
        platform: any MeshPlatform, account: VerifiedProfile<ProfileUser>, keys: StoreKeys, portal: any AccountPortal,
        progress: @escaping @Sendable (SyncProgress) -> Void = { _ in }
    ) {
        self.platform = platform
        self.account = account
        self.keys = keys
        self.portal = portal
        self.progress = progress
        stores = OpenedStores(keys: keys, platform: platform)
    }

    /// A store, with the containers that are open already.
    func store(_ name: StoreName) -> AccountStore { AccountStore(name, in: stores, platform: platform) }

    private var calls: BlockingCalls { BlockingCalls(store: platform.containers.name) }

    /// Works with the account's containers.
    func working<R: Sendable>(_ body: @escaping @Sendable (OpenedStores) throws -> R) async throws -> R {
        let stores = stores
        return try await calls.run(deadline: Self.deadline) { try stores.working(body) }
    }
    private static let deadline = Duration.seconds(120)
    /// How many changes are sent in one run, and about how many octets of them.
    private static let runLength = 1000
    private static let runOctets = 512 << 10
    /// How many stores a portal may say that there are.
    private static let mostStores = 1024
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
        // A store that the portal does not speak of any more is one that it keeps back.
        for store in Self.order(try await keptStores().union(states.keys)) where keys.reads(store) {
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
        guard list.count <= Self.mostStores else {
            throw PortalError(.malformed, "The portal states \(list.count) stores of one account.")
        }
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
        var state: FrameRunState
        var book: DeviceBook
    }

    private func receive(_ store: StoreName, to end: ContainerStatus?, _ report: inout SyncReport) async throws {
        let state = try await state(of: store)
        let total = end?.index ?? 0
        guard total >= state.count else {
            throw PortalError(
                .rolledBack,
                "The portal has \(total) frames of \(store.containerName), and has shown \(state.count) before.",
                remedy: "Nothing was changed here. Ask whoever runs the portal whether it was restored from a backup.")
        }
        if total == state.count {
            guard end == nil || end?.digest.octets == state.digest else { throw Self.forked(store) }
            return
        }
        let start = state.count
        var place = Place(state: state, book: try await book())
        while place.state.count < total {
            try Task.checkCancellation()
            place = try await receivePage(of: store, at: place, to: total)
            progress(
                SyncProgress(store: store, done: place.state.count - start, total: total - start, isSending: false))
        }
        if let end, place.state.count == total, end.digest.octets != place.state.digest { throw Self.forked(store) }
        report.received[store, default: 0] += place.state.count - start
    }

    static func forked(_ store: StoreName, _ cause: (any Error)? = nil) -> PortalError {
        PortalError(
            .forked, "The portal shows another history of \(store.containerName) than it has shown before.",
            remedy: "Nothing was changed here. Compare with your other devices before you go on.", cause: cause)
    }

    private func state(of store: StoreName) async throws -> FrameRunState {
        return try await working { try $0.sequence(store)?.runState() ?? .empty }
    }

    private func book() async throws -> DeviceBook {
        let account = account
        return try await working { try $0.book(of: account) }
    }

    /// Gets one page of frames, verifies its runs, and takes them over.
    private func receivePage(of store: StoreName, at place: Place, to total: Int) async throws -> Place {
        var verifier = RunVerifier(keys.scope(store), from: place.state)
        var frames: [[UInt8]] = []
        var covered = 0
        var runs: [VerifiedRun] = []
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
                covered = frames.count
                runs.append(run)
                if store == .device { try book.follow(run) { try Self.payload(of: frames[$0 - place.state.count]) } }
            }
        } while covered == 0
        frames.removeSubrange(covered...)
        try await append(PreparedFrames(verified: frames, from: place.state, to: verifier.covered), to: store)
        try await recognise(store, runs)
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
    func append(_ frames: PreparedFrames, to store: StoreName) async throws {
        try await working { stores in
            do {
                if let sequence = try stores.sequence(store) {
                    try sequence.append(frames)
                } else {
                    _ = try DARESequence.create(
                        store.fileName, in: stores.directory, verbatim: frames.frames, wholeRuns: true)
                }
            } catch let error as ReplicaError where error.code == .conflict {
                // Another process of this machine has received them already, or is about to.
            } catch let error as PlatformError where error.code == .alreadyExists {
            }
        }
    }

    /// Takes changes out of the outbox that stand in frames that were received: they were sent, and the answer was lost.
    private func recognise(_ store: StoreName, _ runs: [VerifiedRun]) async throws {
        try await working { stores in
            guard !runs.isEmpty else { return }
            let outbox = try stores.outbox
            guard try outbox.count > 0, let sequence = try stores.sequence(store) else { return }
            var sent: [(id: String, key: String, frame: Int)] = []
            for frame in runs.lazy.flatMap(\.frames) {
                guard let key = frame.key, try outbox.hasChanges(of: key, in: store),
                    let id = try Self.change(in: frame.index, of: sequence), try outbox.find(id)?.store == store
                else { continue }
                sent.append((id, key, frame.index))
            }
            try outbox.settle(store, sent)
        }
    }

    /// The identifier of the change that a frame makes.
    private static func change(in frame: Int, of sequence: DARESequence) throws -> String? {
        try sequence.frame(at: frame).members.contentMeta.members[PendingChange.frameMember]?.string
    }

    // MARK: Copying

    /// Sends the portal the frames of our copies that it does not have: to a further portal, or to one where the account was
    /// made anew. What the portal has of a store must be the beginning of our copy; where it has more, nothing is sent.
    ///
    /// - Parameter isSent: whether a store is to be sent.
    /// - Returns: the stores of which something was sent.
    /// - Throws: ``PortalError``, among them `conflict` if the portal has something else; ``DAREError``, ``PlatformError``.
    func upload(_ isSent: (StoreName) -> Bool = { _ in true }) async throws -> [StoreName] {
        let states = try Self.states(try await portal.status().containers ?? [])
        var sent: [StoreName] = []
        for store in Self.order(try await keptStores()) where isSent(store) {
            let first = states[store]?.index ?? 0
            let runs = try await working { opened -> [KeptRun] in
                guard let sequence = try opened.sequence(store), try sequence.refresh() > first else { return [] }
                return try KeptRun.all(of: store, in: sequence, from: first)
            }
            for run in runs {
                try Task.checkCancellation()
                do {
                    _ = try await portal.transact([run.update])
                } catch let error as PortalError where error.code == .conflict {
                    // Another device of the account may be sending the same.
                    let now = try Self.states(try await portal.status().containers ?? [])[store]
                    guard now?.index ?? 0 > run.update.index else { throw error }
                    continue
                }
                if sent.last != store { sent.append(store) }
            }
        }
        return sent
    }

    // MARK: Sending

    /// A run that is ready to be sent.
    private struct Prepared: Sendable {
        let frames: PreparedFrames
        let changes: [(id: String, key: String, frame: Int)]
        /// How many of the changes that wait it deals with.
        let count: Int
    }

    private func send(_ chosen: Set<StoreName>?, _ report: inout SyncReport) async throws {
        for store in try await waitingStores() where chosen?.contains(store) ?? true {
            if keys.writes(store) {
                try await send(store, &report)
            } else {
                report.withheld[store] = try await waiting(for: store).count
            }
        }
        let hasSent = !report.sent.isEmpty
        report.conflicts = try await working { stores in
            // Whoever opens the outbox next reads what is in it.
            if hasSent { try stores.outbox.tidy(in: stores.directory) }
            return try Self.conflicts(stores)
        }
    }

    /// The stores of which this machine has a copy.
    private func keptStores() async throws -> Set<StoreName> {
        return try await working { Set(try $0.kept()) }
    }

    private func waitingStores() async throws -> [StoreName] {
        let waiting = try await working { stores in
            let outbox = try stores.outbox
            try outbox.tidy(in: stores.directory)
            return try outbox.stores()
        }
        return waiting.isEmpty ? [] : Self.order(waiting).filter { waiting.contains($0) }
    }

    private func waiting(for store: StoreName) async throws -> [String] {
        return try await working { try $0.outbox.waiting(for: store) }
    }

    private func send(_ store: StoreName, _ report: inout SyncReport) async throws {
        var lost = 0
        var waiting: ArraySlice<String> = []
        while true {
            try Task.checkCancellation()
            if waiting.isEmpty { waiting = try await self.waiting(for: store)[...] }
            guard !waiting.isEmpty else { return }
            guard let run = try await prepare(store, waiting) else {
                // None of them is there any more, or can be sent.
                waiting = []
                continue
            }
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
            try await append(run.frames, to: store)
            try await working { try $0.outbox.settle(store, run.changes) }
            waiting = waiting.dropFirst(run.count)
            report.sent[store, default: 0] += run.changes.count
            progress(
                SyncProgress(
                    store: store, done: report.sent[store, default: 0], total: report.sent[store, default: 0],
                    isSending: true))
        }
    }

    /// Makes the next run of `waiting`; nil if none of them can be sent. Changes of entries that another device has changed
    /// meanwhile are marked, and left out.
    private func prepare(_ store: StoreName, _ waiting: ArraySlice<String>) async throws -> Prepared? {
        try await working { stores -> Prepared? in
            let opened = try stores.store(store)
            let keys = stores.keys
            let signer = RunSigner(keys.scope(store), key: keys.signature)
            var rest = waiting
            while !rest.isEmpty {
                let changes = try Self.next(&rest, in: opened.outbox)
                guard !changes.isEmpty else { continue }
                let made =
                    if let replica = opened.replica {
                        try replica.prepareRun(signedBy: signer) { try Self.make(changes, of: opened, in: &$0) }
                    } else {
                        try Catalog.prepareRun(
                            new: store.fileName, options: try stores.options(store), signedBy: signer
                        ) {
                            try Self.make(changes, of: opened, in: &$0)
                        }
                    }
                try opened.outbox.update(made.result.conflicts)
                try opened.outbox.settle(store, made.result.done)
                if !made.result.sent.isEmpty {
                    return Prepared(
                        frames: made.frames, changes: made.result.sent, count: waiting.count - rest.count)
                }
            }
            return nil
        }
    }

    /// Makes a run of what `body` changes in a store, apart from the outbox, and sends nothing.
    func prepare(
        _ store: StoreName, _ body: @escaping @Sendable (inout CatalogTransaction) throws -> Void
    ) async throws -> PreparedFrames {
        let keys = keys
        return try await working { stores in
            let signer = RunSigner(keys.scope(store), key: keys.signature)
            if let replica = try stores.replica(store) { return try replica.prepareRun(signedBy: signer, body).frames }
            return try Catalog.prepareRun(
                new: store.fileName, options: try stores.options(store), signedBy: signer, body
            ).frames
        }
    }

    /// Makes one run of a store, apart from the outbox, and sends it. If another device was faster, its frames are received
    /// first, and the run is made anew.
    ///
    /// - Parameter make: makes the run of the store as it is here now; nil: there is nothing to be done.
    /// - Returns: whether a run was sent.
    func change(
        _ store: StoreName, _ make: @escaping @Sendable (OpenedStores, RunSigner) throws -> PreparedFrames?
    ) async throws -> Bool {
        let signer = RunSigner(keys.scope(store), key: keys.signature)
        for attempt in 1... {
            guard let run = try await working({ try make($0, signer) }) else {
                return false
            }
            let update = ContainerUpdate(
                container: store.containerName, index: run.before.count, digest: run.before.digest, frames: run.frames)
            do {
                _ = try await portal.transact([update])
            } catch let error as PortalError where error.code == .conflict && attempt < Self.attempts {
                _ = try await receive([store], from: try await portal.status())
                continue
            }
            try await append(run, to: store)
            return true
        }
        return false
    }

    /// Takes as many changes as make up a run from the front of `waiting`. Those that are gone are passed over.
    private static func next(_ waiting: inout ArraySlice<String>, in outbox: Outbox) throws -> [PendingChange] {
        var changes: [PendingChange] = []
        var octets = 0
        while changes.count < runLength, let id = waiting.first {
            if let change = try outbox.find(id), !change.isConflict {
                octets += change.content.count
                if octets > runOctets, !changes.isEmpty { break }
                changes.append(change)
            }
            waiting.removeFirst()
        }
        return changes
    }

    /// What became of changes that were to be entered into a transaction.
    private struct Made {
        /// Entered, with the frame that each will be.
        var sent: [(id: String, key: String, frame: Int)] = []
        /// There already: their acknowledgement was lost.
        var done: [(id: String, key: String, frame: Int)] = []
        /// Those that somebody has to decide about.
        var conflicts: [PendingChange] = []
    }

    /// Enters changes into a transaction.
    private static func make(
        _ changes: [PendingChange], of opened: OpenedStore, in transaction: inout CatalogTransaction
    ) throws -> Made {
        var made = Made()
        var touched: Set<[UInt8]> = []
        var refused: Set<[UInt8]> = []
        for change in changes {
            let key = Array(change.key.utf8)
            let present = transaction.contentFrame(of: change.key)
            let isOurs = touched.contains(key)
            let isPossible =
                switch change.event {
                case .new: present == nil
                default: present != nil && (isOurs || change.base == nil || present == change.base)
                }
            guard isPossible, !refused.contains(key), try !opened.outbox.isUndecided(change.key, in: opened.name) else {
                if !isOurs, let frame = present, let sequence = try opened.replica?.sequence,
                    try Self.change(in: frame, of: sequence) == change.id
                {
                    made.done.append((change.id, change.key, frame))
                    continue
                }
                refused.insert(key)
                var change = change
                change.isConflict = true
                made.conflicts.append(change)
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
            made.sent.append((change.id, change.key, version.frame))
        }
        return made
    }

    /// The changes that nobody has decided about yet.
    static func conflicts(_ stores: OpenedStores) throws -> [EntryConflict] {
        try stores.outbox.stores(isConflict: true).filter(stores.keys.reads).flatMap { store in
            let changes = try stores.outbox.conflicts(in: store)
            let replica = try stores.replica(store)
            return try changes.map { change in
                let theirs = try replica.flatMap { replica in
                    try replica.find(change.key).map { try replica.content(of: $0) }
                }
                return EntryConflict(
                    store: store, key: change.key, ours: change.event == .delete ? nil : change.content,
                    theirs: theirs, change: change.id)
            }
        }
    }
}
