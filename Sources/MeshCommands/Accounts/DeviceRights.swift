import ArgumentParser
import MeshCore
import MeshDARE
import MeshEncoding
import MeshPlatforms
import MeshProfiles
import MeshSessions

// What devices may do, and their end.
extension DeviceCommand {
    struct Rights: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change what a device may do.",
            discussion: """
                The rights are \(Right.keyed.map(\.rawValue).joined(separator: ", ")) and threshold; together, except the first \
                and the last: usual. Without rights, those are shown that the device has. What a device loses it reads no more: \
                the right gets a new key, and all entries are encrypted anew.

                An application may keep what it has by a right of its own, which only the devices have that are given it: \
                --own-right notes. The account has such a right from when it is first given. The list is the whole list here, \
                too: meshclient device rights phone usual --own-right notes
                """)

        @OptionGroup var administration: Administration
        @Argument(help: "The device: fingerprint, the beginning of one, or the name it has.") var device: String
        @Argument(help: "The rights it is to have, all of them; 'usual' for the usual ones.") var rights: [String] = []
        @OptionGroup var own: OwnRightOptions

        func validate() throws { _ = try DeviceCommand.rights(rights) }

        func run() async throws {
            let personal = try await administration.session()
            let found = try await DeviceCommand.device(device, of: personal)
            let console = try CommandEnvironment.required.console
            guard !rights.isEmpty || !own.names.isEmpty else {
                if administration.options.shared.json {
                    console.print([
                        "device": .string(found.udf.text),
                        "rights": .array(found.device.rights.map { .string($0.rawValue) }),
                    ])
                } else {
                    found.device.rights.forEach { console.print($0.rawValue) }
                }
                return
            }
            let wanted = try (DeviceCommand.rights(rights) + own.given()).unique
            let changes = try await DeviceCommand.rekeying { progress in
                try await personal.setRights(of: found.udf, to: wanted, progress: progress)
            }
            try await DeviceCommand.tell(changes, of: personal, asJSON: administration.options.shared.json)
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a device that was lost, or is not used any more.",
            discussion: """
                From then on the portal refuses it, and what is written it cannot open: every right that it had gets a new key, \
                and all entries are encrypted anew. What it could read before, it may have kept: change passwords that matter. \
                Interrupted, it is gone on with by any administrator: meshclient device remove --finish
                """)

        @OptionGroup var administration: Administration
        @Argument(help: "The device: fingerprint, the beginning of one, or the name it has.") var device: String?
        @Flag(help: "Go on with removals that were interrupted.") var finish = false
        @Flag(name: .customLong("yes"), help: "Do not ask.") var isConfirmed = false

        func validate() throws {
            guard (device != nil) != finish else { throw ValidationError("Name a device, or say --finish.") }
        }

        func run() async throws {
            let personal = try await administration.session()
            let console = try CommandEnvironment.required.console
            let changes: SessionChanges
            if let device {
                let found = try await DeviceCommand.device(device, of: personal)
                if !isConfirmed {
                    guard console.isInteractive else {
                        throw UsageError("Nobody is there to confirm it.", remedy: "Say --yes.")
                    }
                    let name = SafeText.line(found.name ?? found.device.profile.content.ownWords ?? found.udf.text)
                    guard console.readLine(prompt: "Remove \(name) from the account? Type 'yes': ") == "yes" else {
                        throw CancellationError()
                    }
                }
                changes = try await DeviceCommand.rekeying { try await personal.remove(found.udf, progress: $0) }
            } else {
                changes = try await DeviceCommand.rekeying { try await personal.finishRemovals(progress: $0) }
            }
            try await DeviceCommand.tell(changes, of: personal, asJSON: administration.options.shared.json)
        }
    }

    /// What stands for the usual rights.
    static let usual = "usual"

    /// The rights of those names, of which every account has the keys.
    static func rights(_ names: [String]) throws -> [Right] {
        let known = Right.keyed + [.threshold]
        return try names.flatMap { name in
            if name == usual { return Right.usual }
            guard let right = known.first(where: { $0.rawValue == name }) else {
                throw ValidationError(
                    "There is no right '\(name)'. There are \(known.map(\.rawValue).joined(separator: ", ")), and usual. A right of an "
                        + "application is given by --own-right.")
            }
            return [right]
        }
    }

    /// Prints what was changed, and which keys for mail should be replaced now.
    private static func tell(_ changes: SessionChanges, of personal: PersonalSession, asJSON: Bool) async throws {
        let console = try CommandEnvironment.required.console
        let exposed = try await MailWords.exposed(personal)
        guard asJSON else {
            console.print(changes, asJSON: false)
            return MailWords.tell(exposed, on: console)
        }
        console.print(["changes": json(changes), "mailKeysToReplace": MailWords.json(exposed)])
    }

    /// Shows how far the encrypting anew is; Ctrl-C ends it, and it can be gone on with.
    private static func rekeying<R: Sendable>(
        _ body: @escaping @Sendable (@escaping @Sendable (RekeyProgress) -> Void) async throws -> R
    ) async throws -> R {
        let environment = try CommandEnvironment.required
        let progress = Progress("encrypting anew", total: nil, on: environment.console)
        defer { progress.clear() }
        return try await environment.interruption.cancelling {
            try await body { progress.tell("\($0.store.rawValue): \($0.done) of \($0.total)") }
        }
    }

    /// The device of the account that is meant.
    static func device(_ name: String, of personal: PersonalSession) async throws -> AccountDevice {
        let devices = try await personal.connectedDevices()
        let wanted = Witness(name)
        let named = devices.filter { $0.name == name }
        let found = named.isEmpty ? devices.filter { wanted.isBeginning(of: $0.udf.text) } : named
        guard let one = found.first, !name.isEmpty else {
            throw SessionError(
                .notConnected, "The account has no device '\(name)'.",
                remedy: "See which it has: meshclient device list --connected")
        }
        guard found.count == 1 else {
            throw UsageError("The account has several devices '\(name)'.", remedy: "Give more of the fingerprint.")
        }
        return one
    }
}
