import Foundation
import MeshCore
import MeshMail

/// Keys that many tests need, made once.
enum SMIMESamples {
    static let end = Timestamp(secondsSince1970: SystemClock().now.secondsSince1970 + 365 * 86_400)
    static let alice = Result { try SMIMEKey.generate(name: "Alice", address: "alice@example.com", expires: end) }
    static let bob = Result { try SMIMEKey.generate(name: nil, address: "bob@example.com", expires: end, bits: 2048) }

    static func secretOctets(_ key: SMIMEKey) -> [UInt8] { key.withSecretOctets { Array($0) } }
}

/// A directory of one test, in which OpenSSL's command works.
final class OpenSSLDirectory {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "mesh-openssl-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func put(_ octets: [UInt8], _ name: String) throws { try Data(octets).write(to: URL(filePath: file(name))) }

    func octets(_ name: String) throws -> [UInt8] { try Array(Data(contentsOf: URL(filePath: file(name)))) }

    /// Runs `openssl`, with its words cut at blanks; names of files are those in here, written `@name`.
    func run(_ words: String, _ more: String..., input: [UInt8] = []) throws -> ToolRun {
        let arguments = words.split(separator: " ").map(String.init) + more
        return try ToolRun(
            ["openssl"] + arguments.map { $0.hasPrefix("@") ? file(String($0.dropFirst())) : $0 }, input: input)
    }

    /// A key (`NAME.key`) and a certificate for it (`NAME.crt`), signed by itself, that OpenSSL made.
    func make(_ name: String, _ algorithm: String, usage: String = "emailProtection") throws {
        let made = try run(
            "req -x509 -nodes -newkey \(algorithm) -keyout @\(name).key -out @\(name).crt -days 30 -subj /CN=\(name)",
            "-addext", "subjectAltName=email:\(name)@example.com", "-addext", "extendedKeyUsage=\(usage)")
        guard made.status == 0 else {
            throw CocoaError(.fileWriteUnknown, userInfo: [NSDebugDescriptionErrorKey: made.words])
        }
    }
}

/// The code with which the import of `octets` is refused.
func smimeRefusal(_ octets: [UInt8], _ words: String? = nil) -> MailKeyError.Code? {
    code { _ = try SMIMEKey(importing: secret(octets), passphrase: words.map { passphrase($0) }) }
}
