import ArgumentParser
import MeshCore
import MeshEncoding
import MeshPlatforms
import MeshProfiles
import MeshSessions

struct RehearseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rehearse", abstract: "Try recovery shares, without changing the profile.",
        discussion: """
            The profile is recovered in memory from the shares you give, and compared with the one here. Shares of an escrow at \
            the portal need the portal.
            """)

    @OptionGroup var shared: SharedOptions
    @OptionGroup var portals: PortalOptions
    @Argument(help: "Fingerprint, the beginning of one, name or account; without it the default profile.")
    var profile: String?
    @Option(name: .customLong("shares-from"), help: "Read shares from this file (can be repeated).") var files:
        [String] = []

    func run() async throws {
        let environment = try CommandEnvironment.required
        let portal = try await portals.open()
        let platform = try await shared.open().platform
        let personal = try await MeshSession(platform, portal: portal).personalSession(profile)
        let shares = try await ShareInput(console: environment.console).read(files: files)
        try await personal.rehearse(with: shares, on: environment.makeScratchMachine())
        if shared.json {
            environment.console.print(try await json(personal))
        } else {
            environment.console.print("The shares recover \(personal.udf): fingerprint and all keys are the same.")
        }
    }
}

struct DeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete a personal profile and its key from this machine.",
        discussion: "Refused unless a rehearsal has proven that recovery shares bring it back.")

    @OptionGroup var shared: SharedOptions
    @Argument(help: "Fingerprint, the beginning of one, name or account; without it the default profile.")
    var profile: String?
    @Flag(help: "Do not ask.") var yes = false
    @Flag(help: "Delete it although nothing proves that it can be recovered.") var evenIfUnrecoverable = false

    func run() async throws {
        let environment = try CommandEnvironment.required
        let opened = try await shared.openKeys()
        let personal = try await MeshSession(opened.platform).personalSession(profile)
        if !yes {
            environment.console.printError(
                """
                This deletes from this machine:
                  the personal profile \(personal.udf) and its archive in \(opened.platform.profiles.name)
                  its key in \(opened.platform.keys.traits.name), from which all its other keys come
                Recovery: \(try await personal.recovery().words).
                """)
            guard environment.console.isInteractive else {
                throw UsageError("Nobody is there to ask.", remedy: "Add --yes if you mean it.")
            }
            guard environment.console.readLine(prompt: "Type 'yes' to delete it: ") == "yes" else {
                throw CancellationError()
            }
        }
        try await personal.delete(evenIfUnrecoverable: evenIfUnrecoverable)
        if shared.json {
            environment.console.print(["deleted": .string(personal.udf.text)])
        } else {
            environment.console.print("Deleted \(personal.udf).")
        }
    }
}

struct RecoverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover", abstract: "Recover a personal profile from its shares, onto this machine.",
        discussion: "With --account and a portal, the account too: this machine becomes one of its devices.")

    @OptionGroup var shared: SharedOptions
    @OptionGroup var portals: PortalOptions
    @Option(help: "The fingerprint the profile must have.") var expect: String?
    @Option(help: "A name for you to find it by.") var name: String?
    @Option(help: "The portal account of the profile.") var account: String?
    @Option(name: .customLong("shares-from"), help: "Read shares from this file (can be repeated).") var files:
        [String] = []

    func run() async throws {
        let environment = try CommandEnvironment.required
        let expected = try expect.map { text in
            do { return try UDF(parsing: text) } catch let error as UDFError {
                throw UsageError("--expect: \(error.message)")
            }
        }
        let opened = try await shared.openKeys()
        let shares = try await ShareInput(console: environment.console).read(files: files)
        let portal = try await portals.open()
        let session = MeshSession(opened.platform, portal: portal)
        let personal: PersonalSession
        if portal != nil, let account {
            personal = try await session.recover(from: shares, at: account, expecting: expected, name: name).session
        } else {
            do {
                personal = try await session.recover(from: shares, expecting: expected, name: name, account: account)
            } catch let error as SessionError where error.code == .addressMissing && account != nil {
                // The account was named, and the portal was not, that keeps what the shares open.
                throw AccountOptions.noPortal
            }
        }
        if shared.json {
            environment.console.print(try await json(personal))
        } else {
            environment.console.print(personal.udf.text)
            environment.console.printError("Recovered; its key is in \(opened.platform.keys.traits.name).")
            if account != nil, portal == nil {
                environment.console.printError(
                    "No portal was named, so the account is not connected here. Name it: --portal, or MESH_PORTAL.")
            }
        }
    }
}
