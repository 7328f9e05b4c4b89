import ArgumentParser
import Glibc
import MeshCore
import MeshEncoding
import MeshMail
import MeshPlatforms
import MeshSessions

struct MailKeyInstall: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install",
        abstract: "Hand the keys of an account to gpg and gpgsm, for the mail programs that use them.",
        discussion: """
            OpenPGP keys go to gpg, S/MIME keys to gpgsm, the former ones too, so that old mail can be read. What is there already \
            stays as it is; GNUPGHOME is respected. The programs ask for the passphrase when they use a key.
            """)

    @OptionGroup var options: MailChoice
    @OptionGroup var kinds: MailKindOptions
    @OptionGroup var protection: MailProtection
    @Flag(help: "Have gpg trust the key in use as your own.") var trust = false

    func run() async throws {
        let environment = try CommandEnvironment.required
        let mail = try await options.mail()
        let account = try await options.item(mail).account
        let keys = account.keys.filter { kinds.kind == nil || $0.kind == kinds.kind }
        guard !keys.isEmpty else {
            throw MailAccountError(
                .keyMissing, "The account \(account.address) has no such key.",
                remedy: "Make one: meshclient mail key make \(account.address) --openpgp")
        }
        // The programs are there before anybody is asked for anything.
        var programs: [MailKey.Kind: MailKeyProgram] = [:]
        for key in keys where programs[key.kind] == nil {
            programs[key.kind] = try MailKeyProgram(key.kind)
        }
        if protection.unprotected, keys.contains(where: { $0.kind == .smime }) {
            throw UsageError(
                "gpgsm takes no key that is not protected by a passphrase.",
                remedy: "Give one, or say --openpgp to hand over that key alone.")
        }
        let passphrase = try await protection.read()
        var done: [(MailKey, MailKeyProgram.Outcome)] = []
        for key in keys {
            guard let program = programs[key.kind] else { continue }
            let outcome = try await mail.withKey(key, of: account.address) { secret in
                try await BlockingCalls(store: program.name).run(deadline: .seconds(300)) {
                    let outcome = try program.install(secret, passphrase)
                    if trust, !key.isFormer { try program.trust(key) }
                    return outcome
                }
            }
            done.append((key, outcome))
        }
        let console = environment.console
        guard !options.shared.json else {
            return console.print([
                "installed": .array(
                    done.map { key, outcome in
                        var object = MailWords.json(key)
                        object["program"] = programs[key.kind].map { .string($0.name) }
                        object["result"] = .string(outcome.rawValue)
                        return .object(object)
                    })
            ])
        }
        for (key, outcome) in done {
            let program = programs[key.kind]?.name ?? ""
            console.print("\(program)  \(key.fingerprint)  \(outcome.words)\(key.isFormer ? ", for old mail" : "")")
        }
        if !trust, done.contains(where: { $0.0.kind == .openPGP && $0.1 == .added }) {
            console.printError("gpg does not trust it as your own yet: say --trust, or gpg --edit-key.")
        }
    }
}

/// A program that keeps keys for mail programs.
struct MailKeyProgram: Sendable {
    /// Its name.
    let name: String
    private let path: String

    /// What has become of a key.
    enum Outcome: String {
        /// The program did not have its secret half.
        case added
        /// It was there; what was new of it was taken in, such as a revocation.
        case merged
        /// It was there.
        case unchanged

        var words: String {
            switch self {
            case .added: "added"
            case .merged: "was there; what was new was added"
            case .unchanged: "was there already"
            }
        }
    }

    private static let patience = Duration.seconds(60)
    private static let longestAnswer = 1 << 16

    /// - Throws: ``PlatformError`` `unsupported` if the program is not there.
    init(_ kind: MailKey.Kind) throws {
        name = kind == .openPGP ? "gpg" : "gpgsm"
        guard let found = ChildProgram.find(name, in: getenv("PATH").map({ String(cString: $0) })) else {
            throw PlatformError(
                .unsupported, store: name, "The program is not there.",
                remedy:
                    "Install it (Debian: apt install \(name)), or take the key another way: meshclient mail key export."
            )
        }
        path = found
    }

    /// Gives the program a key. What it has already stays as it is. Blocks.
    ///
    /// - Throws: ``PlatformError`` `unavailable`, with what the program said.
    func install(_ key: SecretMailKey, _ passphrase: SharedSecret?) throws -> Outcome {
        let secret = SharedSecret(try key.exported(passphrase))
        let said: String
        switch key {
        // A key that is protected stays protected by the same passphrase: nobody is asked.
        case .openPGP: said = try run(["--import"], [0: secret])
        // Its agent protects the key by the passphrase that the file has.
        case .smime:
            guard let passphrase else { throw failed("takes no key that is not protected", "") }
            said = try run(
                ["--pinentry-mode", "loopback", "--passphrase-fd", "3", "--import"],
                [0: secret, 3: SharedSecret(Self.line(passphrase.bytes))])
        }
        guard let outcome = Self.outcome(said) else { throw failed("did not say what it has done", "") }
        return outcome
    }

    private static func line(_ secret: borrowing SecretBytes) -> SecretBytes {
        SecretBytes(count: secret.count + 1) { line in
            secret.withUnsafeBytes { line.copyMemory(from: $0) }
            line[line.count - 1] = 0x0A
        }
    }

    /// Has gpg trust a key as the person's own.
    func trust(_ key: MailKey) throws {
        guard key.kind == .openPGP else { return }
        _ = try run(["--import-ownertrust"], [0: SharedSecret(SecretBytes(copying: "\(key.fingerprint):6:\n".utf8))])
    }

    private func run(_ arguments: [String], _ inputs: [Int32: SharedSecret]) throws -> String {
        let program = ChildProgram(
            [path, "--batch", "--no-tty", "--status-fd", "1"] + arguments, patience: Self.patience)
        let end = try program.run(inputs, output: Self.longestAnswer, errors: Self.longestAnswer)
        let said = end.output.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        guard end.status == 0 else { throw failed("has refused it", String(decoding: end.errors, as: UTF8.self)) }
        return said
    }

    private func failed(_ what: String, _ said: String) -> PlatformError {
        let lines = said.split(separator: "\n").suffix(8).map { "  \(shown(String($0)))" }
        return PlatformError(
            .unavailable, store: name,
            (["The program \(what)\(lines.isEmpty ? "." : ":")"] + lines).joined(separator: "\n"),
            remedy: "Look whether it works by itself: \(name) --list-secret-keys")
    }

    /// What the line IMPORT_RES says (GnuPG's doc/DETAILS).
    static func outcome(_ status: String) -> Outcome? {
        for line in status.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            guard words.count >= 14, words[1] == "IMPORT_RES" else { continue }
            let numbers = words[2...].map { Int($0) ?? 0 }
            // imported, unchanged, new names, subkeys, signatures and revocations; secret halves read and imported.
            if numbers[10] > 0 { return .added }
            return numbers[2] + numbers[5...8].reduce(0, +) > 0 ? .merged : .unchanged
        }
        return nil
    }
}
