import ArgumentParser
import MeshCore
import MeshPlatforms

/// What every command takes: whose data, which key store, and how to answer.
struct SharedOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Whose data: 'production', or 'test:NAME' for data of a test that can be erased.", valueName: "mode"))
    var mode = "production"

    @Option(
        help: ArgumentHelp(
            "The key store: secret-service, files, files-clear. Without it: MESH_KEYSTORE, then the store used before, "
                + "then the first safe one that answers.", valueName: "store"))
    var keystore: String?

    @Flag(help: "Answer in JSON, errors too.")
    var json = false

    @Flag(help: "Let the key store ask for its password, if it is locked.")
    var unlock = false

    func platformMode() throws -> PlatformMode {
        if mode == "production" { return .production }
        let name = mode == "test" ? "default" : mode.hasPrefix("test:") ? String(mode.dropFirst(5)) : nil
        guard let name else {
            throw UsageError("There is no mode '\(mode)'.", remedy: "Use 'production' or 'test:NAME'.")
        }
        return .test(try TestName(name))
    }

    /// - Parameter atTerminal: whether a passphrase is asked for at the terminal alone, because standard input is something else.
    func request(needsKeys: Bool, atTerminal: Bool = false) throws -> CommandEnvironment.PlatformRequest {
        let console = try CommandEnvironment.required.console
        return CommandEnvironment.PlatformRequest(
            mode: try platformMode(), keyStore: keystore, needsKeys: needsKeys
        ) { prompt in
            guard atTerminal else { return console.readShared(prompt: prompt) }
            guard let secret = try console.readTerminalSecret(prompt: prompt) else { return nil }
            return SharedSecret(secret)
        }
    }

    /// Opens the platform for a command that needs no key. The key store is unlocked only if that was asked for.
    func open() async throws -> CommandEnvironment.OpenedPlatform {
        let opened = try await CommandEnvironment.required.open(try request(needsKeys: false))
        if unlock { try await Self.unlockNow(opened.platform.keys) }
        return opened
    }

    /// Opens the platform for a command that needs keys, and unlocks its key store if that was asked for.
    ///
    /// - Parameter atTerminal: as for ``request(needsKeys:atTerminal:)``.
    func openKeys(atTerminal: Bool = false) async throws -> CommandEnvironment.OpenedPlatform {
        let opened = try await CommandEnvironment.required.open(try request(needsKeys: true, atTerminal: atTerminal))
        if unlock || Self.asksByItself(opened.platform.keys.traits) { try await Self.unlockNow(opened.platform.keys) }
        return opened
    }

    private static func unlockNow(_ keys: any KeyStore) async throws {
        guard case .locked = await keys.state() else { return }
        try await keys.unlock(.promptAllowed, options: CallOptions(deadline: .seconds(60)))
    }

    /// Key files under a passphrase are locked at every start: whoever chose them expects to be asked. The prompt is in
    /// this terminal, not on somebody's screen.
    private static func asksByItself(_ traits: KeyStoreTraits) -> Bool { traits.protection == .passphrase }
}

extension CommandEnvironment {
    /// The environment of the running command.
    static var required: CommandEnvironment {
        get throws {
            guard let current else { throw UsageError("The command was started without an environment.") }
            return current
        }
    }
}
