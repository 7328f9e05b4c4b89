import ArgumentParser
import MeshCore
import MeshEncoding
import MeshPlatforms
import MeshPortals
import MeshProfiles
import MeshSessions

// The new device's side of a connection.
extension DeviceCommand {
    struct Request: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ask for this machine to be connected to an account.",
            discussion: """
                Prints the witness. A device that administers the account shows one too (meshclient device pending): only if \
                the two are the same, all of it, is it to be accepted. With a PIN there is nothing to compare.
                """)

        @OptionGroup var options: AccountOptions
        @Argument(help: "The address of the account, such as alice@example.com.") var address: String
        @Option(help: "The device of this machine: fingerprint, the beginning of one, or name.") var device: String?
        @Option(help: "The fingerprint that the account's profile must have.") var expect: String?
        @Flag(help: "Ask for a PIN that the account has handed out, or read it from standard input.") var pin = false

        func run() async throws {
            let environment = try CommandEnvironment.required
            let expected = try expect.map { text in
                do { return try UDF(parsing: text) } catch let error as UDFError {
                    throw UsageError("--expect: \(error.message)")
                }
            }
            let session = try await options.portalSession()
            let device = try await device.asyncMap { try await session.device($0) }
            var secret: SharedSecret?
            if pin {
                secret = environment.console.readShared(prompt: "PIN (not shown): ")
                guard let secret, secret.bytes.count > 0 else {
                    throw UsageError("No PIN was given.", remedy: "Type it when asked, or write it to standard input.")
                }
            }
            let request: ConnectionRequest
            do {
                request = try await session.connect(device, to: address, expecting: expected, pin: secret)
            } catch let error as UDFError {
                throw UsageError("This is no PIN: \(error.message)", remedy: "A PIN looks like AXXX-XXXX-XXXX.")
            }
            if options.shared.json {
                environment.console.print(json(request))
            } else {
                if !pin { environment.console.print(request.witness) }
                environment.console.printError(
                    pin
                        ? "The request waits at \(request.account); the PIN proves it."
                        : "The request waits at \(request.account). Compare this witness with the one that an administrator "
                            + "sees, all of it.")
                environment.console.printError("Then: meshclient device complete --wait")
            }
        }
    }

    struct Complete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Fetch the answer to a request for connection.",
            discussion: """
                Exit code \(ToolStatus.waiting.rawValue) if there is none yet. Ctrl-C ends the waiting; the request stands. A \
                device that its maker has prepared (meshclient device install) asks for its connection here, once it was claimed.
                """
        )

        @OptionGroup var options: AccountOptions
        @Argument(help: "The address of the account; without it the one that was asked.") var address: String?
        @Flag(help: "Wait until there is an answer.") var wait = false
        @Option(help: "How many seconds to wait at most.") var timeout: Int?

        func validate() throws {
            if timeout != nil, !wait { throw ValidationError("--timeout is for --wait.") }
            if let timeout, timeout <= 0 { throw ValidationError("--timeout wants a number of seconds above 0.") }
        }

        func run() async throws {
            let session = try await options.portalSession()
            let environment = try CommandEnvironment.required
            let request = try await asked(session, environment)
            let personal: PersonalSession
            if wait {
                if environment.console.showsProgress {
                    environment.console.printError("Waiting for \(request.account); Ctrl-C to go on later.")
                }
                personal = try await environment.interruption.cancelling {
                    try await session.awaitConnection(request, polling: polling)
                }
            } else {
                guard case .connected(let connected) = try await session.complete(request) else {
                    throw SessionError(
                        .connectionTimedOut,
                        "Nobody has answered the request for connection to \(request.account) yet.",
                        remedy:
                            "Its witness is \(request.witness). To wait for the answer: meshclient device complete --wait"
                    )
                }
                personal = connected
            }
            if options.shared.json {
                environment.console.print(try await json(personal))
            } else {
                environment.console.print(personal.udf.text)
                environment.console.printError(
                    "This machine is connected to \(request.account), which has "
                        + "\(counted(try await personal.connectedDevices().count, "device")).")
            }
        }

        /// The request that was made; or, on a device that its maker has prepared, the one that is made when it was claimed.
        private func asked(_ session: MeshSession, _ environment: CommandEnvironment) async throws -> ConnectionRequest
        {
            guard address == nil, try await session.connectionRequests().isEmpty,
                try await session.isPrepared()
            else { return try await DeviceCommand.request(to: address, session) }
            let request: ConnectionRequest?
            if wait {
                request = try await environment.interruption.cancelling {
                    try await session.awaitClaim(polling: polling)
                }
            } else {
                request = try await session.completePreconfigured()
            }
            guard let request else {
                throw SessionError(
                    .connectionTimedOut, "Nobody has claimed this device by its code yet.",
                    remedy:
                        "Its owner does: meshclient device claim. To wait for that: meshclient device complete --wait")
            }
            return request
        }

        private var polling: Polling {
            Polling(longestPause: .seconds(5), timeout: timeout.map { .seconds($0) })
        }
    }

    struct Forget: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Forget a request for connection that was made here.")

        @OptionGroup var shared: SharedOptions
        @Argument(help: "The address of the account; without it the one that was asked.") var address: String?

        func run() async throws {
            let session = MeshSession(try await shared.open().platform)
            let request = try await DeviceCommand.request(to: address, session)
            try await session.abandon(request)
            let console = try CommandEnvironment.required.console
            if shared.json {
                console.print(["forgotten": .string(request.id.text)])
            } else {
                console.print("Forgot the request for connection to \(request.account).")
            }
        }
    }

    /// The request of this machine to `address`, or the only one.
    private static func request(to address: String?, _ session: MeshSession) async throws -> ConnectionRequest {
        let waiting = try await session.connectionRequests()
        let asked = try address.map { try AccountAddress($0) }
        let found = waiting.filter { asked == nil || $0.account == asked }
        guard let newest = found.last else {
            throw PlatformError(
                .notFound, store: "requests",
                asked.map { "This machine has not asked to be connected to \($0)." }
                    ?? "This machine has not asked to be connected to anything.",
                remedy: "Ask first: meshclient device request ADDRESS")
        }
        guard Set(found.map(\.account)).count == 1 else {
            throw UsageError(
                "This machine has asked to be connected to several accounts.",
                remedy: "Name one of \(Set(found.map(\.account.canonical)).sorted().joined(separator: ", ")).")
        }
        return newest
    }
}

private func json(_ request: ConnectionRequest) -> JSONValue {
    [
        "request": .string(request.id.text), "account": .string(request.account.canonical),
        "profile": .string(request.profile.udf.text), "device": .string(request.device.text),
        "witness": .string(request.witness), "made": .string(request.made.description),
    ]
}
