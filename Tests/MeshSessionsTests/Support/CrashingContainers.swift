import MeshCore
import MeshPlatforms
import MeshPortals

/// Containers whose process dies at a crash point: at each write, and at each change of a name. What happens between those is
/// tried where the disk is simulated.
struct CrashingContainers: ContainerStore {
    let base: any ContainerStore
    let point: CrashPoint

    var name: String { base.name }

    private func wrap(_ directory: (any ContainerDirectory)?) -> (any ContainerDirectory)? {
        directory.map { CrashingDirectory(base: $0, point: point) }
    }

    func root(create: Bool) throws -> (any ContainerDirectory)? {
        try point.readingNow { wrap(try base.root(create: create)) }
    }
    func directory(of account: UDF, create: Bool) throws -> (any ContainerDirectory)? {
        try point.readingNow { wrap(try base.directory(of: account, create: create)) }
    }
    func accounts() throws -> [UDF] { try point.readingNow { try base.accounts() } }
    func removeEmptyDirectory(of account: UDF) throws -> Bool {
        try point.changingNow { try base.removeEmptyDirectory(of: account) }
    }
    func eraseTestData(options: CallOptions) async throws {
        try await point.changing { try await base.eraseTestData(options: options) }
    }
}

private struct CrashingDirectory: ContainerDirectory {
    let base: any ContainerDirectory
    let point: CrashPoint

    var path: String { base.path }
    func openFile(_ name: String, _ access: ContainerAccess) throws -> (any ContainerFile)? {
        try point.readingNow { try base.openFile(name, access).map { CrashingFile(base: $0, point: point) } }
    }
    func createFile(_ name: String, with octets: [UInt8]) throws {
        try point.changingNow { try base.createFile(name, with: octets) }
    }
    func exchange(_ name: String, with other: String) throws {
        try point.changingNow { try base.exchange(name, with: other) }
    }
    func rename(_ name: String, to newName: String) throws {
        try point.changingNow { try base.rename(name, to: newName) }
    }
    func remove(_ name: String) throws -> Bool { try point.changingNow { try base.remove(name) } }
    func synchronize() throws { try point.readingNow { try base.synchronize() } }
    func names() throws -> [String] { try point.readingNow { try base.names() } }
    func subdirectory(_ name: String, create: Bool) throws -> (any ContainerDirectory)? {
        try point.readingNow {
            try base.subdirectory(name, create: create).map { CrashingDirectory(base: $0, point: point) }
        }
    }
    func openSidecar(_ name: String, _ access: ContainerAccess) throws -> (any ContainerSidecar)? {
        try point.readingNow { try base.openSidecar(name, access).map { CrashingSidecar(base: $0, point: point) } }
    }
}

private final class CrashingFile: ContainerFile {
    let base: any ContainerFile
    let point: CrashPoint

    init(base: any ContainerFile, point: CrashPoint) {
        self.base = base
        self.point = point
    }

    var path: String { base.path }
    var identity: UInt64 { base.identity }
    func length() throws -> Int { try point.readingNow { try base.length() } }
    func isCurrent() throws -> Bool { try point.readingNow { try base.isCurrent() } }
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try point.readingNow { try base.read(at: offset, into: buffer) }
    }
    func write(_ octets: UnsafeRawBufferPointer, at offset: Int) throws {
        try point.changingNow { try base.write(octets, at: offset) }
    }
    func truncate(to length: Int) throws { try point.changingNow { try base.truncate(to: length) } }
    func synchronize() throws { try point.readingNow { try base.synchronize() } }
}

/// Locks go with their holder; whatever else a dead process would do is not done.
private final class CrashingSidecar: ContainerSidecar {
    let base: any ContainerSidecar
    let point: CrashPoint

    init(base: any ContainerSidecar, point: CrashPoint) {
        self.base = base
        self.point = point
    }

    func acquire(_ lock: ContainerLock, until deadline: ContinuousClock.Instant) throws {
        try point.readingNow { try base.acquire(lock, until: deadline) }
    }
    func tryAcquire(_ lock: ContainerLock) throws -> Bool { try point.readingNow { try base.tryAcquire(lock) } }
    func release(_ lock: ContainerLock) { base.release(lock) }
    func isCurrent() throws -> Bool { try point.readingNow { try base.isCurrent() } }
    func words() throws -> ContainerWords { try point.readingNow { try base.words() } }
    func store(_ value: UInt64, in word: ContainerWord) throws {
        try point.readingNow { try base.store(value, in: word) }
    }
    func publish(end: UInt64) throws { try point.readingNow { try base.publish(end: end) } }
    func publish(durableEnd: UInt64) throws { try point.readingNow { try base.publish(durableEnd: durableEnd) } }
    func synchronize() throws { try point.readingNow { try base.synchronize() } }
    func wait(for word: ContainerWord, whileEqualTo value: UInt64, atMost duration: Duration) throws {
        try point.readingNow { try base.wait(for: word, whileEqualTo: value, atMost: duration) }
    }
    func wake(_ word: ContainerWord) { base.wake(word) }
}

/// A way to portals whose process dies at a crash point: before a request that changes something is sent, or when its answer
/// comes.
struct CrashingPortal: MeshPortal {
    let base: any MeshPortal
    let point: CrashPoint

    func exchange(_ request: PortalRequest) async throws -> PortalResponse {
        let asked = try PortalWire.decodeRequest(request.body, limit: request.body.count)
        do {
            guard !asked.transaction.onlyReads else {
                return try await point.reading { try await base.exchange(request) }
            }
            return try await point.changing { try await base.exchange(request) }
        } catch is CrashPoint.Crash {
            // Not for a portal that cannot be reached, which is asked again.
            throw CancellationError()
        }
    }
}
