import ArgumentParser
import Glibc
import MeshCore
import MeshEncoding
import MeshPlatforms
import MeshSSH
import MeshSessions

struct SSHAgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "An SSH agent that signs with this device's key, which stays in the key store.",
        discussion: """
            It stays in the foreground until Ctrl-C. When programs can connect it prints what a shell is to evaluate, as ssh-agent \
            does. Only programs of the same user are served. Keys cannot be added to it.
            """)

    @OptionGroup var shared: SharedOptions
    @OptionGroup var profile: ProfileOption
    @Option(
        help: ArgumentHelp(
            "Where its socket is to be. The directory is made if it is missing, and must be yours alone (0700).",
            valueName: "path"))
    var socket: String?

    func run() async throws {
        let environment = try CommandEnvironment.required
        let (console, ssh) = (environment.console, try environment.requiredSSH())
        let session = try await MeshSession(try await shared.openKeys().platform).personalSession(profile.profile)
        let signer = try await session.ssh.signer()
        let path = try socket ?? ssh.agentSocket(try shared.platformMode(), session.udf)
        let agent = SSHAgent(signer) { error in
            console.printError(
                "meshclient: a signature was refused: \((error as? any MeshError)?.message ?? "\(error)")")
        }
        let json = shared.json
        try await environment.interruption.cancelling {
            try await ssh.serve(path, agent) { path in
                let process = getpid()
                if json {
                    console.print(["SSH_AUTH_SOCK": .string(path), "SSH_AGENT_PID": .integer(Int64(process))])
                } else {
                    console.print("SSH_AUTH_SOCK=\(Self.quoted(path)); export SSH_AUTH_SOCK;")
                    console.print("SSH_AGENT_PID=\(process); export SSH_AGENT_PID;")
                    console.print("echo Agent pid \(process);")
                }
            }
        }
    }

    /// The path as a word of the shell.
    private static func quoted(_ path: String) -> String {
        let isPlain = path.utf8.allSatisfy { octet in
            (0x30...0x39).contains(octet) || (0x41...0x5A).contains(octet) || (0x61...0x7A).contains(octet)
                || "/-._".utf8.contains(octet)
        }
        // A quotation mark ends the quotation, is quoted by itself, and the quotation begins again.
        return isPlain
            ? path : "'\(path.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#))'"
    }
}
