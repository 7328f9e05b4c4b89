import Glibc
import MeshCore
import MeshPlatforms
import Synchronization

// The rules on the locks and words of containers.
extension ContainerCase {
    func locks(in directory: any ContainerDirectory, _ other: any ContainerDirectory) throws {
        let one = try sidecar("a", in: directory)
        let others = [one, try sidecar("a", in: directory), try sidecar("a", in: other)]
        let apart = try sidecar("b", in: other)
        for lock in ContainerLock.allCases {
            try one.acquire(lock, until: .now + suite.deadline)
            for holder in others {
                let isTaken = try holder.tryAcquire(lock)
                try expect(!isTaken, "the lock to be held", "another took it")
                try expectError(.timedOut, from: "waiting for a lock that is held") {
                    try holder.acquire(lock, until: .now + .milliseconds(20))
                }
            }
            // The other lock, and that of another container, are free.
            for free in ContainerLock.allCases where free != lock {
                try expectFree(free, of: others[2], "while the other is held")
            }
            try expectFree(lock, of: apart, "of another container")
            one.release(lock)
            for holder in others { try expectFree(lock, of: holder, "after its release") }
        }
        let isCurrent = try others.allSatisfy { try $0.isCurrent() }
        try expect(isCurrent, "sidecars to be current", "one is not")
    }

    private func expectFree(_ lock: ContainerLock, of holder: any ContainerSidecar, _ when: String) throws {
        let isTaken = try holder.tryAcquire(lock)
        try expect(isTaken, "the lock to be free \(when)", "it is held")
        holder.release(lock)
    }

    func lostHolder(in directory: any ContainerDirectory, _ other: any ContainerDirectory) throws {
        let stays = try sidecar("a", in: other)
        for _ in 0..<3 {
            do {
                let goes = try sidecar("a", in: directory)
                for lock in ContainerLock.allCases { try goes.acquire(lock, until: .now + suite.deadline) }
                try goes.store(5, in: .end)
                let isTaken = try stays.tryAcquire(.append)
                try expect(!isTaken, "the lock to be held", "another took it")
                withExtendedLifetime(goes) {}
            }
            for lock in ContainerLock.allCases { try expectFree(lock, of: stays, "after its holder went") }
            let end = try stays.words()[.end]
            try expect(end == 5, "the words to stay", "the end is \(end)")
        }
        // A holder that has none takes none with it.
        try stays.acquire(.append, until: .now + suite.deadline)
        _ = try sidecar("a", in: directory).words()
        let isTaken = try sidecar("a", in: directory).tryAcquire(.append)
        stays.release(.append)
        try expect(!isTaken, "the lock to be held by the one that stays", "it went with another")
    }

    func exclusion(in directory: any ContainerDirectory) async throws {
        let rounds = 50
        try await blocking { try directory.createFile("count", with: [0, 0]) }
        let holders = Holders()
        _ = try await sideBySide { _ in
            let holder = try sidecar("count", in: directory)
            let file = try file("count", in: directory)
            for _ in 0..<rounds {
                try holder.acquire(.append, until: .now + suite.caseLimit)
                defer { holder.release(.append) }
                let isAlone = holders.enter()
                defer { holders.leave() }
                try expect(isAlone, "one holder at a time", "there were two")
                let octets = try read(file, count: 2)
                let count = octets.reduce(0) { $0 << 8 | Int($1) } + 1
                // In two steps, so that others would be seen in between.
                try write([UInt8(count >> 8 & 255)], at: 0, to: file)
                try write([UInt8(count & 255)], at: 1, to: file)
            }
        }
        let wanted = suite.concurrentTasks * rounds
        try await blocking {
            try expectContent([UInt8(wanted >> 8 & 255), UInt8(wanted & 255)], of: "count", in: directory)
        }
    }

    func words(in directory: any ContainerDirectory, _ other: any ContainerDirectory) throws {
        let (one, two) = (try sidecar("a", in: directory), try sidecar("a", in: other))
        let apart = try sidecar("b", in: directory)
        guard let reader = try other.openSidecar("a", .read) else {
            throw context.failure(expected: "a sidecar for reading", answer: "it is nil")
        }
        var wanted = ContainerWords()
        for (number, word) in ContainerWord.allCases.enumerated() {
            for value in [UInt64(number + 1), UInt64.max - UInt64(number), 0x0102_0304_0506_0708 + UInt64(number)] {
                try (number % 2 == 0 ? one : two).store(value, in: word)
                wanted[word] = value
                for holder in [one, two, reader] {
                    let found = try holder.words()
                    try expect(found == wanted, "all holders to see the words", "they are \(found)")
                }
            }
        }
        let later = try sidecar("a", in: other).words()
        try expect(later == wanted, "a later holder to see the words", "they are \(later)")
        let others = try apart.words()
        try expect(others == ContainerWords(), "the words of another container to be 0", "they are \(others)")
    }

    func waiting(in directory: any ContainerDirectory, _ other: any ContainerDirectory) async throws {
        if suite.isSingleThreaded { throw Skip("One thread alone uses the directory.") }
        let long = suite.deadline * 3
        let (one, two) = try await blocking { (try sidecar("a", in: directory), try sidecar("a", in: other)) }
        // Another value already.
        try await blocking { try two.store(1, in: .end) }
        try await expectQuick("a wait for a word of another value") {
            try one.wait(for: .end, whileEqualTo: 0, atMost: long)
        }
        // Nobody wakes.
        try await expectQuick("a wait of 20 ms") { try one.wait(for: .end, whileEqualTo: 1, atMost: .milliseconds(20)) }
        // Somebody does.
        let waiter = Task {
            try await expectQuick("a wait that somebody ends") {
                while try one.words()[.end] == 1 { try one.wait(for: .end, whileEqualTo: 1, atMost: long) }
            }
        }
        try await blocking {
            try two.store(2, in: .end)
            two.wake(.end)
        }
        try await waiter.value
    }

    private func expectQuick(_ what: String, _ body: @escaping @Sendable () throws -> Void) async throws {
        let start = ContinuousClock.now
        try await blocking(body)
        let time = ContinuousClock.now - start
        try expect(time < suite.deadline, "\(what) to end within \(suite.deadline)", "it took \(time)")
    }
}

/// Counts those who believe that they hold a lock.
private final class Holders: Sendable {
    private let inside = Atomic<Int>(0)
    private let entered = Atomic<Int>(0)

    /// Whether nobody else is inside. The first who comes gives the others time to come in, if they can.
    func enter() -> Bool {
        let count = inside.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
        guard entered.wrappingAdd(1, ordering: .relaxed).newValue == 1 else { return count == 1 }
        let end = ContinuousClock.now + .milliseconds(50)
        while inside.load(ordering: .sequentiallyConsistent) == 1, ContinuousClock.now < end { sched_yield() }
        return inside.load(ordering: .sequentiallyConsistent) == 1
    }

    func leave() { inside.wrappingSubtract(1, ordering: .sequentiallyConsistent) }
}
