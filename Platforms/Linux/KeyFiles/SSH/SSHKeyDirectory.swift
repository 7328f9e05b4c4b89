import MeshCore
import MeshFiles
import MeshPlatforms
import MeshSSH

/// A directory with SSH key files under their customary names: the private half (mode 0600) and, each with mode 0644, the
/// public half as a line (`.pub`) and as RFC 4716 says (`.rfc4716`).
///
/// Nothing is overwritten unless that is asked for. Private keys are read and written in secret memory only, off the
/// cooperative pool.
public struct SSHKeyDirectory: Sendable {
    /// The path of the directory; made with mode 0700 if it is missing.
    public let path: String
    private let blocking = BlockingCalls(store: SSHError.subject)

    /// The directory at `path`. Nothing is read or written yet.
    public init(_ path: String) { self.path = path }

    /// The directory for exported keys in a root directory (platform specification §14).
    public init(root: String) { self.init("\(root)/ssh") }

    /// The files of one key.
    public struct Files: Hashable, Sendable {
        /// The name of the private key's file, to which the others' endings are added.
        public let name: String
        /// The paths of the private half, the public half as a line, and the public half as RFC 4716 says.
        public let paths: [String]
    }

    /// Names that SSH's programs have for files that are no keys.
    private static let reserved: Set<String> = ["authorized_keys", "known_hosts", "config", "environment", "rc"]

    /// Writes the three files of `key`.
    ///
    /// - Parameters:
    ///   - name: the name of the private key's file; the customary one of the kind of key if nil.
    ///   - encryption: whether the private key is sealed under a passphrase of its own.
    ///   - overwrites: whether files that are there are replaced.
    ///   - options: allow 8 ms for each round of a passphrase.
    /// - Throws: ``PlatformError`` `alreadyExists` (then nothing was written), `invalidArgument` for a name that cannot
    ///   be, and what writing throws.
    @discardableResult
    public func write(
        _ key: borrowing SSHPrivateKey, name: String? = nil, encryption: SSHKeyEncryption, overwrites: Bool = false,
        random: any RandomSource = SystemRandomSource(), options: CallOptions = CallOptions(deadline: .seconds(10))
    ) async throws -> Files {
        let name = name ?? key.publicKey.algorithm.customaryFileName
        guard !Self.reserved.contains(name), !name.hasPrefix("-"), !name.hasPrefix(".") else {
            throw SSHError.argument("A key file cannot have the name that was given.")
        }
        let box = SSHKeyBox(key)
        let abandonment = Abandonment()
        return try await blocking.run(deadline: options.deadline, onAbandon: { abandonment.abandon() }) { [path] in
            let text = try box.key.openSSHText(encryption, random: random)
            let publicKey = box.key.publicKey
            let publics = [
                (name + ".pub", publicKey.openSSHLine + "\n"), (name + ".rfc4716", publicKey.rfc4716),
            ]
            try abandonment.check()
            guard let directory = try Directory.open(path, create: true) else {
                throw PlatformError(.inputOutput, store: path, "The directory went away while it was made.")
            }
            if overwrites {
                try text.withUnsafeBytes { try directory.replaceFile(name, with: $0) }
                for (name, text) in publics {
                    try directory.replaceFile(name, with: Array(text.utf8), permissions: .everyoneReads)
                }
            } else {
                try Self.create(name, text, publics, in: directory)
            }
            return Files(name: name, paths: ([name] + publics.map(\.0)).map { directory.path(of: $0) })
        }
    }

    /// Makes all files or none.
    private static func create(
        _ name: String, _ text: borrowing SecretBytes, _ publics: [(String, String)], in directory: Directory
    ) throws {
        for name in [name] + publics.map(\.0) where try directory.status(of: name) != nil {
            throw PlatformError(
                .alreadyExists, store: directory.path(of: name), "There is a file of that name already.",
                remedy: "Give another name, or say that it is to be overwritten.")
        }
        try text.withUnsafeBytes { try directory.createFile(name, with: $0) }
        var made = [name]
        do {
            for (name, text) in publics {
                try directory.createFile(name, with: Array(text.utf8), permissions: .everyoneReads)
                made.append(name)
            }
        } catch {
            for name in made { _ = try? directory.removeFile(name) }
            throw error
        }
    }

    /// Reads the private key in the file called `name`; nil if there is no such file.
    ///
    /// - Throws: ``PlatformError`` `insecurePermissions` (mode 0644, another owner, a second name),
    ///   `unexpectedFileType`, and as ``SSHPrivateKey/init(openSSHText:passphrase:)``.
    public func readPrivateKey(
        _ name: String, passphrase: SharedSecret? = nil, options: CallOptions = CallOptions(deadline: .seconds(10))
    ) async throws -> SSHPrivateKey? {
        let box = try await blocking.run(deadline: options.deadline) { [path] () -> SSHKeyBox? in
            guard let directory = try Directory.open(path, create: false),
                let text = try directory.readSecret(name, limit: SSHPrivateKey.maximumText)
            else { return nil }
            return SSHKeyBox(try SSHPrivateKey(openSSHText: text, passphrase: passphrase))
        }
        guard let box else { return nil }
        return box.key.duplicate()
    }

    /// Reads the public key in the file called `name`, in either form; nil if there is no such file.
    ///
    /// - Throws: ``PlatformError`` `insecurePermissions` if others may change it, `unexpectedFileType`, `corrupt`,
    ///   `unsupported`, `tooLarge`.
    public func readPublicKey(_ name: String, options: CallOptions = CallOptions()) async throws -> SSHPublicKey? {
        try await blocking.run(deadline: options.deadline) { [path] in
            guard let directory = try Directory.open(path, create: false),
                let octets = try directory.readFile(name, limit: 65_536, permissions: .everyoneReads)
            else { return nil }
            let text = String(decoding: octets, as: UTF8.self)
            return text.hasPrefix("----") ? try SSHPublicKey(rfc4716: text) : try SSHPublicKey(openSSHLine: text)
        }
    }
}

/// A private key that several hold, or that is on its way to another thread.
final class SSHKeyBox: Sendable {
    let key: SSHPrivateKey

    /// Holds a second one of `key`.
    init(_ key: borrowing SSHPrivateKey) { self.key = key.duplicate() }
}
