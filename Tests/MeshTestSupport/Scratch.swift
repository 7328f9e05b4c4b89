import Glibc
import MeshCore
import MeshFiles
import MeshPlatforms

/// A directory of a test's own, removed with the value.
public final class Scratch: Sendable {
    /// Where it is.
    public let path: String

    public init() throws {
        var template = Array("/tmp/mesh-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Self.failure("mkdtemp", "/tmp") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        if let directory = try? Directory.open(path, create: false) { try? directory.removeContents() }
        rmdir(path)
    }

    public func open() throws -> Directory {
        guard let directory = try Directory.open(path, create: false) else { throw Self.failure("open", path) }
        return directory
    }

    /// Makes a file without the code under test.
    public func put(_ name: String, _ text: String, mode: mode_t = 0o600) throws {
        let path = "\(path)/\(name)"
        let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode)
        guard descriptor >= 0 else { throw Self.failure("open", path) }
        defer { close(descriptor) }
        let octets = Array(text.utf8)
        guard write(descriptor, octets, octets.count) == octets.count, fchmod(descriptor, mode) == 0 else {
            throw Self.failure("write", path)
        }
    }

    /// The permissions of a file; 0 if it is not there.
    public func mode(_ name: String) -> mode_t {
        var status = stat()
        return lstat("\(path)/\(name)", &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    private static func failure(_ call: String, _ path: String) -> PlatformError {
        PlatformError(
            .unavailable, store: path, "A test cannot prepare its directory: \(call) failed with \(errno).",
            remedy: "See that /tmp may be written to.")
    }
}
