import ArgumentParser
import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPlatforms
import MeshSessions

struct CopyCredential: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "copy", abstract: "Put a password on the clipboard for some time.",
        discussion: """
            Through wl-copy, xclip or xsel, whichever is there. The tool waits, and then clears the clipboard, unless something else \
            is on it by then; Ctrl-C clears it at once.
            """)

    @OptionGroup var shared: SharedOptions
    @Argument(help: "The key, service or local name of the credential; without it, the default.") var name: String?
    @Flag(help: "The one-time code instead of the password.") var code = false
    @Option(help: "For how long, in seconds.") var seconds = 45
    @Option(help: "The profile: fingerprint, the beginning of one, name or account.") var profile: String?

    func validate() throws {
        guard (1...3600).contains(seconds) else { throw ValidationError("--seconds is from 1 to 3600.") }
    }

    func run() async throws {
        let environment = try CommandEnvironment.required
        let clipboard = try environment.clipboard()
        let personal = try await shared.personalSession(profile)
        let item = try await CredentialCommand.Kind.find(name, of: personal)
        let secret = try wanted(of: item, personal.platform.clock)
        let what = "The \(code ? "one-time code" : "password") of \(shown(item.key))"
        let calls = BlockingCalls(store: clipboard.name)
        let seconds = seconds
        let wasInterrupted: Bool
        do {
            // Ctrl-C is listened to before anything is on the clipboard.
            try await environment.interruption.cancelling {
                // What has begun is ended, so that afterwards it is known what there is to be cleared.
                try await Task { try await calls.run(deadline: .seconds(30)) { try clipboard.copy(secret.bytes) } }
                    .value
                environment.console.printError(
                    "\(what) is on the clipboard for \(counted(seconds, "second")); Ctrl-C clears it.")
                try await environment.pause(.seconds(seconds))
            }
            wasInterrupted = false
        } catch is CancellationError {
            wasInterrupted = true
        }
        let wasThere = try await Task {
            try await calls.run(deadline: .seconds(30)) {
                guard try clipboard.holds(secret.bytes) else { return false }
                try clipboard.clear()
                return true
            }
        }.value
        if shared.json {
            environment.console.print([
                "key": .string(item.key), "cleared": .bool(wasThere), "interrupted": .bool(wasInterrupted),
            ])
        } else {
            environment.console.printError(
                wasThere ? "The clipboard is cleared." : "Something else is on the clipboard by now; it stays.")
        }
    }

    private func wanted(
        of item: EntryStore<CredentialCommand.Kind.Entry>.Item, _ clock: any MeshClock
    ) throws -> SharedSecret {
        if code {
            return SharedSecret(try item.entry.currentCode(item.key, clock).withText { SecretBytes(copying: $0) })
        }
        guard let password = item.entry.secretPassword() else {
            throw PlatformError(
                .notFound, store: "credentials", "The credential '\(shown(item.key))' has no password.")
        }
        return SharedSecret(password)
    }
}
