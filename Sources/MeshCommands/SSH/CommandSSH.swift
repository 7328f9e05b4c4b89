import MeshCore
import MeshPlatforms
import MeshSSH

/// What the commands about SSH need from the machine.
public struct CommandSSH: Sendable {
    /// A file of the person's SSH directory with lines of ours.
    public enum File: String, Sendable {
        case authorizedKeys = "authorized_keys"
        case knownHosts = "known_hosts"
        case config = "config"
    }

    /// Puts lines into a file of the directory (nil: `~/.ssh`) in the place of those that the owner had there; says which file it
    /// is, and whether that changed it.
    public var install:
        @Sendable (_ lines: [String], _ owner: String, _ file: File, _ directory: String?) async throws -> (
            path: String, isChanged: Bool
        )
    /// Where the agent's socket for a profile is unless another place is named.
    public var agentSocket: @Sendable (_ mode: PlatformMode, _ profile: UDF) throws -> String
    /// Serves an agent at a socket until the task is cancelled; says when it can be reached.
    public var serve:
        @Sendable (_ path: String, _ agent: SSHAgent, _ ready: @escaping @Sendable (_ path: String) -> Void)
            async throws
            -> Void

    /// What the commands need, given by these.
    public init(
        install: @escaping @Sendable ([String], String, File, String?) async throws -> (path: String, isChanged: Bool),
        agentSocket: @escaping @Sendable (PlatformMode, UDF) throws -> String,
        serve: @escaping @Sendable (String, SSHAgent, @escaping @Sendable (String) -> Void) async throws -> Void
    ) {
        self.install = install
        self.agentSocket = agentSocket
        self.serve = serve
    }
}

extension CommandEnvironment {
    /// What the commands about SSH need.
    ///
    /// - Throws: ``PlatformError`` `unsupported` if the program has none of it.
    func requiredSSH() throws -> CommandSSH {
        guard let ssh else {
            throw PlatformError(.unsupported, store: "ssh", "This program has no SSH files and agents.")
        }
        return ssh
    }
}
