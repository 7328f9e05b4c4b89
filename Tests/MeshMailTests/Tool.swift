import Foundation
import Glibc
import MeshCore

/// What a program said and how it ended.
struct ToolRun {
    let status: Int32
    let octets: [UInt8]
    /// What it said on standard error.
    let words: String
    var text: String { String(decoding: octets, as: UTF8.self) }

    /// Runs `arguments`, found on the path, with `input` to read.
    init(_ arguments: [String], input: [UInt8] = [], environment: [String: String] = [:]) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let (standardInput, output, errors) = (Pipe(), Pipe(), Pipe())
        process.standardInput = standardInput
        process.standardOutput = output
        process.standardError = errors
        // A program that does not read all of it ends the pipe: that is its status' matter.
        signal(SIGPIPE, SIG_IGN)
        try process.run()
        // What tests give is smaller than a pipe.
        try? standardInput.fileHandleForWriting.write(contentsOf: Data(input))
        try? standardInput.fileHandleForWriting.close()
        octets = try Array(output.fileHandleForReading.readToEnd() ?? Data())
        words = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        status = process.terminationStatus
    }

    /// Whether all of `programs` are installed.
    static func has(_ programs: String...) -> Bool {
        programs.allSatisfy { (try? ToolRun(["sh", "-c", "command -v \($0)"]))?.status == 0 }
    }
}

/// A home of GnuPG for one test, with a short path because of its sockets. Its agents end with it.
final class GnuPGHome {
    let path: String

    init() throws {
        var template = Array("/tmp/mg-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw POSIXError(.EIO) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try put("allow-loopback-pinentry\n", "gpg-agent.conf")
        try put("disable-crl-checks\n", "gpgsm.conf")
    }

    deinit {
        _ = try? ToolRun(["gpgconf", "--kill", "all"], environment: environment)
        // While an agent ends, it takes away its sockets by itself and may still write.
        for _ in 0..<20 where access(path, F_OK) == 0 { _ = try? ToolRun(["rm", "-rf", path]) }
    }

    var environment: [String: String] { ["GNUPGHOME": path, "LC_ALL": "C"] }

    func put(_ text: String, _ name: String) throws { try put(Array(text.utf8), name) }

    func put(_ octets: [UInt8], _ name: String) throws { try Data(octets).write(to: URL(filePath: "\(path)/\(name)")) }

    func octets(_ name: String) throws -> [UInt8] { try Array(Data(contentsOf: URL(filePath: "\(path)/\(name)"))) }

    /// Runs gpg; it asks nobody.
    func gpg(_ arguments: String..., passphrase: String = "", input: [UInt8] = []) throws -> ToolRun {
        try ToolRun(
            [
                "gpg", "--batch", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", passphrase,
                "--trust-model", "always",
            ]
                + arguments, input: input, environment: environment)
    }
}

func secret(_ octets: [UInt8]) -> SecretBytes { SecretBytes(copying: octets) }

func passphrase(_ text: String) -> SharedSecret { SharedSecret(SecretBytes(copying: Array(text.utf8))) }

extension SecretBytes {
    /// The octets, in the open: for secrets of tests, which are none.
    borrowing func octets() -> [UInt8] { withUnsafeBytes { Array($0) } }
}
