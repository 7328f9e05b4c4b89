import MeshCore
import MeshCryptography
import MeshDARE
import MeshPortals
import MeshProfiles

/// Who may sign the frames that a portal takes. A reader applies the same rules, and takes nothing else either.
enum RunRules {
    /// Verifies whole runs of a store that is not the device catalog: each is signed by a device that is connected and has the
    /// right to write the store.
    ///
    /// - Parameter isCopy: whether an administrator brings them: what was at another portal, or at this one before the account was made
    ///   anew, may hold runs of devices that were removed since. Whoever reads them knows how far those count.
    /// - Returns: how far the container goes with them.
    /// - Throws: ``PortalFailure`` `invalid`.
    static func verify(
        _ frames: [[UInt8]], of store: StoreName, after state: FrameRunState, devices: DeviceDirectory,
        isCopy: Bool = false
    ) throws -> FrameRunState {
        let scope = RunScope(account: devices.profile.udf, store: store.containerName)
        var verifier = RunVerifier(scope, from: state)
        try take(frames, &verifier) { claim in
            guard let kid = UDF(claim.signer) else { return nil }
            if let device = devices.device(signingBy: kid),
                store.rightsToWrite.allSatisfy(device.connection.rights.give)
            {
                return device.key
            }
            return isCopy ? devices.device(signingBy: kid)?.key ?? devices.formerKey(kid) : nil
        }
        return verifier.covered
    }

    /// Verifies whole runs of the device catalog, and takes them into `devices`.
    ///
    /// Each is signed by an administrator's device that the catalog had before; or by one that it adds itself: the first, and
    /// one by which the profile's owner recovers it, as the profile says. That a device once was an administrator's, and knows
    /// the key that signs connections, is not enough. There is an administrator after each run.
    ///
    /// - Returns: the devices that are new or changed.
    /// - Throws: ``PortalFailure`` `invalid`, `conflict` for the last administrator's removal.
    static func verify(_ frames: [[UInt8]], in devices: inout DeviceDirectory) throws -> [DeviceDirectory.Device] {
        let scope = RunScope(account: devices.profile.udf, store: DeviceDirectory.store)
        var verifier = RunVerifier(scope, from: devices.state)
        var changed: [DeviceDirectory.Device] = []
        for run in try runs(of: frames) {
            var next = devices
            do {
                changed += try next.take(run)
            } catch let error as ReplicaError {
                throw refused(error)
            }
            let (before, after) = (devices, next)
            try take(run, &verifier) { claim in
                guard let kid = UDF(claim.signer) else { return nil }
                let addsItself = before.state.count == 0 || before.recoveryKey(kid) != nil
                guard let device = before.device(signingBy: kid) ?? (addsItself ? after.device(signingBy: kid) : nil),
                    device.isAdministrator
                else { return nil }
                return device.key
            }
            guard next.isWhole else { throw PortalFailure.invalid("A transaction of the device catalog is not whole.") }
            guard next.hasAdministrator else {
                throw PortalFailure.conflict("An account has an administrator: connect another before this one goes.")
            }
            devices = next
        }
        return changed
    }

    private static func take(
        _ frames: [[UInt8]], _ verifier: inout RunVerifier, signer: (RunClaim) throws -> PublicKey?
    ) throws {
        do {
            for frame in frames { _ = try verifier.take(frame, signer: signer) }
        } catch let error as ReplicaError {
            throw refused(error)
        }
        guard verifier.uncovered.isEmpty else {
            throw PortalFailure.invalid("The last frames are not signed: a run ends with its signature.")
        }
    }

    private static func refused(_ error: ReplicaError) -> PortalFailure {
        PortalFailure.invalid("The frames are not runs that a device of the account has signed.", cause: error)
    }

    /// The frames, by the runs they were signed in; what is behind the last run, if anything is, as one more.
    private static func runs(of frames: [[UInt8]]) throws -> [[[UInt8]]] {
        var runs: [[[UInt8]]] = []
        var run: [[UInt8]] = []
        for frame in frames {
            run.append(frame)
            guard try endsRun(frame) else { continue }
            runs.append(run)
            run = []
        }
        return run.isEmpty ? runs : runs + [run]
    }

    /// Whether a run ends with the frame, as its trailer says.
    static func endsRun(_ frame: [UInt8]) throws -> Bool {
        do {
            return try FrameTrailer(of: frame).endsRun
        } catch {
            throw PortalFailure.invalid("What should be a frame is none.", cause: error)
        }
    }
}
