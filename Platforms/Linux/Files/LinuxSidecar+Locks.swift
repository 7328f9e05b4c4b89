import CLinuxFiles
import Glibc
import MeshCore
import MeshPlatforms
import Synchronization

/// The locks of a container: octets of its lock file, each of which the system lets one holder have.
///
/// A lock that was given back is anybody's, and who just had it takes it again before those who sleep have looked. So each has
/// a gate, as that of ``FileLock``: who has waited for a while shuts it and is next. All others leave the lock to the one who
/// shut it, as long as somebody works; if nobody does for a moment, the next one may have been stopped, and is passed by.
extension LinuxSidecar {
    struct Locks {
        /// The octets that threads of this process hold through this value, which are one holder to the system.
        var held: Set<off_t> = []
        /// What is known of gates that others have shut.
        var courtesies: [ContainerLock: Courtesy] = [:]
    }

    /// How a lock is left to the one who is next.
    enum Courtesy {
        /// The lock is free since then, and was left.
        case since(ContinuousClock.Instant)
        /// It was left for long enough, until the gate is open again.
        case exhausted
    }

    func acquire(_ lock: ContainerLock, until deadline: ContinuousClock.Instant) throws {
        if try tryAcquire(lock) { return }
        let begun = ContinuousClock.now
        var isNext = false
        defer { if isNext { giveBack(lock.gate) } }
        var attempts = 1
        var pause = Self.shortestPause
        while true {
            if !isNext, .now - begun >= lock.patience { isNext = try take(lock.gate) }
            if try isNext ? take(lock.octet) : tryAcquire(lock) { return }
            // Mostly it is held for some microseconds.
            attempts += 1
            if attempts < Self.attemptsAtOnce {
                sched_yield()
                continue
            }
            guard ContinuousClock.now < deadline else {
                throw PlatformError(
                    .timedOut, store: path, "Another process or task held the lock until the deadline.",
                    remedy: "Find it with `fuser -v \(path)` and let it finish, then try again.")
            }
            try rest(lock, pause)
            pause = isNext ? Self.shortestPause : min(pause * 2, Self.longestPause)
        }
    }

    private static let attemptsAtOnce = 16
    private static let shortestPause: UInt32 = 20  // µs
    private static let longestPause: UInt32 = 500  // µs

    func tryAcquire(_ lock: ContainerLock) throws -> Bool {
        try !mustLeave(lock) && take(lock.octet)
    }

    func release(_ lock: ContainerLock) { giveBack(lock.octet) }

    /// Whether `lock` is held, or to be left to somebody who has waited for longer.
    private func mustLeave(_ lock: ContainerLock) throws -> Bool {
        guard try isTaken(lock.gate) else {
            locks.withLock { _ = $0.courtesies.removeValue(forKey: lock) }
            return false
        }
        let isHeld = try isTaken(lock.octet)
        return locks.withLock { locks in
            switch locks.courtesies[lock] {
            case .exhausted: return isHeld
            case .since(let start) where !isHeld:
                if .now - start < Self.longestCourtesy { return true }
                locks.courtesies[lock] = .exhausted
                return false
            default:
                // As long as somebody works, he who is next cannot begin.
                locks.courtesies[lock] = isHeld ? nil : .since(.now)
                return true
            }
        }
    }

    private static let longestCourtesy = Duration.milliseconds(20)

    /// Lets time pass until another look at the lock is worth it.
    private func rest(_ lock: ContainerLock, _ pause: UInt32) throws {
        if lock == .synchronize {
            // Who has synchronized stores 0 and wakes.
            let value = try words()[.synchronizing]
            if value != 0 { return try wait(for: .synchronizing, whileEqualTo: value, atMost: .milliseconds(1)) }
        }
        usleep(pause)
    }

    // MARK: Octets

    private func take(_ octet: off_t) throws -> Bool {
        guard locks.withLock({ $0.held.insert(octet).inserted }) else { return false }
        var request = Self.request(F_WRLCK, octet)
        if fcntl(descriptor.number, linux_F_OFD_SETLK, &request) == 0 { return true }
        let failure = errno
        locks.withLock { _ = $0.held.remove(octet) }
        guard [EAGAIN, EACCES, EINTR].contains(failure) else {
            throw PlatformError.file(failure, "fcntl", path: path)
        }
        return false
    }

    private func giveBack(_ octet: off_t) {
        var request = Self.request(F_UNLCK, octet)
        _ = fcntl(descriptor.number, linux_F_OFD_SETLK, &request)
        locks.withLock { _ = $0.held.remove(octet) }
    }

    private func isTaken(_ octet: off_t) throws -> Bool {
        if locks.withLock({ $0.held.contains(octet) }) { return true }
        var request = Self.request(F_WRLCK, octet)
        guard fcntl(descriptor.number, linux_F_OFD_GETLK, &request) == 0 else {
            throw PlatformError.file(errno, "fcntl", path: path)
        }
        return request.l_type != F_UNLCK
    }

    private static func request(_ type: Int32, _ octet: off_t) -> Glibc.flock {
        // The last member, the process, must be 0 for locks of this kind.
        Glibc.flock(l_type: Int16(type), l_whence: Int16(SEEK_SET), l_start: octet, l_len: 1, l_pid: 0)
    }
}

extension ContainerLock {
    /// Those of ``append`` are those of ``FileLock``, so that erasing waits for those who append.
    fileprivate var octet: off_t { self == .append ? 0 : 2 }
    fileprivate var gate: off_t { octet + 1 }

    /// How long who waits takes the chance like all others. Appending is done in microseconds, mostly: handing over the lock
    /// each time would take longer. Synchronizing takes long, and what others have done then is hardly ever enough.
    fileprivate var patience: Duration { self == .append ? .milliseconds(2) : .zero }
}
