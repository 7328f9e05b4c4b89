import ArgumentParser
import MeshCore
import MeshDARE
import MeshEncoding
import MeshMail
import MeshPlatforms
import MeshSessions

/// What the commands about one mail account take.
struct MailOptions: MailAccountOptions {
    @OptionGroup var shared: SharedOptions
    @Argument(help: "The mail address of the account.") var address: String
    @Option(help: "The profile: fingerprint, the beginning of one, name or account.") var profile: String?

    var selector: String? { address }
}

/// The same for commands that change nothing: without an address they mean the default account.
struct MailChoice: MailAccountOptions {
    @OptionGroup var shared: SharedOptions
    @Argument(help: "The mail address of the account; without it the default one.") var address: String?
    @Option(help: "The profile: fingerprint, the beginning of one, name or account.") var profile: String?

    var selector: String? { address }
}

protocol MailAccountOptions: ParsableArguments {
    var shared: SharedOptions { get }
    var profile: String? { get }
    /// The account, as a person names it; nil for the default.
    var selector: String? { get }
}

extension MailAccountOptions {
    func personal() async throws -> PersonalSession { try await shared.personalSession(profile) }

    func mail() async throws -> PersonalMail { try await personal().mail }

    /// The account that is meant: by its address, or by a local name.
    func item(_ mail: PersonalMail) async throws -> PersonalMail.Item {
        guard let selector else {
            guard let item = try await MailDefaultKind.explained({ try await mail.defaultAccount() }) else {
                throw MailAccountError(
                    .notFound, "No mail account is named, and none is the default.",
                    remedy: "Name one, or choose a default: meshclient mail default ADDRESS")
            }
            return item
        }
        let items = try await mail.accounts()
        let wanted = try? MailAddress(selector)
        if let item = items.first(where: { $0.account.address == wanted }) { return item }
        let named = items.filter { $0.account.localName == selector || $0.account.accountName == selector }
        guard let item = named.first, named.count == 1 else {
            throw MailAccountError.notFound(selector, named.count)
        }
        return item
    }

    /// Says what was done: the address under `name`, or `words`.
    func tell(_ name: String, _ words: String) throws {
        let console = try CommandEnvironment.required.console
        if shared.json {
            console.print(.object([name: selector.map { .string($0) } ?? .null]))
        } else {
            console.printError(words)
        }
    }
}

extension MailAccountError {
    /// That `count` accounts are called as a person has named one.
    static func notFound(_ selector: String, _ count: Int) -> MailAccountError {
        MailAccountError(
            .notFound, "There is \(count == 0 ? "no" : "more than one") mail account '\(shown(selector))'.",
            remedy: "See which there are: meshclient mail list")
    }
}

/// Mail accounts, of which one is the default.
enum MailDefaultKind: DefaultEntryKind {
    static let applicationKind = ApplicationKind.mail
    static let noun = "mail"
    static let plural = "mail accounts"

    static func store(of personal: PersonalSession) async throws -> EntryStore<CatalogedApplication> {
        try await personal.entries(in: .mail)
    }

    static func find(
        _ name: String, in store: EntryStore<CatalogedApplication>
    ) async throws -> EntryStore<CatalogedApplication>.Item {
        let accounts = try await store.entries().filter { $0.entry.kind == .mail }
        let wanted = try? MailAddress(name)
        let found = accounts.filter { item in
            let address = item.entry.accountAddress.flatMap { try? MailAddress($0) }
            return wanted != nil && address == wanted || item.key == name || item.entry.localName == name
        }
        guard let item = found.first, found.count == 1 else { throw MailAccountError.notFound(name, found.count) }
        return item
    }

    static func name(of entry: CatalogedApplication, key: String) -> String { entry.accountAddress ?? key }
}
