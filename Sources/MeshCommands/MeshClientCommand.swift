import ArgumentParser
import MeshCore
import MeshEncoding
import MeshPlatforms

/// The tool of the person at the keyboard: personal profiles, accounts and their devices, recovery shares, key stores.
public struct MeshClientCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "meshclient",
        abstract: "Keeps your Mesh profiles and their keys on this machine, and recovers them.",
        discussion: """
            Shares, PINs, codes, secrets, passwords and passphrases are never taken from the command line: they are asked for, or \
            read from standard input, one a line.

            ENVIRONMENT
              MESH_HOME       where production data are kept (default ~/.mmm)
              MESH_TEST_HOME  where data of tests are kept (default ~/.mmm-test)
              MESH_KEYSTORE   the key store to use
              MESH_PORTAL     the portal to use: dir: and the path of its directory; several with commas between

            \(ToolStatus.table)

            Completion: meshclient --generate-completion-script bash|zsh|fish
            """,
        version: "0.1.0",
        subcommands: [
            ProfileCommand.self, AccountCommand.self, DeviceCommand.self, SyncCommand.self, ConflictsCommand.self,
            HistoryCommand.self, CredentialCommand.self, NetworkCommand.self, BookmarkCommand.self, ContactCommand.self,
            TaskCommand.self, SSHCommand.self, MailCommand.self, EscrowCommand.self, RehearseCommand.self,
            DeleteCommand.self, RecoverCommand.self, PortalCommand.self, KeyStoreCommand.self, DARECommand.self,
            DoctorCommand.self, EraseTestCommand.self,
        ])

    /// Made by the parser.
    public init() {}

    /// Parses `arguments` and runs the command they name.
    ///
    /// - Returns: the exit code. Results went to standard output, errors to standard error.
    public static func run(_ arguments: [String], in environment: CommandEnvironment) async -> Int32 {
        await CommandEnvironment.$current.withValue(environment) {
            do {
                var command = try parseAsRoot(arguments)
                if var asynchronous = command as? any AsyncParsableCommand {
                    try await asynchronous.run()
                } else {
                    try command.run()
                }
                return ToolStatus.done.rawValue
            } catch {
                return report(error, asJSON: arguments.contains("--json"), on: environment.console)
            }
        }
    }

    private static func report(_ error: any Error, asJSON: Bool, on console: any Console) -> Int32 {
        let isOurs = error is any MeshError || error is CancellationError
        guard isOurs else {
            // The parser's own: help, version, completion script, or a wrong command line.
            let code = exitCode(for: error)
            let text = fullMessage(for: error)
            if text.isEmpty {
                // Only an exit code: what there was to say was said.
            } else if code == .success {
                console.print(text)
            } else if asJSON {
                print(code: "usage", message: Self.message(for: error), to: console)
            } else {
                console.printError(text)
            }
            return code.rawValue
        }
        let status = ToolStatus(error)
        guard let error = error as? any MeshError else {
            if asJSON {
                print(code: "cancelled", message: "Given up.", to: console)
            } else {
                console.printError("Given up.")
            }
            return status.rawValue
        }
        if asJSON {
            console.printError(String(decoding: JSONValue.object(["error": Self.json(error)]).compact, as: UTF8.self))
        } else {
            console.printError("meshclient: \(Self.words(error))")
        }
        return status.rawValue
    }

    private static func print(code: String, message: String, to console: any Console) {
        let value: JSONValue = ["error": ["code": .string(code), "message": .string(message)]]
        console.printError(String(decoding: value.compact, as: UTF8.self))
    }

    private static func json(_ error: any MeshError) -> JSONValue {
        var object = JSONObject()
        object["code"] = .string(error.codeName)
        object["message"] = .string(error.message)
        object["remedy"] = error.remedy.map { .string($0) }
        if let platform = error as? PlatformError {
            object["store"] = .string(platform.store)
            if !platform.candidates.isEmpty {
                object["candidates"] = .array(
                    platform.candidates.map { ["name": .string($0.name), "detail": .string($0.detail)] })
            }
        }
        if let cause = error.cause as? any MeshError {
            object["cause"] = json(cause)
        } else if let cause = error.cause {
            object["cause"] = .string("\(cause)")
        }
        return .object(object)
    }

    /// The error for a person: what happened, the candidates, what to do, and then what caused it.
    private static func words(_ error: any MeshError) -> String {
        var text = error.message
        if let platform = error as? PlatformError {
            text = "\(platform.store): \(text)"
            for candidate in platform.candidates {
                text += "\n  \(candidate.name)\(candidate.detail.isEmpty ? "" : ": \(candidate.detail)")"
            }
        }
        if let remedy = error.remedy { text += "\n\(remedy)" }
        var cause = error.cause
        while let below = cause {
            if let below = below as? any MeshError {
                text += "\n  because: \(below.message)"
                cause = below.cause
            } else {
                text += "\n  because: \(below)"
                cause = nil
            }
        }
        return text
    }
}

extension Console {
    /// Prints `value` as JSON for people and programs.
    func print(_ value: JSONValue) {
        var octets = value.indented
        octets.withUnsafeMutableBytes { write(UnsafeRawBufferPointer($0)) }
    }
}
