import Glibc
import MeshDARE
import MeshPlatforms

/// A directory with one file in it, which is open already and only read.
final class OneFile: ContainerDirectory, ContainerFile {
    /// The name of the file too.
    let path: String
    private let descriptor: Int32

    /// Takes ownership of `descriptor`.
    init(_ path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    func openFile(_ name: String, _ access: ContainerAccess) throws -> (any ContainerFile)? {
        guard access == .read else { throw readOnly }
        return name == path ? self : nil
    }

    func length() throws -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileOctets.failure(path, "read") }
        return Int(status.st_size)
    }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try FileOctets.read(descriptor, at: offset, into: buffer, named: path)
    }

    /// It is the only one.
    let identity: UInt64 = 1
    func isCurrent() throws -> Bool { true }
    func openSidecar(_ name: String, _ access: ContainerAccess) throws -> (any ContainerSidecar)? { nil }
    func names() throws -> [String] { [path] }

    // What changes something.

    func createFile(_ name: String, with octets: [UInt8]) throws { throw readOnly }
    func exchange(_ name: String, with other: String) throws { throw readOnly }
    func rename(_ name: String, to newName: String) throws { throw readOnly }
    func remove(_ name: String) throws -> Bool { throw readOnly }
    func subdirectory(_ name: String, create: Bool) throws -> (any ContainerDirectory)? { nil }
    func write(_ octets: UnsafeRawBufferPointer, at offset: Int) throws { throw readOnly }
    func truncate(to length: Int) throws { throw readOnly }
    func synchronize() throws { throw readOnly }

    private var readOnly: PlatformError {
        PlatformError(.readOnly, store: path, "It was opened for reading only.")
    }
}
