import Glibc
import MeshFiles
import MeshPlatforms
import Testing

/// A directory of a test's own, removed with the value.
final class Scratch: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/mesh-files-XXXXXX".utf8CString)
        let made = try #require(mkdtemp(&template))
        path = String(cString: made)
    }

    deinit {
        if let directory = try? Directory.open(path, create: false) { try? directory.removeContents() }
        rmdir(path)
    }

    func open() throws -> Directory { try #require(try Directory.open(path, create: false)) }

    /// Makes a file without the code under test.
    func put(_ name: String, _ text: String, mode: mode_t = 0o600) throws {
        let descriptor = Glibc.open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, mode)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var octets = Array(text.utf8)
        #expect(write(descriptor, &octets, octets.count) == octets.count)
        #expect(fchmod(descriptor, mode) == 0)
    }

    func mode(_ name: String) -> mode_t {
        var status = stat()
        return lstat("\(path)/\(name)", &status) == 0 ? status.st_mode & 0o7777 : 0
    }
}

/// The case of the error that `body` throws; nil if it throws none.
func code(_ body: () throws -> Void) -> PlatformError.Code? {
    do {
        try body()
        return nil
    } catch let error as PlatformError {
        return error.code
    } catch {
        Issue.record("not a platform error: \(error)")
        return nil
    }
}

let isRoot = geteuid() == 0
let nobody: uid_t = 65534
