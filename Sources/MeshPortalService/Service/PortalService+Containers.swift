import MeshCore
import MeshDARE
import MeshPortals
import MeshProfiles

// The containers of an account: how far they go, their frames, and new ones.
extension PortalService {
    func status(_ request: StatusRequest, _ member: AccountMember) async throws -> StatusResponse {
        let account = member.account
        let stores: [StoreName]
        if let named = request.containers {
            guard named.count <= Self.mostStores else { throw PortalFailure.badRequest("Stores are named twice.") }
            stores = try named.map(storeName)
        } else {
            stores = try await self.stores(of: account.partition)
        }
        var response = StatusResponse()
        response.status = .success
        response.profile = account.profile.envelope
        var containers: [ContainerStatus] = []
        for name in stores where member.mayRead(name) {
            let status = try await containerStatus(name, account)
            if status.index > 0 || request.containers != nil { containers.append(status) }
        }
        response.containers = containers
        if member.isAdministrator { response.pending = try await waiting(account).count }
        return response
    }

    func storeName(_ container: String) throws -> StoreName {
        guard let name = StoreName(containerName: container) else {
            throw PortalFailure.badRequest("There is no store of that name.")
        }
        return name
    }

    func containerStatus(_ name: StoreName, _ account: PortalAccount) async throws -> ContainerStatus {
        let state = try await store.state(of: name.containerName, in: account.partition)
        return ContainerStatus(container: name.containerName, index: state.count, digest: state.digest)
    }

    func download(_ request: DownloadRequest, _ member: AccountMember) async throws -> DownloadResponse {
        let account = member.account
        guard request.select.count <= Self.mostStores else {
            throw PortalFailure.badRequest("More is selected than there is.")
        }
        var room = PageRoom(limits)
        var response = DownloadResponse()
        var updates: [ContainerUpdate] = []
        var containers: [ContainerStatus] = []
        for selection in request.select {
            let name = try storeName(selection.container)
            guard member.mayRead(name) else { throw PortalFailure.unauthorized }
            let status = try await containerStatus(name, account)
            containers.append(status)
            guard selection.indexMin >= 0, selection.indexMin <= status.index else {
                throw PortalFailure.badRequest("The store has no frames there.")
            }
            let end = min(max(selection.indexMax ?? status.index, selection.indexMin), status.index)
            if let update = try await page(of: name, account, selection.indexMin..<end, &room) {
                updates.append(update)
            }
        }
        response.status = .success
        response.updates = updates
        response.containers = containers
        return response
    }

    /// Frames of a range, as many as there is room for, in whole runs; nil if none is wanted or fits.
    ///
    /// A run that alone is larger than a page (the limits were wider once) is given all the same.
    func page(
        of name: StoreName, _ account: PortalAccount, _ range: Range<Int>, _ room: inout PageRoom
    ) async throws -> ContainerUpdate? {
        guard !range.isEmpty, !room.isFull else { return nil }
        let log = name.containerName
        let partition = account.partition
        var frames = try await store.frames(
            of: log, from: range.lowerBound, limit: min(room.frames, range.count), octets: room.octets, in: partition)
        if frames.octetCount > room.octets, !room.isWhole { return nil }
        if range.lowerBound + frames.count < range.upperBound {
            if let last = try frames.lastIndex(where: { try RunRules.endsRun($0) }) {
                frames.removeSubrange((last + 1)...)
            } else if room.isWhole {
                while let last = frames.last, try !RunRules.endsRun(last),
                    range.lowerBound + frames.count < range.upperBound
                {
                    frames += try await store.frames(
                        of: log, from: range.lowerBound + frames.count, limit: 1, octets: room.octets, in: partition)
                }
            } else {
                return nil
            }
        }
        guard !frames.isEmpty else { throw corrupt(log) }
        room.take(frames)
        var digest: [UInt8] = []
        if range.lowerBound > 0 {
            let before = try await store.frames(
                of: log, from: range.lowerBound - 1, limit: 1, octets: 0, in: partition)
            guard let before = before.first else { throw corrupt(log) }
            digest = try FrameTrailer(of: before).chainDigest ?? []
        }
        return ContainerUpdate(container: log, index: range.lowerBound, digest: digest, frames: frames)
    }

    func transact(_ request: TransactRequest, _ member: AccountMember) async throws -> TransactResponse {
        guard (1...64).contains(request.updates.count) else {
            throw PortalFailure.badRequest("A transaction has one to 64 updates.")
        }
        for update in request.updates {
            guard try member.mayWrite(storeName(update.container)) else {
                throw PortalFailure.unauthorized
            }
            try requireSize(update.frames.map(\.octets))
        }
        var response = TransactResponse()
        response.status = .success
        var containers: [ContainerStatus] = []
        var account = member.account
        for update in request.updates {
            do {
                if update.container == DeviceDirectory.store, !containers.isEmpty {
                    account = try await current(account)
                }
                containers.append(try await append(update, to: account, isCopy: member.mayCopy))
            } catch {
                let failure = PortalFailure(error)
                // What was done before stays done, and is said.
                guard failure.status == .conflict || !containers.isEmpty else { throw error }
                if let cause = failure.cause, failure.status.rawValue >= 500 {
                    observer(PortalEvent(transaction: .transact, status: failure.status, cause: cause))
                }
                response.status = failure.status
                response.statusDescription = failure.description
                if let name = try? storeName(update.container), failure.status == .conflict,
                    let status = try? await containerStatus(name, account)
                {
                    containers.append(status)
                }
                break
            }
        }
        response.containers = containers
        return response
    }

