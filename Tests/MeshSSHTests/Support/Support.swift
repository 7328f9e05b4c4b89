import Foundation
import Glibc
import MeshCore
import MeshPlatforms

/// A directory of a test's own, removed at the end.
public final class TemporaryDirectory: Sendable {
    public let path: String

    public init() throws {
        var template = Array("/tmp/mesh-key-files-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    public func file(_ name: String) -> String { "\(path)/\(name)" }

    public func octets(_ name: String) throws -> [UInt8] {
        try Array(Data(contentsOf: URL(fileURLWithPath: file(name))))
    }

    public func secret(_ name: String) throws -> SecretBytes { SecretBytes(copying: try octets(name)) }

    public func text(_ name: String) throws -> String { String(decoding: try octets(name), as: UTF8.self) }

    /// Writes a file with exactly `mode`, whatever the umask is.
    public func write(_ octets: [UInt8], _ name: String, mode: mode_t = 0o600) throws {
        try Data(octets).write(to: URL(fileURLWithPath: file(name)))
        guard chmod(file(name), mode) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    public func mode(_ name: String) throws -> mode_t {
        var status = stat()
        guard lstat(file(name), &status) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        return status.st_mode & 0o7777
    }

    public func exists(_ name: String) -> Bool {
        var status = stat()
        return lstat(file(name), &status) == 0
    }
}

/// Runs a program and tells what it said.
public struct Command: Sendable {
    public let status: Int32
    public let output: String

    /// Runs `arguments`, found on the path, with nothing to read. What it says on either channel is kept.
    public init(_ arguments: String...) throws { try self.init(arguments: arguments) }

    /// As ``init(_:)``.
    public init(arguments: [String]) throws {
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

public let hasSSHKeygen = (try? Command("sh", "-c", "command -v ssh-keygen"))?.status == 0

/// The code of the ``PlatformError`` that `body` throws; nil if it throws nothing, or something else.
public func code(_ body: () throws -> Void) -> PlatformError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? PlatformError)?.code
    }
}

/// The code of the ``PlatformError`` that `body` throws; nil if it throws nothing, or something else.
public func code(_ body: () async throws -> Void) async -> PlatformError.Code? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? PlatformError)?.code
    }
}

extension SecretBytes {
    /// The octets, in the open: for secrets of tests, which are none.
    public borrowing func octets() -> [UInt8] { withUnsafeBytes { Array($0) } }

    public init(text: String) { self.init(copying: Array(text.utf8)) }
}

public func passphrase(_ text: String) -> SharedSecret { SharedSecret(SecretBytes(text: text)) }

/// Numbers that are the same for the same seed, for tests that try what comes.
public struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        // SplitMix64.
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
