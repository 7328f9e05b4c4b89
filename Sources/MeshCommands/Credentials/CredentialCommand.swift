import ArgumentParser
import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPlatforms
import MeshSessions

struct CredentialCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "credential", abstract: "Names and passwords, the same on all devices.",
        discussion: """
            Passwords are asked for without echo, taken from files, or made; they are shown only when you say so. A second name at \
            one service is kept under bob@example.com. git takes its passwords from here: see meshclient credential helper --help
            """,
        subcommands: [
            AddEntry<Kind>.self, ListEntries<Kind>.self, ShowSecretEntry<Kind>.self, UpdateCredential.self,
            DefaultEntry<Kind>.self, RemoveEntry<Kind>.self, ImportCredentials.self, GeneratePassword.self,
            ShowOneTimeCode.self, CopyCredential.self,
            CredentialHistory.self, GitHelper.self,
        ])

    enum Kind: SecretEntryKind {
        struct Details: ParsableArguments {
            @Argument(
                help:
                    "The service: a host, such as example.com, with a name before it and a path behind it if you like.")
            var service: String
            @Option(name: .customLong("protocol"), help: "The protocol.") var networkProtocol = "https"
            @Option(help: "The name of the user there.") var username: String?
            @Flag(help: "Without a password, for now.") var withoutPassword = false
            @OptionGroup var password: PasswordOptions
            @OptionGroup var code: OneTimeOptions

            func validate() throws {
                if service.isEmpty || service.contains("://") {
                    throw ValidationError(
                        "The service is a host, such as example.com; the protocol goes to --protocol.")
                }
                if withoutPassword, password.isGiven {
                    throw ValidationError("Say either --without-password or where the password comes from.")
                }
            }
        }

        static let applicationKind = ApplicationKind.web
        static let noun = "credential"
        static let plural = "credentials"
        static let secondaryKeys = CatalogedCredential.namingKeys
        static let remedyIfTaken: String? =
            "Change it: meshclient credential update. Or keep a second name there as bob@example.com."

        static func store(of personal: PersonalSession) async throws -> EntryStore<CatalogedCredential> {
            try await personal.credentials()
        }

        static func entry(_ details: Details, random: any RandomSource) async throws -> CatalogedCredential {
            var entry = CatalogedCredential(service: details.service, networkProtocol: details.networkProtocol)
            let authority = details.service.prefix { $0 != "/" }
            let named = authority.lastIndex(of: "@").map { String(authority[..<$0]) }
            entry.username = details.username ?? named
            if !details.withoutPassword {
                try entry.setPassword(
                    try await details.password.read("Password of \(shown(details.service))", random: random).bytes)
            }
            if let secret = try await details.code.read() { entry.setOneTimeSecret(secret) }
            return entry
        }

        static func members(_ entry: CatalogedCredential) -> [EntryMemberShown] {
            [
                EntryMemberShown("protocol", entry.networkProtocol), EntryMemberShown("service", entry.service),
                EntryMemberShown("username", entry.username), EntryMemberShown("title", entry.title),
                EntryMemberShown("hasPassword", isPresent: entry.password != nil),
                EntryMemberShown("hasCode", isPresent: entry.hasOneTimeSecret),
                EntryMemberShown("hasNotes", isPresent: entry.notes != nil),
            ].compactMap { $0 }
        }

        static func secrets(_ entry: CatalogedCredential) -> [EntryMemberShown] {
            [EntryMemberShown("uri", entry.uri), EntryMemberShown("notes", entry.notes)].compactMap { $0 }
        }
    }
}

/// What one-time codes are made of: as services show it, a URI or a key in Base32. Never on the command line.
struct OneTimeOptions: ParsableArguments {
    @Flag(help: "Ask for what one-time codes are made of: the otpauth:// URI or the key that the service shows.")
    var code = false
    @Option(help: ArgumentHelp("Take that from this file; - is standard input.", valueName: "file")) var codeFile:
        String?

    func validate() throws {
        if code, codeFile != nil { throw ValidationError("Say either --code or --code-file.") }
    }

    /// What was given; nil if nothing is asked for.
    func read() async throws -> OneTimeSecret? {
        guard code || codeFile != nil else { return nil }
        let text = try await SecretInput("URI or key of the one-time codes", file: codeFile, asksTwice: false).read()
        let isURI = text.bytes.withUnsafeBytes { $0.contains(UInt8(ascii: ":")) }
        do throws(CryptographyError) {
            if isURI { return try OneTimeURI(parsing: text.bytes).secret }
            return try OneTimeSecret(base32: text.bytes)
        } catch {
            throw UsageError(error.message, remedy: error.remedy)
        }
    }
}

