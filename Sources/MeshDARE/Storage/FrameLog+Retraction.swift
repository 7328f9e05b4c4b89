import MeshCore
import MeshPlatforms
import Synchronization

extension FrameLog {
    /// Takes the last frames back, durably, while nobody else appends. They are kept in a file beside.
    ///
    /// For frames that a power cut has left of a batch that was never finished. Others that have read them already notice
    /// that the file has become shorter, and have to open it anew.
    ///
    /// - Parameters:
    ///   - deadline: until when to wait for the lock.
    ///   - place: tells where the last frame ends that stays, of a file that ends at the position it is given.
    /// - Throws: as ``append(durability:until:_:)``; what `place` throws.
    func retract(until deadline: ContinuousClock.Instant, to place: (_ end: Int) throws -> Int) throws {
        let end = try locked(until: deadline) { sidecar in
            let end = try settledEnd(sidecar, until: deadline)
            let place = try place(end)
            guard (1..<end).contains(place) else { return end }
            try keepBeside(place..<end, ifWhole: true)
            try forgetDurableEnd(behind: place, sidecar, until: deadline)
            // Whoever comes next finishes it, if this is interrupted.
            try sidecar.store(1, in: .writing)
            try sidecar.store(UInt64(place), in: .end)
            try cut(to: place, sidecar)
            try sidecar.store(0, in: .writing)
            return place
        }
        state.withLock { $0.end = end }
    }

    /// Before anything is cut, and durably: what is appended in its place is not what was durable there.
    private func forgetDurableEnd(
        behind place: Int, _ sidecar: any ContainerSidecar, until deadline: ContinuousClock.Instant
    ) throws {
        try sidecar.acquire(.synchronize, until: deadline)
        defer { giveBack(sidecar) }
        try sidecar.store(UInt64(place), in: .durableEnd)
        try noteVerifiedEnd(UInt64(place), sidecar)
        try sidecar.synchronize()
    }
}
