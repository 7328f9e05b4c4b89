import MeshCommands
import MeshCore
import MeshInMemory
import MeshPlatforms
import Synchronization

/// A console that answers from a script and keeps what was written.
final class ScriptedConsole: Console {
    private struct State {
        var answers: [String]
        var output: [UInt8] = []
        var errors: [UInt8] = []
        var prompts: [String] = []
    }
    private let state: Mutex<State>
    let isInteractive: Bool

    init(_ answers: [String] = [], isInteractive: Bool = false) {
        state = Mutex(State(answers: answers))
        self.isInteractive = isInteractive
    }

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

    func readLine(prompt: String) -> String? { isInteractive ? next(prompt) : nil }
}

/// What a run of the tool gave.
struct ToolRun {
    let status: Int32
    let output: String
    let errors: String
    let prompts: [String]

    var lines: [String] { output.split(separator: "\n").map(String.init) }
}

/// The tool on one in-memory machine, run again and again as a person would.
struct Tool {
    let machine: MeshMachineCached

    init(_ machine: MeshMachineCached = MeshMachineCached()) { self.machine = machine }

    func callAsFunction(_ arguments: String..., answers: [String] = [], interactive: Bool = false) async -> ToolRun {
        let console = ScriptedConsole(answers, isInteractive: interactive)
        let machine = self.machine
        let environment = CommandEnvironment(
            open: { request in
                if let name = request.keyStore, name != machine.keys.traits.name {
                    throw PlatformError(.invalidArgument, store: name, "There is no key store of that name.")
                }
                return CommandEnvironment.OpenedPlatform(machine, keyStoreReason: "explicit argument")
            },
            candidates: { _ in [] }, makeScratchMachine: { MeshMachineCached() }, console: console)
        let status = await MeshClientCommand.run(arguments, in: environment)
        return ToolRun(status: status, output: console.output, errors: console.errors, prompts: console.prompts)
    }
}
