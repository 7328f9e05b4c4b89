import ArgumentParser
import MeshCore
import MeshPlatforms
import MeshPortalService
import MeshPortals
import MeshProfiles
import MeshSessions

/// Which portals a command reaches.
struct PortalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The directory of a portal (can be repeated). Without it: MESH_PORTAL, such as dir:/path, or several with commas "
                + "between.", valueName: "directory"))
    var portal: [String] = []

    static let variable = "MESH_PORTAL"
    private static let directoryScheme = "dir:"

    /// The directories that were named: on the command line, else in the environment.
    func directories() throws -> [String] {
        if !portal.isEmpty { return portal }
        guard let text = try CommandEnvironment.required.portals, !text.isEmpty else { return [] }
        return try text.split(separator: ",").map { part in
            guard part.hasPrefix(Self.directoryScheme), part.count > Self.directoryScheme.count else {
                throw UsageError(
                    "\(Self.variable): '\(part)' names no portal.",
                    remedy: "Write \(Self.directoryScheme) and the path of a portal's directory.")
            }
            return String(part.dropFirst(Self.directoryScheme.count))
        }
    }

    /// The way to the portals that were named; nil if none was.
    func open() async throws -> (any MeshPortal)? {
        var services: [String: PortalService] = [:]
        for directory in try directories() {
            let service = try await CommandEnvironment.required.openPortal(directory, nil)
            guard services.updateValue(service, forKey: service.domain) == nil else {
                throw UsageError("Two of the portals serve the domain \(service.domain).")
            }
        }
        return services.isEmpty ? nil : MeshPortalDirect(services)
    }
}

/// What every command takes that has to do with accounts.
struct AccountOptions: ParsableArguments {
    @OptionGroup var shared: SharedOptions
    @OptionGroup var portals: PortalOptions

    /// What a command says that needs a portal.
    static var noPortal: SessionError {
        SessionError(
            .noPortal, "No portal was named.",
            remedy: "Add --portal DIRECTORY, or set \(PortalOptions.variable)=dir:/path. "
                + "A portal is made by: meshclient portal create DIRECTORY --domain example.com")
    }

    /// A session for what needs no portal. If one was named, it is there all the same.
    func session() async throws -> MeshSession {
        MeshSession(try await shared.openKeys().platform, portal: try await portals.open())
    }

    /// A session for what needs a portal.
    ///
    /// - Throws: ``SessionError`` `noPortal` if none was named, before anything is opened.
    func portalSession() async throws -> MeshSession {
        guard let portal = try await portals.open() else { throw Self.noPortal }
        return MeshSession(try await shared.openKeys().platform, portal: portal)
    }
}

extension CommandEnvironment {
    /// Asks for a yes before something that cannot be taken back.
    ///
    /// - Parameter yes: whether it was given on the command line.
    func confirm(_ what: String, yes: Bool) throws {
        if yes { return }
        console.printError(what)
        guard console.isInteractive else {
            throw UsageError("Nobody is there to ask.", remedy: "Add --yes if you mean it.")
        }
        guard console.readLine(prompt: "Type 'yes' to go on: ") == "yes" else { throw CancellationError() }
    }
}
