import ArgumentParser
import MeshCore
import MeshDARE
import MeshPlatforms
import MeshSessions

struct GitHelper: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "helper", abstract: "Give git its passwords, and keep those that it was given (git-credential).",
        discussion: """
            Let git use it:
              git config --global credential.helper '!meshclient credential helper'
            Options go in there too: '!meshclient credential helper --keystore files'. git adds get, store or erase itself, and says \
            on standard input what it is about. A password that a server refuses is taken away; it stays in the history of the \
            credential. If the key store wants a passphrase, it is asked for at the terminal; without one, git gets an error.
            """)

    @OptionGroup var shared: SharedOptions
    @Argument(help: "What git wants: get, store or erase. Others are passed over, as git says.") var operation: String?
    @Option(help: "The profile: fingerprint, the beginning of one, name or account.") var profile: String?

    func run() async throws {
        let environment = try CommandEnvironment.required
        guard let operation else {
            return environment.console.print(
                "git config --global credential.helper '!meshclient credential helper'")
        }
        guard ["get", "store", "erase"].contains(operation) else { return }
        let console = environment.console
        // All of it, before a key store could take a line of it for its passphrase.
        let request = try await BlockingCalls(store: "standard input").run(deadline: .seconds(86_400)) {
            try GitCredential(reading: console)
        }
        // Of what is not asked by protocol and host, such as a certificate's passphrase, nothing is kept.
        guard let place = request.place else { return }
        let store = try await shared.personalSession(profile, atTerminal: true).credentials()
        switch operation {
        case "get":
            guard let entry = try await store.find(place)?.entry, let password = entry.secretPassword() else { return }
            try GitCredential.write(username: place.username ?? entry.username, password, to: console)
        case "store":
            guard let username = request.username, !username.isEmpty, let password = request.password,
                password.bytes.count > 0
            else { return }
            try await store.keep(password, of: username, for: place)
        default: try await store.reject(request.password, for: place)
        }
    }
}