struct UpdateCredential: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Change a credential: what you name is changed, the rest stays.",
        discussion:
            "Earlier versions stay in its history. Exit code \(ToolStatus.conflict.rawValue) if it was changed meanwhile."
    )

    @OptionGroup var shared: SharedOptions
    @Argument(help: "Its key, service or local name.") var name: String
    @Option(help: "The name of the user there.") var username: String?
    @Flag(help: "Ask for the password.") var password = false
    @OptionGroup var source: PasswordOptions
    @OptionGroup var code: OneTimeOptions
    @Flag(help: "Forget what one-time codes are made of.") var removeCode = false
    @Option(help: "A short name of your own for it; an empty one takes it away.") var localName: String?
    @Option(help: "Its labels from now on (can be repeated).") var label: [String] = []
    @Option(help: "The profile: fingerprint, the beginning of one, name or account.") var profile: String?

    func validate() throws {
        let changesCode = code.code || code.codeFile != nil
        if removeCode, changesCode { throw ValidationError("Say either --remove-code or what codes are made of.") }
        if password, source.isGiven { throw ValidationError("Say one place where the password comes from.") }
        let isChange =
            username != nil || password || source.isGiven || changesCode || removeCode || localName != nil
            || !label.isEmpty
        if !isChange { throw ValidationError("Say what is to be changed.") }
    }

    func run() async throws {
        let personal = try await shared.personalSession(profile)
        let store = try await personal.credentials()
        let item = try await CredentialCommand.Kind.find(name, in: store)
        var entry = item.entry
        if let username { entry.username = username }
        if password || source.isGiven {
            let secret = try await source.read("New password of \(shown(item.key))", random: personal.platform.random)
            try entry.setPassword(secret.bytes)
        }
        if let secret = try await code.read() { entry.setOneTimeSecret(secret) }
        if removeCode { entry.setOneTimeSecret(nil) }
        if let localName { entry.localName = localName.isEmpty ? nil : localName }
        if !label.isEmpty { entry.labels = label }
        try await store.update(entry, from: item.version)
        let console = try CommandEnvironment.required.console
        if shared.json {
            console.print(["updated": .string(item.key)])
        } else {
            console.print("\(shown(item.key)) is changed.")
        }
    }
}

struct GeneratePassword: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Make a password, and keep it nowhere.",
        discussion: """
            Each password that the options allow is as likely as any other; how many bits that makes is said on standard error. \
            To make one and keep it: meshclient credential add SERVICE --generate
            """)

    @Flag(help: "Answer in JSON, errors too.") var json = false
    @OptionGroup var policy: PasswordPolicyOptions
    @Option(help: ArgumentHelp("Write it to this new file, which only you can read.", valueName: "file")) var to:
        String?

    func run() throws {
        let console = try CommandEnvironment.required.console
        let (password, entropy) = try policy.make(from: SystemRandomSource())
        let bits = PasswordOptions.rounded(entropy)
        if let to { try SecretFile.create(to, password.bytes) }
        if json {
            // No character of it has to be escaped but these two.
            var text = Array(#"{"entropy":\#(bits)"#.utf8)
            if to == nil {
                text += Array(#","password":""#.utf8)
                password.bytes.withUnsafeBytes { octets in
                    for octet in octets {
                        if octet == UInt8(ascii: "\"") || octet == UInt8(ascii: "\\") {
                            text.append(UInt8(ascii: "\\"))
                        }
                        text.append(octet)
                    }
                }
                text.append(UInt8(ascii: "\""))
            }
            text += Array("}\n".utf8)
            text.withUnsafeMutableBytes { octets in
                console.write(UnsafeRawBufferPointer(octets))
                for place in octets.indices { octets[place] = 0 }
            }
            return
        }
        if to == nil {
            password.bytes.withUnsafeBytes { console.write($0) }
            console.print("")
        }
        console.printError("\(bits) bits")
    }
}

struct ShowOneTimeCode: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "code", abstract: "Print the one-time code that a service wants now.",
        discussion: "What it is made of is given with meshclient credential update NAME --code.")

    @OptionGroup var shared: SharedOptions
    @Argument(help: "The key, service or local name of the credential; without it, the default.") var name: String?
    @Option(help: "The profile: fingerprint, the beginning of one, name or account.") var profile: String?

    func run() async throws {
        let personal = try await shared.personalSession(profile)
        let item = try await CredentialCommand.Kind.find(name, of: personal)
        let code = try item.entry.currentCode(item.key, personal.platform.clock)
        let console = try CommandEnvironment.required.console
        if shared.json {
            let text = code.withText { String(decoding: $0, as: UTF8.self) }
            console.print(["code": .string(text), "secondsLeft": .integer(code.secondsLeft)])
        } else {
            code.withText { console.write($0) }
            console.print("")
            console.printError("It holds for \(counted(code.secondsLeft, "second")).")
        }
    }
}

extension CatalogedCredential {
    /// The code that holds now.
    ///
    /// - Throws: ``PlatformError`` `notFound` if there is nothing it could be made of; ``CatalogError``.
    func currentCode(_ key: String, _ clock: any MeshClock) throws -> OneTimeCode {
        guard let secret = try oneTimeSecret() else {
            throw PlatformError(
                .notFound, store: "credentials", "The credential '\(shown(key))' makes no one-time codes.",
                remedy: "Give what they are made of: meshclient credential update NAME --code")
        }
        return secret.code(at: clock.now)
    }
}
