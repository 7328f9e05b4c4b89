import MeshCommands
import MeshCore
import MeshFiles
import MeshInMemory
import MeshPlatforms
import MeshPortalService
import Synchronization

/// A console that answers from a script and keeps what was written.
final class ScriptedConsole: Console {
    private struct State {
        var answers: [String]
        var output: [UInt8] = []
        var errors: [UInt8] = []
        var prompts: [String] = []
        var input: [UInt8]
        var place = 0
    }
    private let state: Mutex<State>
    let isInteractive: Bool

    let showsProgress = false

    init(_ answers: [String] = [], isInteractive: Bool = false, input: [UInt8] = []) {
        state = Mutex(State(answers: answers, input: input))
        self.isInteractive = isInteractive
    }

    var octets: [UInt8] { state.withLock { $0.output } }
    var output: String { state.withLock { String(decoding: $0.output, as: UTF8.self) } }
    var errors: String { state.withLock { String(decoding: $0.errors, as: UTF8.self) } }
    var prompts: [String] { state.withLock { $0.prompts } }

    func write(_ octets: UnsafeRawBufferPointer) {
        let copy = Array(octets)
        state.withLock { $0.output += copy }
    }

    func writeError(_ octets: UnsafeRawBufferPointer) {
        let copy = Array(octets)
        state.withLock { $0.errors += copy }
    }

    func writeContent(_ octets: UnsafeRawBufferPointer) { write(octets) }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        state.withLock { state in
            // In small pieces, as pipes give them.
            let count = min(buffer.count, 1000, state.input.count - state.place)
            buffer.copyBytes(from: state.input[state.place..<state.place + count])
            state.place += count
            return count
        }
    }

    private func next(_ prompt: String) -> String? {
        state.withLock { state in
            state.prompts.append(prompt)
            return state.answers.isEmpty ? nil : state.answers.removeFirst()
        }
    }

    func readSecret(prompt: String) -> SecretBytes? {
        guard let answer = next(prompt) else { return nil }
        return SecretBytes(copying: Array(answer.utf8))
    }

    func readTerminalSecret(prompt: String) throws -> SecretBytes? {
        guard isInteractive else { throw PlatformError(.promptImpossible, store: "terminal", "There is none.") }
        return readSecret(prompt: prompt)
    }

    func readLine(prompt: String) -> String? { isInteractive ? next(prompt) : nil }
}

/// What a run of the tool gave.
struct ToolRun {
    let status: Int32
    let output: String
    /// What was written to standard output, octet by octet.
    let octets: [UInt8]
    let errors: String
    let prompts: [String]

    var lines: [String] { output.split(separator: "\n").map(String.init) }
}

/// Portals in memory, by the directory that a command names.
final class TestPortals: Sendable {
    private let services = Mutex<[String: PortalService]>([:])

    func open(_ directory: String, _ domain: String?) async throws -> PortalService {
        if let domain {
            let service = try await PortalService.open(
                domain: domain, store: InMemoryPortalStore(), keys: InMemoryKeyStore())
            services.withLock { $0[directory] = service }
            return service
        }
        guard let service = services.withLock({ $0[directory] }) else {
            throw PlatformError(.notFound, store: directory, "There is no portal in this directory.")
        }
        return service
    }
}

/// The tool on one in-memory machine, run again and again as a person would.
struct Tool {
    let machine: MeshMachineCached
    let portals: TestPortals
    /// What `MESH_PORTAL` says.
    var portalVariable: String?
    /// The person's SSH files; nil for a program that has none.
    var ssh: CommandSSH?
    /// What else is another than usual in every run.
    var adjusting: @Sendable (inout CommandEnvironment) -> Void = { _ in }

    init(
        _ machine: MeshMachineCached = MeshMachineCached(), portals: TestPortals = TestPortals(),
        portalVariable: String? = nil
    ) {
        self.machine = machine
        self.portals = portals
        self.portalVariable = portalVariable
    }

    func callAsFunction(
        _ arguments: String..., answers: [String] = [], interactive: Bool = false, input: [UInt8] = []
    ) async -> ToolRun {
        await self(arguments, answers: answers, interactive: interactive, input: input)
    }

    func callAsFunction(
        _ arguments: [String], answers: [String] = [], interactive: Bool = false, input: [UInt8] = [],
        adjusting: (inout CommandEnvironment) -> Void = { _ in }
    ) async -> ToolRun {
        let console = ScriptedConsole(answers, isInteractive: interactive, input: input)
        let (machine, portals) = (machine, portals)
        var environment = CommandEnvironment(
            open: { request in
                if let name = request.keyStore, name != machine.keys.traits.name {
                    throw PlatformError(.invalidArgument, store: name, "There is no key store of that name.")
                }
                return CommandEnvironment.OpenedPlatform(machine, keyStoreReason: "explicit argument")
            },
            candidates: { _ in [] }, makeScratchMachine: { MeshMachineCached() }, files: TestFiles.files,
            console: console, openPortal: { try await portals.open($0, $1) }, portals: portalVariable)
        environment.ssh = ssh
        self.adjusting(&environment)
        adjusting(&environment)
        let status = await MeshClientCommand.run(arguments, in: environment)
        return ToolRun(
            status: status, output: console.output, octets: console.octets, errors: console.errors,
            prompts: console.prompts)
    }
}

/// The files of this machine, as the tool finds them.
private enum TestFiles {
    static let files = CommandFiles(
        containers: { LinuxContainerDirectory(try directory($0)) }, archiveSource: { FileTree($0) },
        archiveDestination: { path in
            let slash = path.lastIndex(of: "/") ?? path.startIndex
            return try ExtractedTree(
                String(path[path.index(after: slash)...]), in: try directory(String(path[..<slash])))
        })

    private static func directory(_ path: String) throws -> Directory {
        guard let directory = try Directory.open(path, create: false) else {
            throw PlatformError(.notFound, store: path, "There is no such directory.")
        }
        return directory
    }
}
