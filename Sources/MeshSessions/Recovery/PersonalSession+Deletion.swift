import MeshCore
import MeshDARE
import MeshPlatforms
import MeshProfiles

// Taking things away from this machine.
extension PersonalSession {
    /// Deletes the profile from this machine: its key, the copies of its stores and what waits to be sent, its connection, its
    /// files and their archive, its registry entry. Device profiles stay, and so does the account at the portal.
    ///
    /// Where the profile's own key is not here, as on a device that was connected later, nothing of the profile is lost, and no
    /// proof of recovery is asked for; unless this device is the last that administers the account.
    ///
    /// - Parameter evenIfUnrecoverable: whether to delete although no rehearsal has proven that shares recover the profile, and
    ///   although changes wait that were not sent.
    /// - Returns: what is gone.
    /// - Throws: ``SessionError`` `recoveryUnproven`, `unsentChanges`; ``PlatformError`` of the key store, with the profile left
    ///   whole. Interrupted later, it is finished by ``MeshSession/finishInterrupted()``.
    @discardableResult
    public func delete(evenIfUnrecoverable: Bool = false) async throws -> SessionChanges {
        if !evenIfUnrecoverable { try await requireNothingLost() }
        try await keeper.remove(udf, kind: .personal)
        return SessionChanges([.init(.profile, .removed, udf.text)])
    }

    /// Removes the profile's own key, the master seed, from this machine, so that it is only in its recovery shares.
    ///
    /// This device goes on by what it was given as an administrator of the account: it reads and writes the stores, connects and
    /// names devices. What takes the key itself is possible again after a recovery: new shares, and new versions of the profile.
    ///
    /// - Parameter evenIfUnrecoverable: whether to remove it although no rehearsal has proven that shares recover it. Without
    ///   shares that is for good: nobody will ever make shares or a new version of the profile, and the account is lost with
    ///   the last device that administers it.
    /// - Returns: what is gone; nothing if the key was not here.
    /// - Throws: ``SessionError`` `recoveryUnproven`; `noAccount`, `notAdministrator`: without the key this device could do
    ///   nothing then; ``PlatformError`` of the key store.
    public func deleteMasterKey(evenIfUnrecoverable: Bool = false) async throws -> SessionChanges {
        _ = try await MeshSession(platform, portal: portal).finishInterrupted()
        guard try await keeper.holdsKey(of: udf) else { return SessionChanges() }
        // That the device's own keys open what it was given is made sure before the key goes.
        _ = try await context().administratorKeys()
        if !evenIfUnrecoverable {
            try await requireProvenRecovery(
                "Without its key nobody could ever make shares or a new version of it again.")
        }
        guard try await platform.keys.remove(udf) else { return SessionChanges() }
        return SessionChanges([.init(.key, .removed, udf.text)])
    }

    private func requireNothingLost() async throws {
        if try await keeper.holdsKey(of: udf) {
            try await requireProvenRecovery("Deleting it would lose it for good.")
        } else if try await isLastAdministrator() {
            try await requireProvenRecovery("This device is the last that administers its account.")
        }
        let waiting = try await unsentChanges()
        guard waiting == 0 else {
            throw SessionError(
                .unsentChanges, "\(waiting) changes to the stores of \(udf) were not sent yet, and would be lost.",
                remedy: "Synchronise first.")
        }
    }

    private func requireProvenRecovery(_ loss: String) async throws {
        let state = try await recovery().state
        if case .proven = state { return }
        throw SessionError(
            .recoveryUnproven,
            (state == .none
                ? "The profile \(udf) has no recovery shares. " : "The recovery shares of \(udf) were never tried. ")
                + loss,
            remedy: state == .none
                ? "Make shares (escrow) and try them (rehearse) first." : "Try them (rehearse) first.")
    }

    /// Whether the account would be left without a device that administers it.
    private func isLastAdministrator() async throws -> Bool {
        guard try await AccountRecords(platform: platform).record(of: udf) != nil else { return false }
        let administrators = try await connectedDevices().filter(\.device.isAdministrator)
        return administrators.count == 1 && administrators[0].isThis
    }

    private func unsentChanges() async throws -> Int {
        guard try await AccountRecords(platform: platform).record(of: udf) != nil else { return 0 }
        let (keys, platform) = (try await context().storeKeys, platform)
        return try await BlockingCalls(store: platform.containers.name).run(deadline: .seconds(120)) {
            try OpenedStore(.device, keys: keys, platform: platform).outbox.count
        }
    }
}
