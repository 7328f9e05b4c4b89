import ArgumentParser
import MeshCore
import MeshDARE
import MeshEncoding
import MeshMail
import MeshPlatforms
import MeshSessions

struct MailCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mail", abstract: "Mail accounts and the keys for mail, the same on all devices.",
        discussion: """
            Passwords of mail servers are kept with the other credentials: meshclient credential add imap.example.com --protocol \
            imap. Keys that were made or imported here are handed to gpg and gpgsm by meshclient mail key install.
            """,
        subcommands: [
            Add.self, List.self, Show.self, Set.self, DefaultEntry<MailDefaultKind>.self, Remove.self,
            MailKeyCommand.self,
        ])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a mail account.", discussion: MailSettings.connections)

        @OptionGroup var options: MailOptions
        @OptionGroup var settings: MailSettings

        func run() async throws {
            var account = MailAccount(try MailAddress(options.address))
            try settings.apply(to: &account)
            try await options.mail().add(account)
            try options.tell(
                "added", "\(account.address) is added. Give it a key: meshclient mail key make \(account.address)")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the mail accounts.")

        @OptionGroup var shared: SharedOptions
        @Option(help: "The profile: fingerprint, the beginning of one, name or account.") var profile: String?

        func run() async throws {
            let mail = try await shared.personalSession(profile).mail
            let items = try await mail.accounts()
            let exposed = try await mail.exposedKeys()
            let standard = try await Self.defaultAddress(mail)
            let console = try CommandEnvironment.required.console
            guard !shared.json else {
                let list = items.map { item in
                    var object = MailWords.json(item, exposed)
                    if item.account.address == standard { object["default"] = true }
                    return JSONValue.object(object)
                }
                return console.print(["accounts": .array(list)])
            }
            for item in items {
                let account = item.account
                let kinds = MailKey.Kind.allCases.filter { !account.currentKeys($0).isEmpty }.map(MailWords.name)
                let words = [account.address.text, account.displayName, account.accountName].compactMap { $0 } + kinds
                let chosen = account.address == standard ? ["(default)"] : []
                console.print((words.map(shown) + chosen + MailWords.marks(item)).joined(separator: "  "))
            }
            if items.isEmpty { console.printError("There are none.") }
            MailWords.tell(exposed, on: console)
        }

        private static func defaultAddress(_ mail: PersonalMail) async throws -> MailAddress? {
            do {
                return try await mail.defaultAccount()?.account.address
            } catch let error as SessionError where error.code == .defaultMissing {
                // Whoever asks for the default is told.
                return nil
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a mail account: its settings, and its keys as everybody may know them.",
            discussion: """
                With --for it prints what the configuration of a mail program says about the account; the program then fetches \
                passwords by meshclient credential show.
                """)

        @OptionGroup var options: MailChoice
        @Option(
            name: .customLong("for"),
            help: ArgumentHelp(
                "Print the configuration of a program: \(MailProgram.allCases.map(\.rawValue).joined(separator: ", ")).",
                valueName: "program"))
        var program: MailProgram?

        func run() async throws {
            let personal = try await options.personal()
            let mail = personal.mail
            let item = try await options.item(mail)
            if let program { return try await show(item.account, for: program, personal) }
            let exposed = try await mail.exposedKeys().filter { $0.address == item.account.address }
            let console = try CommandEnvironment.required.console
            guard !options.shared.json else { return console.print(.object(MailWords.json(item, exposed))) }
            for (name, value) in MailWords.lines(item.account) { console.print("\(name.padded(14))\(shown(value))") }
            if item.isConflict {
                console.printError("Another device has changed it too: see meshclient conflicts")
            } else if item.isPending {
                console.printError("Not sent yet: meshclient sync")
            }
            MailWords.tell(exposed, on: console)
        }

        private func show(
            _ account: MailAccount, for program: MailProgram, _ personal: PersonalSession
        ) async throws {
            let console = try CommandEnvironment.required.console
            var credentials: [String: String] = [:]
            if try await personal.readableStores().contains(.credential) {
                let store = try await personal.credentials()
                for connection in program.connections(of: account) {
                    if let found = try await store.find(connection.place) {
                        credentials[connection.uri] = found.key
                    } else if let user = connection.username {
                        console.printError(
                            "No password is kept for it yet: meshclient credential add \(connection.host) --protocol "
                                + "\(connection.service.rawValue) --username \(shown(user))")
                    }
                }
            }
            let text = try program.configuration(of: account, credentials)
            if options.shared.json { return console.print(["configuration": .string(text)]) }
            let octets = Array(text.utf8)
            octets.withUnsafeBytes { console.write($0) }
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Change a mail account: what you name is changed, the rest stays. An empty text takes a setting away.",
            discussion: """
                \(MailSettings.connections)

                Earlier versions stay in its history. Exit code \(ToolStatus.conflict.rawValue) if it was changed meanwhile.
                """)

        @OptionGroup var options: MailOptions
        @OptionGroup var settings: MailSettings

        func validate() throws {
            if settings.isEmpty { throw ValidationError("Say what is to be changed.") }
        }

        func run() async throws {
            let mail = try await options.mail()
            var item = try await options.item(mail)
            try settings.apply(to: &item.account)
            try await mail.update(item.account, from: item.version)
            try options.tell("updated", "\(item.account.address) is changed.")
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a mail account and its keys away, on all devices.",
            discussion:
                "What was sealed by its keys can then be read only where they were installed, or are kept elsewhere.")

        @OptionGroup var options: MailOptions
        @Flag(name: .customLong("yes"), help: "Do not ask.") var isConfirmed = false

        func run() async throws {
            let personal = try await options.personal()
            let mail = personal.mail
            let item = try await options.item(mail)
            if !item.account.keys.isEmpty {
                try CommandEnvironment.required.confirm(
                    "\(item.account.address) has \(counted(item.account.keys.count, "key")), and old mail may need them: "
                        + "meshclient mail key export keeps them elsewhere.", yes: isConfirmed)
            }
            let key = try await MailDefaultKind.find(
                item.account.address.text, in: try await MailDefaultKind.store(of: personal)
            ).key
            try await mail.remove(item.account.address, from: item.version)
            try await MailDefaultKind.forget(key, of: personal)
            try options.tell("removed", "\(item.account.address) is removed.")
        }
    }
}

