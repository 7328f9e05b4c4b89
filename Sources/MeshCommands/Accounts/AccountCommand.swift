import ArgumentParser
import MeshCore
import MeshDARE
import MeshEncoding
import MeshPlatforms
import MeshPortals
import MeshProfiles
import MeshSessions

struct AccountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account", abstract: "Accounts at portals.",
        subcommands: [
            Validate.self, Create.self, List.self, Status.self, Register.self, Deregister.self, Delete.self,
        ])

    struct Validate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ask whether an account of a name can be had.",
            discussion: "Exit code 0 if it can, \(ToolStatus.portalRefused.rawValue) if not.")

        @OptionGroup var shared: SharedOptions
        @OptionGroup var portals: PortalOptions
        @Argument(help: "The address, such as alice@example.com.") var address: String

        func run() async throws {
            // Needs no key.
            guard let portal = try await portals.open() else { throw AccountOptions.noPortal }
            let answer = try await MeshSession(try await shared.open().platform, portal: portal).validate(address)
            let console = try CommandEnvironment.required.console
            if shared.json {
                var object = JSONObject()
                object["address"] = .string(answer.address.canonical)
                object["valid"] = .bool(answer.isValid)
                object["reason"] = answer.reason.map { .string($0) }
                object["suggestions"] = .array(answer.suggestions.map { .string($0) })
                console.print(.object(object))
            } else if answer.isValid {
                console.print("\(answer.address) can be had.")
            } else {
                console.print("\(answer.address) cannot be had: \(answer.reason ?? "the portal does not say why.")")
                if !answer.suggestions.isEmpty {
                    console.printError("Free are \(answer.suggestions.joined(separator: ", ")).")
                }
            }
            if !answer.isValid { throw ExitCode(ToolStatus.portalRefused.rawValue) }
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an account at a portal, for a personal profile.",
            discussion: "Without --profile a new personal profile is made. This machine becomes its first device.")

        @OptionGroup var options: AccountOptions
        @Argument(help: "The address, such as alice@example.com.") var address: String
        @Option(help: "The profile: fingerprint, the beginning of one, or name.") var profile: String?
        @Option(help: "A name for a new profile, for you to find it by.") var name: String?
        @Option(help: "The device of this machine: fingerprint, the beginning of one, or name.") var device: String?

        func validate() throws {
            if profile != nil, name != nil { throw ValidationError("--name is for a new profile, without --profile.") }
        }

        func run() async throws {
            let session = try await options.portalSession()
            let known = try await profile.asyncMap { try await session.personalSession($0) }
            let device = try await device.asyncMap { try await session.device($0) }
            let personal = try await session.createAccount(address, for: known, name: name, device: device)
            let console = try CommandEnvironment.required.console
            if options.shared.json {
                console.print(try await json(personal))
            } else {
                console.print(personal.udf.text)
                console.printError("The account \(personal.profile.content.accountAddress ?? address) is made.")
                if try await personal.recovery().state == .none {
                    console.printError("Make recovery shares now: meshclient escrow")
                }
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the accounts that this machine is connected to.")

        @OptionGroup var shared: SharedOptions

        func run() async throws {
            let profiles = try await MeshSession(try await shared.open().platform).personalProfiles()
            let console = try CommandEnvironment.required.console
            let connected = profiles.filter { !$0.portals.isEmpty }
            if shared.json {
                console.print([
                    "accounts": .array(
                        connected.map { entry in
                            [
                                "profile": .string(entry.profile.text), "default": .bool(entry.isDefault),
                                "addresses": .array(entry.portals.map { .string($0) }),
                            ]
                        })
                ])
            } else {
                for entry in connected {
                    let mark = entry.isDefault ? "  (default)" : ""
                    console.print("\(entry.portals.joined(separator: " "))  \(entry.profile)\(mark)")
                }
                if connected.isEmpty {
                    console.printError(
                        "There are no accounts yet. Make one: meshclient account create alice@example.com")
                }
            }
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show an account as this machine knows it.", discussion: "Asks no portal: meshclient sync does.")

        @OptionGroup var shared: SharedOptions
        @Argument(help: "Fingerprint, the beginning of one, name or account; without it the default profile.")
        var profile: String?

        func run() async throws {
            let personal = try await MeshSession(try await shared.openKeys().platform).personalSession(profile)
            let devices = try await personal.connectedDevices()
            let addresses = try await personal.accounts().map(\.canonical)
            let this = devices.first(where: \.isThis)
            var stores: [(name: StoreName, entries: Int, waiting: Int)] = []
            for name in try await personal.readableStores() {
                let entries = try await personal.store(name).entries()
                if !entries.isEmpty { stores.append((name, entries.count, entries.filter(\.isPending).count)) }
            }
            let console = try CommandEnvironment.required.console
            if shared.json {
                var object = JSONObject()
                object["profile"] = .string(personal.udf.text)
                object["addresses"] = .array(addresses.map { .string($0) })
                object["device"] = this.map { .string($0.udf.text) }
                object["rights"] = this.map { .array($0.device.rights.map { .string($0.rawValue) }) }
                object["devices"] = .integer(Int64(devices.count))
                object["stores"] = .array(
                    stores.map { store in
                        [
                            "name": .string(store.name.rawValue), "entries": .integer(Int64(store.entries)),
                            "notSent": .integer(Int64(store.waiting)),
                        ]
                    })
                console.print(.object(object))
            } else {
                console.print("account      \(addresses.isEmpty ? "none" : addresses.joined(separator: " "))")
                console.print("fingerprint  \(personal.udf)")
                if let this {
                    console.print("this device  \(this.udf)  \(this.device.rights.words)")
                }
                console.print("devices      \(devices.count)")
                let width = max(13, (stores.map { $0.name.rawValue.utf8.count }.max() ?? 0) + 2)
                for store in stores {
                    let waiting = store.waiting > 0 ? ", \(store.waiting) not sent yet" : ""
                    console.print(
                        "\(store.name.rawValue.lowercased().padded(width))"
                            + "\(counted(store.entries, "entry", "entries"))\(waiting)")
                }
            }
        }
    }

    struct Register: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Register a profile at a further portal.",
            discussion: "What the devices share is copied there and kept up to date. Name both portals.")

        @OptionGroup var options: AccountOptions
        @Argument(help: "The address at the further portal.") var address: String
        @Option(help: "The profile: fingerprint, the beginning of one, name or account.") var profile: String?

        func run() async throws {
            let personal = try await options.portalSession().personalSession(profile)
            let environment = try CommandEnvironment.required
            let address = address
            let changes = try await environment.interruption.cancelling { try await personal.register(at: address) }
            environment.console.print(changes, asJSON: options.shared.json)
        }
    }

    struct Deregister: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take an account away from one portal.", discussion: "What is on this machine stays.")

        @OptionGroup var options: AccountOptions
        @Argument(help: "The address.") var address: String
        @Option(help: "The profile: fingerprint, the beginning of one, name or account.") var profile: String?
        @Flag(help: "Do not ask.") var yes = false

        func run() async throws {
            let personal = try await options.portalSession().personalSession(profile ?? address)
            let environment = try CommandEnvironment.required
            try environment.confirm(
                "This deletes \(address) and everything that the portal keeps for it.", yes: yes)
            let changes = try await personal.deregister(from: address)
            environment.console.print(changes, asJSON: options.shared.json)
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take an account away from all its portals.",
            discussion: "The profile and what is on this machine stay: to delete them too, see meshclient delete.")

        @OptionGroup var options: AccountOptions
        @Argument(help: "Fingerprint, the beginning of one, name or account; without it the default profile.")
        var profile: String?
        @Flag(help: "Do not ask.") var yes = false

        func run() async throws {
            let personal = try await options.portalSession().personalSession(profile)
            let environment = try CommandEnvironment.required
            let addresses = try await personal.accounts()
            guard !addresses.isEmpty else {
                throw SessionError(.noAccount, "The profile \(personal.udf) has no account.")
            }
            try environment.confirm(
                "This deletes \(addresses.map(\.canonical).joined(separator: ", ")) and everything that the portals keep for "
                    + "it. No device can synchronise after that.", yes: yes)
            var changes = SessionChanges()
            // The one that counts comes last: until then the others can be done again.
            for address in addresses.reversed() { changes.note(try await personal.deregister(from: address.canonical)) }
            environment.console.print(changes, asJSON: options.shared.json)
        }
    }
}

extension [Right] {
    /// For a person.
    var words: String { map(\.rawValue).joined(separator: ", ") }
}

extension Optional where Wrapped: Sendable {
    /// As `map`, for what takes its time.
    func asyncMap<R>(_ transform: (Wrapped) async throws -> R) async rethrows -> R? {
        if let self { try await transform(self) } else { nil }
    }
}
