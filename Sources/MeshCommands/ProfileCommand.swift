import ArgumentParser
import MeshCore
import MeshCryptography
import MeshEncoding
import MeshPlatforms
import MeshProfiles
import MeshSessions

struct ProfileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "profile", abstract: "Personal profiles on this machine.",
        subcommands: [
            Create.self, List.self, Show.self, Repair.self, Export.self, Import.self, DeleteKey.self,
        ])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a personal profile (and a device profile, if there is none).")

        @OptionGroup var shared: SharedOptions
        @Option(help: "A name for you to find it by.") var name: String?
        @Option(help: "The portal account it is meant for, such as alice@example.com.") var account: String?
        @Flag(name: .customLong("default"), help: "Make it the default profile.") var makeDefault = false

        func run() async throws {
            let opened = try await shared.openKeys()
            let personal = try await MeshSession(opened.platform).createPersonalProfile(
                name: name, account: account, makeDefault: makeDefault ? true : nil)
            let console = try CommandEnvironment.required.console
            if shared.json {
                console.print(try await json(personal))
            } else {
                console.print(personal.udf.text)
                console.printError(
                    "Its key is in \(opened.platform.keys.traits.name) (\(opened.keyStoreReason)). Make recovery shares now: "
                        + "meshclient escrow")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the personal profiles.")

        @OptionGroup var shared: SharedOptions

        func run() async throws {
            let profiles = try await MeshSession(try await shared.open().platform).personalProfiles()
            let console = try CommandEnvironment.required.console
            if shared.json {
                console.print(["profiles": .array(profiles.map(Self.json))])
            } else {
                for profile in profiles {
                    let marks = [
                        profile.isDefault ? "(default)" : nil, profile.name,
                        profile.stage.map { "(\($0.rawValue.lowercased()))" },
                    ]
                    console.print(([profile.profile.text] + marks.compactMap { $0 }).joined(separator: "  "))
                }
                if profiles.isEmpty { console.printError("There are no personal profiles yet.") }
            }
        }

        private static func json(_ entry: ProfileDirectory.Entry) -> JSONValue {
            var object = JSONObject()
            object["udf"] = .string(entry.profile.text)
            object["name"] = entry.name.map { .string($0) }
            object["default"] = .bool(entry.isDefault)
            object["stage"] = entry.stage.map { .string($0.rawValue) }
            return .object(object)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show a personal profile, verified.")

        @OptionGroup var shared: SharedOptions
        @Argument(help: "Fingerprint, the beginning of one, name or account; without it the default profile.")
        var profile: String?
        @Flag(help: "Print the signed profile itself, as it is kept and published.") var signed = false

        func run() async throws {
            let personal = try await MeshSession(try await shared.open().platform).personalSession(profile)
            let console = try CommandEnvironment.required.console
            if signed {
                personal.profile.signed.withUnsafeBytes { console.write($0) }
                console.print("")
            } else if shared.json {
                console.print(try await json(personal))
            } else {
                let content = personal.profile.content
                console.print("fingerprint      \(personal.udf)")
                if let account = content.accountAddress { console.print("account          \(account)") }
                console.print("administration   \(content.administratorSignature.udf)")
                console.print("encryption       \(content.accountEncryption.udf)")
                console.print("authentication   \(content.accountAuthentication.udf)")
                console.print("signature        \(content.accountSignature.udf)")
                console.print("escrow           \(content.escrowEncryption.udf)")
                if let updated = content.updated { console.print("updated          \(updated)") }
                console.print("recovery         \(try await personal.recovery().words)")
            }
        }
    }

    struct Repair: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put a profile back from its key, when its files are damaged or the registry is lost.")

        @OptionGroup var shared: SharedOptions
        @Argument(
            help: "The whole fingerprint (see: meshclient keystore list), or the beginning of one the registry names.")
        var profile: String

        func run() async throws {
            let opened = try await shared.openKeys()
            let session = MeshSession(opened.platform)
            let udf: UDF
            if let whole = UDF(profile), whole.text.utf8.count >= 34 {
                udf = whole
            } else {
                udf = try await ProfileDirectory(opened.platform.registry).find(profile, kind: .personal).profile
            }
            let personal = try await session.repairPersonalProfile(udf)
            let console = try CommandEnvironment.required.console
            if shared.json {
                console.print(try await json(personal))
            } else {
                console.print(personal.udf.text)
            }
        }
    }
}

extension RecoveryRecord {
    /// For a person.
    var words: String {
        let set = "\(quorum.map(String.init) ?? "?") of \(shares.map(String.init) ?? "those handed out")"
        return switch state {
        case .none: "none: there are no recovery shares"
        case .made(let time): "\(set), made \(time), not rehearsed"
        case .proven(let time): "\(set), proven \(time)"
        }
    }
}

func json(_ personal: PersonalSession) async throws -> JSONValue {
    let content = personal.profile.content
    let recovery = try await personal.recovery()
    var object = JSONObject()
    object["udf"] = .string(personal.udf.text)
    object["account"] = content.accountAddress.map { .string($0) }
    object["administratorSignature"] = .string(content.administratorSignature.udf.text)
    object["accountEncryption"] = .string(content.accountEncryption.udf.text)
    object["accountAuthentication"] = .string(content.accountAuthentication.udf.text)
    object["accountSignature"] = .string(content.accountSignature.udf.text)
    object["escrowEncryption"] = .string(content.escrowEncryption.udf.text)
    object["updated"] = content.updated.map { .string($0.description) }
    object["recovery"] = .string(recovery.state.word)
    return .object(object)
}
