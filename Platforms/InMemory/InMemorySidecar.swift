import Glibc
import MeshCore
import MeshPlatforms
import Synchronization

/// Locks and words of a container in memory.
final class InMemorySidecar: ContainerSidecar {
    /// What all holders of one sidecar share.
    final class Shared: Sendable {
        let path: String
        fileprivate let state = Mutex(State())

        fileprivate struct State {
            var words = ContainerWords()
            var held: Set<ContainerLock> = []
            var isCurrent = true
        }

        init(path: String) { self.path = path }

        /// Says that others will find another one.
        func discard() { state.withLock { $0.isCurrent = false } }
    }

    private let shared: Shared
    /// The locks that this holder has.
    private let held = Mutex<Set<ContainerLock>>([])

    init(_ shared: Shared) { self.shared = shared }

    deinit {
        let held = held.withLock { $0 }
        shared.state.withLock { $0.held.subtract(held) }
    }

    func acquire(_ lock: ContainerLock, until deadline: ContinuousClock.Instant) throws {
        while !tryAcquire(lock) {
            guard ContinuousClock.now < deadline else {
                throw PlatformError(.timedOut, store: shared.path, "Another task held the lock until the deadline.")
            }
            sched_yield()
        }
    }

    func tryAcquire(_ lock: ContainerLock) -> Bool {
        guard shared.state.withLock({ $0.held.insert(lock).inserted }) else { return false }
        held.withLock { _ = $0.insert(lock) }
        return true
    }

    func release(_ lock: ContainerLock) {
        // Only what this holder has: another's lock stays.
        guard held.withLock({ $0.remove(lock) }) != nil else { return }
        shared.state.withLock { _ = $0.held.remove(lock) }
    }

    func isCurrent() -> Bool { shared.state.withLock { $0.isCurrent } }

    func words() -> ContainerWords { shared.state.withLock { $0.words } }

    func store(_ value: UInt64, in word: ContainerWord) { shared.state.withLock { $0.words[word] = value } }

    func synchronize() {}

    func wait(for word: ContainerWord, whileEqualTo value: UInt64, atMost duration: Duration) { sched_yield() }

    func wake(_ word: ContainerWord) {}
}