/// The settings of a mail account.
struct MailSettings: ParsableArguments {
    static let connections = """
        Connections are written as imaps://alice@imap.example.com or smtp+starttls://alice@mail.example.com:587. There are imaps, \
        pop3s and smtps (TLS from the start), imap+starttls, pop3+starttls and smtp+starttls (TLS after the beginning), and imap, \
        pop3 and smtp (in the clear, for servers on this machine). Passwords do not belong there.
        """

    @Option(help: "The name that stands before the address in mail, and in keys that are made.") var name: String?
    @Option(help: "What you call the account.") var accountName: String?
    @Option(help: ArgumentHelp("Where answers are to go, if not to the address.", valueName: "address"))
    var replyTo: String?
    @Option(help: ArgumentHelp("How mail is read (can be repeated, the best way first).", valueName: "uri"))
    var inbound: [String] = []
    @Option(help: ArgumentHelp("How mail is sent (can be repeated, the best way first).", valueName: "uri"))
    var outbound: [String] = []

    var isEmpty: Bool {
        name == nil && accountName == nil && replyTo == nil && inbound.isEmpty && outbound.isEmpty
    }

    func apply(to account: inout MailAccount) throws {
        if let name { account.displayName = name.isEmpty ? nil : name }
        if let accountName { account.accountName = accountName.isEmpty ? nil : accountName }
        if let replyTo { account.replyTo = replyTo.isEmpty ? nil : try MailAddress(replyTo) }
        if !inbound.isEmpty { account.inbound = try Self.read(inbound, isInbound: true, present: account.inbound) }
        if !outbound.isEmpty { account.outbound = try Self.read(outbound, isInbound: false, present: account.outbound) }
    }

    /// Those of `present` that are named again stay as they are.
    private static func read(
        _ texts: [String], isInbound: Bool, present: [MailConnection]
    ) throws -> [MailConnection] {
        try texts.filter { !$0.isEmpty }.map { text in
            let connection = try MailConnection(parsing: text)
            guard connection.service.isInbound == isInbound else {
                throw UsageError(
                    "\(shown(connection.uri)) is a connection to \(isInbound ? "send" : "read") mail.",
                    remedy: "Give it to \(isInbound ? "--outbound" : "--inbound").")
            }
            return present.first { $0.uri == connection.uri } ?? connection
        }
    }
}
