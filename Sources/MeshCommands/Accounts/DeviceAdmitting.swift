import ArgumentParser
import MeshCore
import MeshDARE
import MeshEncoding
import MeshPlatforms
import MeshProfiles
import MeshSessions

// The administrator's side of connections.
extension DeviceCommand {
    /// What the commands of an administrator take.
    struct Administration: ParsableArguments {
        @OptionGroup var options: AccountOptions
        @Option(help: "The profile: fingerprint, the beginning of one, name or account; without it the default one.")
        var profile: String?

        func session() async throws -> PersonalSession {
            try await options.portalSession().personalSession(profile)
        }
    }

    struct Pending: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the requests for connection that wait.")

        @OptionGroup var administration: Administration

        func run() async throws {
            let pending = try await administration.session().connectPending()
            let console = try CommandEnvironment.required.console
            if administration.options.shared.json {
                console.print(["pending": .array(pending.map(json))])
            } else {
                pending.forEach { console.print(words($0)) }
                if pending.isEmpty { console.printError("No request waits.") }
            }
        }
    }

    struct Accept: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Connect a device that asks, after its witness was compared.",
            discussion: """
                At a terminal you are shown the witness and asked whether the new device shows the same. In a script, give with \
                --witness what the new device shows: all of it; case and dashes do not count.
                """)

        @OptionGroup var administration: Administration
        @Option(help: "The witness that the new device shows, all of it.") var witness: String?
        @OptionGroup var rights: RightOptions
        @Flag(help: "Accept the requests that a PIN proves, and reject those that claim to know one and do not.")
        var proven = false

        func validate() throws {
            if proven, witness != nil || !rights.isEmpty {
                throw ValidationError("With --proven the PIN decides: it takes no --witness, and no rights.")
            }
        }

        func run() async throws {
            let personal = try await administration.session()
            let environment = try CommandEnvironment.required
            let changes: SessionChanges
            if proven {
                changes = try await personal.acceptProven()
            } else {
                let pending = try await personal.connectPending()
                let request = try chosen(from: pending, environment.console)
                changes = try await personal.connectClose(request, .accept(try rights.given()))
            }
            environment.console.print(changes, asJSON: administration.options.shared.json)
        }

        /// The request to accept: the one whose witness was compared.
        private func chosen(from pending: [PendingConnection], _ console: any Console) throws -> PendingConnection {
            guard !pending.isEmpty else { throw DeviceCommand.nothingWaits }
            if let witness { return try Witness(witness).request(in: pending) }
            guard console.isInteractive else {
                throw UsageError(
                    "Nobody is there to compare the witness.",
                    remedy: "Give the one that the new device shows: --witness XXXX-XXXX-…")
            }
            pending.forEach { console.printError(words($0)) }
            if pending.count == 1 {
                let answer = console.readLine(
                    prompt: "Does the new device show the same witness, letter for letter? Type 'yes' to connect it: ")
                guard answer == "yes" else { throw CancellationError() }
                return pending[0]
            }
            guard let typed = console.readLine(prompt: "Several ask. Type the witness that the new device shows: ")
            else {
                throw CancellationError()
            }
            return try Witness(typed).request(in: pending)
        }
    }

    struct Reject: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Refuse a device that asks.", discussion: "Without --device and --all, the only one that asks.")

        @OptionGroup var administration: Administration
        @Option(help: "The device that asks: its fingerprint, or the beginning of it (see meshclient device pending).")
        var device: String?
        @Flag(help: "All that ask.") var all = false

        func run() async throws {
            let personal = try await administration.session()
            let pending = try await personal.connectPending()
            guard !pending.isEmpty else { throw DeviceCommand.nothingWaits }
            let wanted = Witness(device ?? "")
            let found = pending.filter { wanted.isBeginning(of: $0.device.udf.text) }
            guard !found.isEmpty else {
                throw SessionError(
                    .requestClosed, "No device of that fingerprint asks.",
                    remedy: "See who does: meshclient device pending")
            }
            guard found.count == 1 || all else {
                throw UsageError(
                    "\(found.count) requests wait.", remedy: "Say which one with --device, or reject them with --all.")
            }
            var changes = SessionChanges()
            for request in found { changes.note(try await personal.connectClose(request, .reject)) }
            try CommandEnvironment.required.console.print(changes, asJSON: administration.options.shared.json)
        }
    }

    struct Rename: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a device of the account a name, which all its devices see.")

        @OptionGroup var administration: Administration
        @Argument(help: "The device: fingerprint, the beginning of one, or the name it has.") var device: String
        @Argument(help: "The new name.") var name: String

        func run() async throws {
            let personal = try await administration.session()
            let one = try await DeviceCommand.device(device, of: personal)
            let changes = try await personal.rename(one.udf, to: name)
            try CommandEnvironment.required.console.print(changes, asJSON: administration.options.shared.json)
        }
    }

    struct Pin: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a PIN that connects one device without comparing.",
            discussion: """
                The PIN is printed once, on standard output. Whoever knows it can connect a device: tell it to nobody but the \
                person at the new device, who gives it to meshclient device request --pin. Then: meshclient device accept --proven
                """)

        @OptionGroup var administration: Administration
        @Option(help: "How many minutes it is good: 1 to 15.") var minutes = 15
        @OptionGroup var rights: RightOptions

        func validate() throws {
            guard (1...15).contains(minutes) else { throw ValidationError("--minutes wants 1 to 15.") }
        }

        func run() async throws {
            let personal = try await administration.session()
            let made = try await personal.makePIN(
                rights: try rights.given(), lifetime: .seconds(minutes * 60))
            let console = try CommandEnvironment.required.console
            if administration.options.shared.json {
                console.print(
                    ["identifier": .string(made.identifier.text), "expires": .string(made.expires.description)], "pin",
                    made.pin)
            } else {
                console.print(secret: made.pin)
                console.printError("Good for one device, until \(made.expires).")
            }
        }
    }

    fileprivate static var nothingWaits: SessionError {
        SessionError(
            .requestClosed, "No request for connection waits.",
            remedy: "Ask on the new device: meshclient device request")
    }
}

private func json(_ pending: PendingConnection) -> JSONValue {
    var object = JSONObject()
    object["request"] = .string(pending.id.text)
    object["device"] = .string(pending.device.udf.text)
    object["description"] = pending.device.content.description.map { .string($0) }
    object["witness"] = .string(pending.witness)
    switch pending.proof {
    case .none: object["proof"] = "none"
    case .refused: object["proof"] = "refused"
    case .proved(let rights):
        object["proof"] = "pin"
        object["rights"] = .array(rights.map { .string($0.rawValue) })
    }
    return .object(object)
}

private func words(_ pending: PendingConnection) -> String {
    let proof =
        switch pending.proof {
        case .none: "compare it with the one that the new device shows, all of it"
        case .proved(let rights): "a PIN proves it (\(rights.words)): meshclient device accept --proven"
        case .refused: "it claims to know a PIN and does not: reject it"
        }
    return """
        device   \(pending.device.udf)  \(SafeText.line(pending.device.content.ownWords ?? ""))
        witness  \(pending.witness)
                 \(proof)
        """
}
