import ArgumentParser
import MeshCore
import MeshEncoding
import MeshPlatforms
import MeshSSH
import MeshSessions

/// What every command about SSH takes.
struct SSHOptions: ParsableArguments {
    @OptionGroup var account: AccountOptions
    @OptionGroup var profile: ProfileOption
    @Flag(help: "Do not synchronise, even if a portal is named.") var offline = false

    var shared: SharedOptions { account.shared }

    func session() async throws -> PersonalSession {
        try await account.session().personalSession(profile.profile)
    }

    /// The session, after what other devices have changed was received: a device that was removed must not be let in.
    func currentSession() async throws -> PersonalSession {
        let session = try await session()
        if offline || session.portal == nil {
            let console = try CommandEnvironment.required.console
            if !offline {
                console.printError("No portal was named: this is what was known at the last meshclient sync.")
            }
            return session
        }
        try await Self.synchronize(session)
        return session
    }

    private static func synchronize(_ session: PersonalSession) async throws {
        let environment = try CommandEnvironment.required
        let report = try await environment.interruption.cancelling { try await session.sync() }
        if !report.conflicts.isEmpty {
            environment.console.printError(
                "\(counted(report.conflicts.count, "entry was", "entries were")) changed by two devices: "
                    + "meshclient conflicts")
        }
    }

    /// Makes a change, sends it if a portal is named, and prints what was changed.
    func change(_ body: (PersonalSSH) async throws -> SessionChanges) async throws {
        let console = try CommandEnvironment.required.console
        let session = try await session()
        let changes = try await body(session.ssh)
        let isSent = !changes.isEmpty && !offline && session.portal != nil
        if isSent { try await Self.synchronize(session) }
        console.print(changes, asJSON: shared.json)
        if !changes.isEmpty, !isSent { console.printError("Other devices learn of it after: meshclient sync") }
    }
}

/// How lines are printed, or put into a file of the person's.
struct SSHInstallOptions: ParsableArguments {
    @Flag(
        help: """
            Put the lines into the file, between marks of ours: what else is in it stays as it is. Without it nothing of yours is \
            touched.
            """)
    var install = false

    @Option(help: ArgumentHelp("The directory of the file, instead of ~/.ssh.", valueName: "directory"))
    var directory: String?

    func validate() throws {
        guard directory == nil || install else { throw ValidationError("--directory goes with --install.") }
    }

    /// Prints or installs the lines.
    func run(_ lines: [String], _ file: CommandSSH.File, of session: PersonalSession, asJSON: Bool) async throws {
        let environment = try CommandEnvironment.required
        let console = environment.console
        guard install else {
            if asJSON {
                console.print(["lines": .array(lines.map { .string($0) })])
            } else {
                for line in lines { console.print(line) }
            }
            return
        }
        let done = try await environment.requiredSSH().install(lines, session.udf.text, file, directory)
        if asJSON {
            console.print([
                "file": .string(done.path), "changed": .bool(done.isChanged), "lines": .integer(Int64(lines.count)),
            ])
        } else {
            console.printError(
                done.isChanged
                    ? "\(done.path): \(counted(lines.count, "line"))" : "\(done.path): nothing had to be changed")
        }
    }
}