    /// The account as it is after something was done to it.
    func current(_ account: PortalAccount) async throws -> PortalAccount {
        guard let account = try await self.account(account.address) else { throw PortalFailure.unauthorized }
        return account
    }

    func requireSize(_ frames: [[UInt8]]) throws {
        guard !frames.isEmpty else { throw PortalFailure.badRequest("An update has frames.") }
        guard frames.count <= limits.frames, frames.octetCount <= limits.frameOctets else {
            throw PortalFailure.tooLarge(
                "An update has at most \(limits.frames) frames and \(limits.frameOctets) octets of them.")
        }
    }

    /// Appends the runs of `update`, which must be valid and begin at the container's end.
    func append(
        _ update: ContainerUpdate, to account: PortalAccount, isCopy: Bool = false
    ) async throws -> ContainerStatus {
        let name = try storeName(update.container)
        let frames = update.frames.map(\.octets)
        let state = try await store.state(of: update.container, in: account.partition)
        guard update.index == state.count, update.digest.octets == state.digest else {
            throw PortalFailure.conflict("The container goes on elsewhere than where the frames begin.")
        }
        let after: FrameRunState
        var devices = account.devices
        if name == .device {
            guard devices.isAt(state) else { throw PortalFailure.conflict("The device catalog was changed meanwhile.") }
            _ = try RunRules.verify(frames, in: &devices)
            after = devices.state
        } else {
            let before = try await runState(of: name, account, at: state)
            after = try RunRules.verify(frames, of: name, after: before, devices: devices, isCopy: isCopy)
        }
        let release = try await reserveRoom(frames.octetCount, account)
        let done: PortalLogState
        do {
            if state.count == 0 { try await note(name, in: account.partition) }
            done = try await store.append(frames, to: update.container, expecting: state.count, in: account.partition)
        } catch let error as PortalFailure {
            await release()
            throw error
        } catch let error as PortalStoreError where error.code == .conflict || error.code == .invalidFrames {
            await release()
            throw error
        }
        accounts.update(account.profile.udf) { entry in
            if name == .device { entry.devices = devices } else { entry.runs[name.containerName] = after }
        }
        return ContainerStatus(container: update.container, index: done.count, digest: done.digest)
    }

    /// How far a container goes, with what is needed to verify the next run.
    private func runState(
        of name: StoreName, _ account: PortalAccount, at state: PortalLogState
    ) async throws -> FrameRunState {
        func isThere(_ found: FrameRunState) -> Bool { found.count == state.count && found.digest == state.digest }
        if let known = accounts[account.profile.udf]?.runs[name.containerName], isThere(known) { return known }
        let found = try await store.runState(of: name.containerName, in: account.partition)
        guard isThere(found) else { throw PortalFailure.conflict("The container was changed meanwhile.") }
        return found
    }

    /// Takes room for `octets` octets of frames.
    ///
    /// - Returns: what gives it back.
    /// - Throws: ``PortalFailure`` `tooMany` if there is not so much.
    private func reserveRoom(_ octets: Int, _ account: PortalAccount) async throws -> () async -> Void {
        try await changeUsage(octets, account.partition)
        return { try? await self.changeUsage(-octets, account.partition) }
    }

    /// How many octets of frames there are.
    private func keptOctets(_ partition: PortalPartition) async throws -> Int {
        var sum = 0
        for name in try await stores(of: partition) {
            sum += try await store.runState(of: name.containerName, in: partition).octets
        }
        return sum
    }

    private func changeUsage(_ octets: Int, _ partition: PortalPartition) async throws {
        for _ in 0..<16 {
            guard let usage = try await store.read(UsageRecord.self, UsageRecord.name, in: partition) else {
                throw corrupt(UsageRecord.key(UsageRecord.name))
            }
            var sum = usage.content.octets.addingReportingOverflow(octets)
            if octets > 0, let most = limits.accountOctets, sum.overflow || sum.partialValue > most {
                // Room that was taken for what then was never appended counts until it is missed.
                sum = try await keptOctets(partition).addingReportingOverflow(octets)
                guard !sum.overflow, sum.partialValue <= most else {
                    throw PortalFailure.tooMany("The account may keep no more than \(most) octets here.")
                }
            }
            do {
                return try await store.commit(
                    [try usage.put(UsageRecord(octets: max(0, sum.partialValue)))], in: partition)
            } catch let error as PortalStoreError where error.code == .conflict {
                continue
            }
        }
        throw PortalFailure(.unavailable, "The account is busy.")
    }
}

/// How much of a page is left.
struct PageRoom {
    private(set) var frames: Int
    private(set) var octets: Int
    /// Whether nothing has been taken yet.
    private(set) var isWhole = true
    var isFull: Bool { frames <= 0 || octets <= 0 }

    init(_ limits: PortalLimits) {
        frames = limits.frames
        octets = limits.frameOctets
    }

    mutating func take(_ taken: [[UInt8]]) {
        frames -= taken.count
        octets -= taken.octetCount
        isWhole = false
    }
}
