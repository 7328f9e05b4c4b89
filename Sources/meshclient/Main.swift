import Dispatch
import Glibc
import MeshCommands
import MeshCore
import MeshFiles
import MeshHomeDirectory
import MeshInMemory
import MeshKeyFiles
import MeshLinuxPlatform
import MeshLinuxSSH
import MeshPlatforms
import MeshPortalDirectory
import MeshPortalService

/// The tool on this machine. Everything it does is in `MeshCommands`; here the concrete platform is named.
@main
enum Main {
    static func main() async {
        // A reader that goes away (`meshclient … | head -1`) ends the output, not the work.
        signal(SIGPIPE, SIG_IGN)
        var environment = CommandEnvironment(
            open: { request in
                let platform = try await MeshLinux.initialize(
                    mode: request.mode, keyStore: request.keyStore, passphrase: prompt(request),
                    needsKeys: request.needsKeys)
                return CommandEnvironment.OpenedPlatform(
                    platform, keyStoreReason: platform.keyStoreReason?.rawValue ?? "none could be chosen")
            },
            candidates: { request in
                MeshLinux.candidates(home: try HomeDirectory(mode: request.mode), passphrase: prompt(request))
            },
            makeScratchMachine: { MeshMachineCached() }, files: LinuxFiles.commandFiles, console: TerminalConsole(),
            openPortal: { path, domain in
                let directory = PortalDirectory(path)
                if let domain { return try await directory.create(domain: domain) }
                return try await directory.open()
            }, portals: getenv("MESH_PORTAL").map { String(cString: $0) })
        environment.ssh = LinuxSSH.commands
        let signals = [SIGINT, SIGTERM].map { watch($0, for: environment.interruption) }
        defer { signals.forEach { $0.cancel() } }
        exit(await MeshClientCommand.run(Array(CommandLine.arguments.dropFirst()), in: environment))
    }

    /// Lets a signal tell the work that is going on to end. Where there is none, it ends the program as ever.
    private static func watch(_ number: Int32, for interruption: Interruption) -> any DispatchSourceSignal {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler {
            guard !interruption.interrupt() else { return }
            TerminalConsole.restoreTerminal()
            signal(number, SIG_DFL)
            kill(getpid(), number)
        }
        source.resume()
        return source
    }

    /// Asks for the passphrase of key files: at the terminal, twice if it is new; else one line of standard input.
    private static func prompt(_ request: CommandEnvironment.PlatformRequest) -> PassphrasePrompt {
        let console = TerminalConsole()
        return PassphrasePrompt { wanted in
            guard wanted.purpose != .unlock, console.isInteractive else {
                return try request.passphrase("Passphrase of the keys in \(wanted.directory): ")?.bytes.duplicate()
            }
            guard let first = try request.passphrase("New passphrase for the keys in \(wanted.directory): "),
                let second = try request.passphrase("The same again: ")
            else { return nil }
            guard first.bytes.isEqual(to: second.bytes) else {
                throw PlatformError(
                    .promptDismissed, store: wanted.store, "The two passphrases are not the same.",
                    remedy: "Try again; nothing was written.")
            }
            return first.bytes.duplicate()
        }
    }
}

/// The files of this machine.
private enum LinuxFiles {
    static let commandFiles = CommandFiles(
        containers: { LinuxContainerDirectory(try directory($0)) }, archiveSource: { FileTree($0) },
        archiveDestination: { path in
            var path = path[...]
            while path.utf8.count > 1, path.last == "/" { path = path.dropLast() }
            let slash = path.lastIndex(of: "/")
            let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
            return try ExtractedTree(
                slash.map { String(path[path.index(after: $0)...]) } ?? String(path), in: try directory(folder))
        })

    private static func directory(_ path: String) throws -> Directory {
        guard let directory = try Directory.open(path, create: false) else {
            throw PlatformError(.notFound, store: path, "There is no such directory.")
        }
        return directory
    }
}

/// SSH on this machine.
private enum LinuxSSH {
    static let commands = CommandSSH(
        install: { lines, owner, file, path in
            let directory = try path.map { SSHUserDirectory($0) } ?? SSHUserDirectory.ofUser()
            let kind: SSHUserDirectory.File =
                switch file {
                case .authorizedKeys: .authorizedKeys
                case .knownHosts: .knownHosts
                case .config: .config
                }
            let isChanged = try await directory.install(lines, of: owner, in: kind)
            return ("\(directory.path)/\(kind.rawValue)", isChanged)
        },
        agentSocket: { mode, profile in
            // The beginning of the fingerprint: the path of a socket is short.
            let name = "ssh-\(profile.text.prefix(14)).sock"
            if let runtime = getenv("XDG_RUNTIME_DIR"), runtime.pointee == UInt8(ascii: "/") {
                return "\(String(cString: runtime))/mesh/\(name)"
            }
            let home = try HomeDirectory(mode: mode).path
            return "\(home)/agent/\(name)"
        },
        serve: { path, agent, ready in try await SSHAgentServer(path: path, agent: agent).run(ready: ready) })
}
