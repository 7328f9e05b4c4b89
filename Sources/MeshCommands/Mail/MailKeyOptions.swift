import ArgumentParser
import Glibc
import MeshCore
import MeshMail
import MeshPlatforms
import MeshSessions

/// Which kind of keys is meant.
struct MailKindOptions: ParsableArguments {
    @Flag(help: "The OpenPGP key.") var openpgp = false
    @Flag(help: "The S/MIME key.") var smime = false

    func validate() throws {
        if openpgp, smime { throw ValidationError("Say either --openpgp or --smime.") }
    }

    /// The kind that was named; nil if none was.
    var kind: MailKey.Kind? { openpgp ? .openPGP : smime ? .smime : nil }

    /// The kind that was named, or the only one that the account has a key of.
    func kind(of account: MailAccount) throws -> MailKey.Kind {
        if let kind { return kind }
        let present = MailKey.Kind.allCases.filter { kind in account.keys.contains { $0.kind == kind } }
        guard present.count == 1 else {
            guard present.isEmpty else { throw UsageError("It has keys of both kinds: say --openpgp or --smime.") }
            throw MailAccountError(
                .keyMissing, "The account \(account.address) has no key.",
                remedy: "Make one: meshclient mail key make \(account.address) --openpgp")
        }
        return present[0]
    }
}

/// Which key of an account is meant.
struct MailKeyChoice: ParsableArguments {
    @OptionGroup var kinds: MailKindOptions
    @Option(
        help: ArgumentHelp(
            "The key by its fingerprint, or the beginning of it: for former keys, and where one signs and another seals.",
            valueName: "fingerprint"))
    var key: String?

    /// The key.
    func key(of account: MailAccount) throws -> MailKey {
        if let key {
            let wanted = key.uppercased().filter { $0 != " " && $0 != ":" }
            let found = account.keys.filter { !wanted.isEmpty && $0.fingerprint.uppercased().hasPrefix(wanted) }
            guard found.count == 1 else {
                throw MailAccountError(
                    .keyMissing,
                    "The account \(account.address) has \(found.isEmpty ? "no" : "more than one") key '\(shown(key))'.",
                    remedy: "See which it has: meshclient mail show \(account.address)")
            }
            return found[0]
        }
        let kind = try kinds.kind(of: account)
        let present = account.currentKeys(kind)
        guard let found = present.first else {
            throw MailAccountError(
                .keyMissing, "The account \(account.address) uses no \(MailWords.name(kind)) key.",
                remedy: "Make one: meshclient mail key make \(account.address) \(MailWords.option(kind))")
        }
        guard present.count == 1 else {
            throw UsageError("It has a key to sign and another to seal.", remedy: "Say --key and a fingerprint.")
        }
        return found
    }
}

/// Where the passphrase comes from under which a secret key is handed over.
struct MailProtection: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Take the passphrase that is to protect the key from this file, which has it in one line; - is standard input. "
                + "Without it you are asked.", valueName: "file"))
    var passphraseFile: String?
    @Flag(help: "Leave the key unprotected: whoever gets at it can use it.") var unprotected = false

    func validate() throws {
        if unprotected, passphraseFile != nil {
            throw ValidationError("Say either --unprotected or --passphrase-file.")
        }
    }

    /// The passphrase; nil if the key is to be left unprotected.
    func read() async throws -> SharedSecret? {
        if unprotected { return nil }
        return try await SecretInput(
            "Passphrase that is to protect the key", file: passphraseFile, asksTwice: true
        ).read()
    }
}

/// A key that another program has written, in a file.
struct MailKeyFile: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Take the passphrase of the key from this file, which has it in one line; - is standard input. Without it you are "
                + "asked, if there is one.", valueName: "file"))
    var passphraseFile: String?

    /// What a file with one key has at most.
    private static let largest = 1 << 20

    /// Reads the key in the file at `path`; `-` is standard input.
    func read(_ path: String) async throws -> SecretMailKey {
        let console = try CommandEnvironment.required.console
        if path == "-", passphraseFile == "-" {
            throw UsageError("Key and passphrase cannot both come from standard input.", remedy: "Name a file for one.")
        }
        let calls = BlockingCalls(store: path)
        let octets = try await Self.octets(path)
        func importing(_ passphrase: SharedSecret?) async throws -> SecretMailKey {
            try await calls.run(deadline: .seconds(120)) {
                try SecretMailKey.importing(octets.bytes, passphrase: passphrase)
            }
        }
        do {
            return try await importing(nil)
        } catch let error as MailKeyError where error.code == .passphraseNeeded {
            if path == "-", passphraseFile == nil, !console.isInteractive {
                throw MailKeyError(
                    .passphraseNeeded, error.message, remedy: "Say where its passphrase is: --passphrase-file.")
            }
            let secret = try await SecretInput("Passphrase of the key", file: passphraseFile, asksTwice: false).read()
            return try await importing(secret)
        }
    }

    /// What is in the file at `path`; `-` is standard input.
    static func octets(_ path: String) async throws -> SharedSecret {
        let console = try CommandEnvironment.required.console
        return try await BlockingCalls(store: path).run(deadline: .seconds(86_400)) { try octets(path, console) }
    }

    private static func octets(_ path: String, _ console: any Console) throws -> SharedSecret {
        let descriptor = path == "-" ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard path == "-" || descriptor >= 0 else { throw FileOctets.failure(path, "opened") }
        defer { if descriptor >= 0 { close(descriptor) } }
        var count = 0
        let content = try SecretBytes(count: largest + 1) { buffer in
            while count < buffer.count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
                let got =
                    try descriptor < 0 ? console.read(into: rest) : FileOctets.read(descriptor, into: rest, named: path)
                if got == 0 { break }
                count += got
            }
        }
        guard count <= largest else {
            throw PlatformError(.tooLarge, store: path, "It is too large to be a key.")
        }
        return SharedSecret(content.duplicate(0..<count))
    }
}
