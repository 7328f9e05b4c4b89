import MeshPlatforms
import Synchronization

/// A directory that counts how often files in it are synchronized.
final class CountingDirectory: ContainerDirectory {
    private let directory: any ContainerDirectory
    private let counter = Counter()

    init(_ directory: any ContainerDirectory) { self.directory = directory }

    var count: Int { counter.value.load(ordering: .relaxed) }
    var path: String { directory.path }

    func openFile(_ name: String, _ access: ContainerAccess) throws -> (any ContainerFile)? {
        try directory.openFile(name, access).map { File($0, counter) }
    }
    func createFile(_ name: String, with octets: [UInt8]) throws { try directory.createFile(name, with: octets) }
    func exchange(_ name: String, with other: String) throws { try directory.exchange(name, with: other) }
    func rename(_ name: String, to newName: String) throws { try directory.rename(name, to: newName) }
    func remove(_ name: String) throws -> Bool { try directory.remove(name) }
    func synchronize() throws { try directory.synchronize() }
    func names() throws -> [String] { try directory.names() }
    func subdirectory(_ name: String, create: Bool) throws -> (any ContainerDirectory)? {
        try directory.subdirectory(name, create: create)
    }
    func openSidecar(_ name: String, _ access: ContainerAccess) throws -> (any ContainerSidecar)? {
        try directory.openSidecar(name, access)
    }

    private final class Counter: Sendable {
        let value = Atomic(0)
    }

    private final class File: ContainerFile {
        private let file: any ContainerFile
        private let counter: Counter

        init(_ file: any ContainerFile, _ counter: Counter) { (self.file, self.counter) = (file, counter) }

        var path: String { file.path }
        var identity: UInt64 { file.identity }
        func length() throws -> Int { try file.length() }
        func isCurrent() throws -> Bool { try file.isCurrent() }
        func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
            try file.read(at: offset, into: buffer)
        }
        func write(_ octets: UnsafeRawBufferPointer, at offset: Int) throws { try file.write(octets, at: offset) }
        func truncate(to length: Int) throws { try file.truncate(to: length) }
        func synchronize() throws {
            counter.value.add(1, ordering: .relaxed)
            try file.synchronize()
        }
    }
}
