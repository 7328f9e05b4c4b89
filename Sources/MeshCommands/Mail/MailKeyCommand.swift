import ArgumentParser
import MeshCore
import MeshEncoding
import MeshMail
import MeshPlatforms
import MeshSessions

struct MailKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Keys to sign and seal mail: OpenPGP and S/MIME.",
        subcommands: [
            Make.self, Import.self, Replace.self, Public.self, Export.self, MailKeyInstall.self, Request.self,
            Certificate.self,
        ])

    struct Make: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a key for an account that has none.",
            discussion: """
                Without --years an OpenPGP key does not end, and the certificate of an S/MIME key, which it signs itself, after \
                three years: for one that others trust, meshclient mail key request. Hand the public half out: meshclient mail key public. Use the key in \
                your mail program: meshclient mail key install.
                """)

        @OptionGroup var options: MailOptions
        @OptionGroup var kinds: MailKindOptions
        @OptionGroup var end: MailKeyEnd

        func validate() throws {
            if kinds.kind == nil { throw ValidationError("Say --openpgp or --smime.") }
        }

        func run() async throws {
            let personal = try await options.personal()
            let address = try await options.item(personal.mail).account.address
            let key = try await personal.mail.makeKey(
                kinds.kind ?? .openPGP, for: address, expires: end.expires(from: personal.platform.clock.now))
            try MailKeyCommand.tell("made", key, address, options)
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a key over that another program has exported.",
            discussion: "For example: gpg --export-secret-keys alice@example.com | meshclient mail key import "
                + "alice@example.com -")

        @OptionGroup var options: MailOptions
        @Argument(help: "The file; - is standard input.") var file: String
        @OptionGroup var input: MailKeyFile
        @Flag(help: "Do not use it: it is kept for old mail.") var former = false

        func run() async throws {
            let mail = try await options.mail()
            let address = try await options.item(mail).account.address
            let key = try await mail.importKey(try await input.read(file), for: address, asFormer: former)
            try MailKeyCommand.tell("imported", key, address, options)
        }
    }

    struct Replace: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Use another key from now on; the old one is kept for old mail.",
            discussion: """
                Of OpenPGP the old one is revoked. Hand out what then says so, with the new one: meshclient mail key public \
                ADDRESS --former. And have gpg know: meshclient mail key install.
                """)

        @OptionGroup var options: MailOptions
        @OptionGroup var kinds: MailKindOptions
        @OptionGroup var end: MailKeyEnd
        @Option(
            name: .customLong("with"),
            help: ArgumentHelp(
                "Use the key in this file, instead of a new one; - is standard input.", valueName: "file"))
        var file: String?
        @OptionGroup var input: MailKeyFile
        @Flag(help: "Somebody else may have it: nothing that it has signed counts any more (OpenPGP).")
        var compromised = false

        func validate() throws {
            if file == nil, input.passphraseFile != nil { throw ValidationError("--passphrase-file goes with --with.") }
            if file != nil, end.years != nil {
                throw ValidationError("When a key ends is in the key: without --years.")
            }
        }

        func run() async throws {
            let personal = try await options.personal()
            let account = try await options.item(personal.mail).account
            let kind = try kinds.kind(of: account)
            var other: SecretMailKey?
            if let file { other = try await input.read(file) }
            let done = try await personal.mail.replaceKey(
                kind, for: account.address, with: other, because: compromised ? .compromised : .superseded,
                expires: end.expires(from: personal.platform.clock.now))
            let console = try CommandEnvironment.required.console
            guard !options.shared.json else {
                return console.print([
                    "address": .string(account.address.text), "replaced": .object(MailWords.json(done.key)),
                    "former": .array(done.former.map { .object(MailWords.json($0)) }),
                ])
            }
            console.print(done.key.fingerprint)
            for key in done.former {
                console.printError(
                    "\(key.fingerprint) is kept for old mail" + (kind == .openPGP ? ", and revoked." : "."))
            }
            console.printError("Hand out what has changed: meshclient mail key public \(account.address) --former")
        }
    }

    struct Public: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the public half of a key, for those who write to you.")

        @OptionGroup var options: MailChoice
        @OptionGroup var choice: MailKeyChoice
        @Flag(help: "The former keys, too: those of OpenPGP say that they are revoked.") var former = false

        func validate() throws {
            if former, choice.key != nil { throw ValidationError("Say either --former or --key.") }
        }

        func run() async throws {
            let account = try await options.item(try await options.mail()).account
            var keys: [MailKey]
            if choice.key != nil {
                keys = [try choice.key(of: account)]
            } else {
                let kind = try choice.kinds.kind(of: account)
                keys = account.currentKeys(kind)
                if former { keys += account.formerKeys.filter { $0.kind == kind } }
            }
            guard !keys.isEmpty else {
                throw MailAccountError(
                    .keyMissing, "The account \(account.address) uses none of its keys any more.",
                    remedy: "To see the former ones: --former.")
            }
            let texts = try keys.map { try $0.publicText() }
            let console = try CommandEnvironment.required.console
            guard !options.shared.json else {
                return console.print([
                    "keys": .array(
                        zip(keys, texts).map { key, text in
                            var object = MailWords.json(key)
                            object["text"] = .string(text)
                            return .object(object)
                        })
                ])
            }
            for text in texts {
                let octets = Array(text.utf8)
                octets.withUnsafeBytes { console.write($0) }
            }
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a key with its secret half to a new file, protected by a passphrase.",
            discussion: """
                OpenPGP is written as text, as gpg, Thunderbird and mutt import it; S/MIME as PKCS#12, or with --pem as text for \
                mutt and openssl.
                """)

        @OptionGroup var options: MailChoice
        @OptionGroup var choice: MailKeyChoice
        @Option(help: ArgumentHelp("The new file, which only you can read; - is standard output.", valueName: "file"))
        var to: String
        @Flag(help: "Write an S/MIME key and its certificates as PEM.") var pem = false
        @OptionGroup var protection: MailProtection

        func run() async throws {
            let mail = try await options.mail()
            let account = try await options.item(mail).account
            let key = try choice.key(of: account)
            if pem, key.kind != .smime { throw UsageError("--pem is for S/MIME keys.") }
            if protection.unprotected, key.kind == .smime, !pem {
                throw UsageError("PKCS#12 is always protected by a passphrase.", remedy: "Say --pem, or give one.")
            }
            let console = try CommandEnvironment.required.console
            let output = try OutputFile(to, replaces: false, console)
            defer { output.discard() }
            let passphrase = try await protection.read()
            let written = try await mail.withKey(key, of: account.address) { secret in
                try await BlockingCalls(store: "mail keys").run(deadline: .seconds(120)) {
                    SharedSecret(try secret.exported(passphrase, as: pem ? .pem : nil))
                }
            }
            try await DAREWork.run("writing") { _ in
                try written.bytes.withUnsafeBytes { try output.write($0) }
                try output.commit()
            }
            guard to != "-" else { return }
            if options.shared.json {
                console.print(["file": .string(to), "key": .object(MailWords.json(key))])
            } else {
                console.printError(
                    "The \(MailWords.name(key.kind)) key \(key.fingerprint) is in \(to)"
                        + (passphrase == nil ? ", UNPROTECTED." : ", protected by the passphrase."))
            }
        }
    }

    struct Request: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a request to an issuer, to certify the S/MIME key (PKCS#10, PEM).",
            discussion: "What the issuer then sends is taken by: meshclient mail key certificate ADDRESS FILE")

        @OptionGroup var options: MailChoice
        @OptionGroup var choice: MailKeyChoice

        func run() async throws {
            let mail = try await options.mail()
            let account = try await options.item(mail).account
            var choice = choice
            if choice.key == nil, choice.kinds.kind == nil { choice.kinds.smime = true }
            let key = try choice.key(of: account)
            let text = try await mail.withKey(key, of: account.address) { secret in
                guard case .smime(let secret) = secret else {
                    throw UsageError("Nobody certifies OpenPGP keys by request.", remedy: "Say --smime.")
                }
                return try secret.certificateRequest().pem
            }
            let console = try CommandEnvironment.required.console
            if options.shared.json {
                console.print(["key": .object(MailWords.json(key)), "request": .string(text)])
            } else {
                let octets = Array(text.utf8)
                octets.withUnsafeBytes { console.write($0) }
            }
        }
    }

    struct Certificate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take the certificate that an issuer gave for the S/MIME key, with those of the issuers.",
            discussion: "The one before is kept for old mail.")

        @OptionGroup var options: MailOptions
        @Argument(help: "The file (PEM, or one certificate in DER); - is standard input.") var file: String

        func run() async throws {
            let mail = try await options.mail()
            let address = try await options.item(mail).account.address
            let octets = try await MailKeyFile.octets(file).bytes.withUnsafeBytes { Array($0) }
            let key = try await mail.takeCertificate(try SMIMECertificate.all(in: octets), for: address)
            try MailKeyCommand.tell("certified", key, address, options)
        }
    }

    /// Says which key an account has now.
    private static func tell(_ name: String, _ key: MailKey, _ address: MailAddress, _ options: MailOptions) throws {
        let console = try CommandEnvironment.required.console
        if options.shared.json {
            console.print(["address": .string(address.text), name: .object(MailWords.json(key))])
            return
        }
        console.print(key.fingerprint)
        if !key.names(address) {
            console.printError("It does not name \(address): mail programs may not offer it for that address.")
        }
        console.printError(
            key.isFormer
                ? "It is kept for old mail." : "Hand out its public half: meshclient mail key public \(address)")
    }
}

/// When a key that is made ends.
struct MailKeyEnd: ParsableArguments {
    @Option(help: "After how many years a key that is made ends.") var years: Int?

    func validate() throws {
        if let years, !(1...30).contains(years) { throw ValidationError("A key ends after 1 to 30 years.") }
    }

    func expires(from now: Timestamp) -> Timestamp? {
        years.map { Timestamp(secondsSince1970: now.secondsSince1970 + Int64($0) * 31_557_600) }
    }
}
