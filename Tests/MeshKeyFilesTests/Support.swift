import Foundation
import Glibc
import MeshCore
import MeshPlatforms

/// A directory of a test's own, removed at the end.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/mesh-key-files-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func octets(_ name: String) throws -> [UInt8] { try Array(Data(contentsOf: URL(fileURLWithPath: file(name)))) }

    func secret(_ name: String) throws -> SecretBytes { SecretBytes(copying: try octets(name)) }

    func text(_ name: String) throws -> String { String(decoding: try octets(name), as: UTF8.self) }

    /// Writes a file with exactly `mode`, whatever the umask is.
    func write(_ octets: [UInt8], _ name: String, mode: mode_t = 0o600) throws {
        try Data(octets).write(to: URL(fileURLWithPath: file(name)))
        guard chmod(file(name), mode) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    func mode(_ name: String) throws -> mode_t {
        var status = stat()
        guard lstat(file(name), &status) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        return status.st_mode & 0o7777
    }

    func exists(_ name: String) -> Bool {
        var status = stat()
        return lstat(file(name), &status) == 0
    }
}

/// Runs a program and tells what it said.
struct Command {
    let status: Int32
    let output: String

    /// Runs `arguments`, found on the path, with nothing to read. What it says on either channel is kept.
    init(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        status = process.terminationStatus
        output = String(decoding: data, as: UTF8.self)
    }
}

let hasSSHKeygen = (try? Command("sh", "-c", "command -v ssh-keygen"))?.status == 0

/// The code of the ``PlatformError`` that `body` throws; nil if it throws nothing, or something else.
func code(_ body: () throws -> Void) -> PlatformError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? PlatformError)?.code
    }
}

/// The code of the ``PlatformError`` that `body` throws; nil if it throws nothing, or something else.
func code(_ body: () async throws -> Void) async -> PlatformError.Code? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? PlatformError)?.code
    }
}

extension SecretBytes {
    /// The octets, in the open: for secrets of tests, which are none.
    borrowing func octets() -> [UInt8] { withUnsafeBytes { Array($0) } }

    init(text: String) { self.init(copying: Array(text.utf8)) }
}

func passphrase(_ text: String) -> SharedSecret { SharedSecret(SecretBytes(text: text)) }
