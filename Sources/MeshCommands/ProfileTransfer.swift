import ArgumentParser
import Glibc
import MeshCore
import MeshDARE
import MeshEncoding
import MeshPlatforms
import MeshPortals
import MeshProfiles
import MeshSessions

// Taking a profile to a file, and back.
extension ProfileCommand {
    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write all that this machine keeps of a profile to a new file, sealed.",
            discussion: """
                The file is a DARE archive: meshclient dare archive list and dare verify show what is in it, without its content. \
                Its secret is given out once: on standard output, or in a new file that is yours alone. Without the secret \
                nobody can open the file, you included: keep the two in different places.

                Without --with-keys, whoever imports it where the keys are not has the profile and cannot read its stores. With \
                them, file and secret together are you and this device: for a machine that is to take the place of this one.
                """)

        @OptionGroup var shared: SharedOptions
        @Argument(help: "The new file.") var file: String
        @Option(help: "The profile: fingerprint, the beginning of one, name or account; without it the default one.")
        var profile: String?
        @Flag(help: "Take the private seeds along, of the profile and of this device, as far as they are here.")
        var withKeys = false
        @Option(help: ArgumentHelp("Write the secret to this new file, instead of printing it.", valueName: "file"))
        var secretFile: String?

        func validate() throws {
            if file == "-" { throw ValidationError("An export cannot be written to standard output: name a file.") }
            if secretFile == file { throw ValidationError("The secret wants a file of its own.") }
        }

        func run() async throws {
            let environment = try CommandEnvironment.required
            let opened = try await withKeys ? shared.openKeys() : shared.open()
            let personal = try await MeshSession(opened.platform).personalSession(profile)
            let output = try newFile(environment.console)
            defer { output.discard() }
            if let secretFile, access(secretFile, F_OK) == 0 { throw Self.exists(secretFile) }
            let progress = Progress("exporting", total: nil, on: environment.console)
            let (name, withKeys) = (file, withKeys)
            let made: ProfileExport
            do {
                defer { progress.clear() }
                made = try await environment.interruption.cancelling {
                    try await personal.export(to: name, in: NewContainer(output), withKeys: withKeys) {
                        progress.tell($0)
                    }
                }
            }
            // The secret is safe before the file is there that nothing else opens.
            if let secretFile { try SecretFile.create(secretFile, made.secret.bytes) }
            do {
                try await DAREWork.run("writing") { _ in try output.commit() }
            } catch {
                if let secretFile { unlink(secretFile) }
                throw error
            }
            tell(made, on: environment.console)
        }

        private func newFile(_ console: any Console) throws -> OutputFile {
            do {
                return try OutputFile(file, replaces: false, console)
            } catch {
                throw error.code == .alreadyExists ? Self.exists(file) : error
            }
        }

        private static func exists(_ path: String) -> PlatformError {
            PlatformError(
                .alreadyExists, store: path, "There is a file of that name, and an export replaces none.",
                remedy: "Choose another name.")
        }

        private func tell(_ made: ProfileExport, on console: any Console) {
            if shared.json {
                var stores = JSONObject()
                for (store, count) in made.stores.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                    stores[store.rawValue] = .integer(count)
                }
                console.print(
                    [
                        "file": .string(file), "profile": .string(made.profile.text),
                        "versions": .integer(made.versions), "stores": .object(stores),
                        "unsent": .integer(made.unsent), "keys": .array(made.keys.map { .string($0.text) }),
                    ], "secret", secretFile == nil ? made.secret : nil)
                return
            }
            if secretFile == nil { console.print(secret: made.secret) }
            console.printError(
                "Exported \(made.profile) to \(file): \(counted(made.versions, "version")), "
                    + "\(counted(made.stores.count, "store")), \(counted(made.unsent, "unsent change")), "
                    + (made.keys.isEmpty ? "no keys." : "\(counted(made.keys.count, "key"))."))
            console.printError(
                "\(secretFile.map { "Its secret is in \($0)." } ?? "The line above is its secret.") "
                    + "Nothing else opens the file: keep the two in different places.")
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put what was exported of a profile on this machine.",
            discussion: """
                Everything is verified before anything is changed; what is newer here is not replaced. Interrupted, it can be \
                done again. The secret is asked for, or read from standard input or a file.

                An export with keys makes this machine the device that was exported: it takes that one's place. To have two \
                devices, connect the second: meshclient device request
                """)

        @OptionGroup var shared: SharedOptions
        @Argument(help: "The file that profile export has written.") var file: String
        @Option(help: ArgumentHelp("Read the secret from this file.", valueName: "file")) var secretFile: String?

        func run() async throws {
            let environment = try CommandEnvironment.required
            if file == "-", secretFile == nil {
                throw UsageError(
                    "Standard input cannot be the export and its secret.", remedy: "Name a file with --secret-file.")
            }
            let input = try InputFile(file, environment.console)
            let session = MeshSession(try await shared.openKeys().platform)
            let secret = try environment.secret(
                from: secretFile, prompt: "Secret of the export (not shown): ", "secret")
            let path = file
            let source = try await DAREWork.run("reading", total: input.size) { progress in
                try SequenceFile(input, path: path, progress)
            }
            let progress = Progress("importing", total: nil, on: environment.console)
            let brought: ProfileImport
            do {
                defer { progress.clear() }
                brought = try await environment.interruption.cancelling {
                    try await session.importPersonalProfile(
                        from: source.name, in: source.directory, secret: secret
                    ) { progress.tell($0) }
                }
            }
            try await tell(brought, on: environment.console)
        }

        private func tell(_ brought: ProfileImport, on console: any Console) async throws {
            let addresses = try await brought.session.accounts()
            if shared.json {
                console.print([
                    "profile": .string(brought.session.udf.text), "made": .string(brought.made.description),
                    "accounts": .array(addresses.map { .string($0.canonical) }),
                    "keys": .array(brought.keys.map { .string($0.text) }), "canRead": .bool(brought.canRead),
                    "changes": MeshCommands.json(brought.changes),
                ])
                return
            }
            console.print(brought.changes, asJSON: false)
            if !brought.canRead, let address = addresses.first {
                console.printError(
                    "This machine has not the keys to read what the account keeps. Connect it as a device: "
                        + "meshclient device request \(address); or recover the profile: meshclient recover --account \(address)"
                )
            } else if !brought.canRead {
                console.printError("The key of the profile is not here: recover it from its shares: meshclient recover")
            } else if brought.changes.list.contains(where: { $0.subject == .key }) {
                console.printError(
                    "This machine is now the device that was exported \(brought.made): let the other one rest. Then: "
                        + "meshclient sync")
            }
        }
    }

    struct DeleteKey: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "delete-key",
            abstract: "Delete a profile's own key from this machine, so that it is only in its recovery shares.",
            discussion: """
                This device goes on administering the account by what it was given. What takes the key itself waits until it is \
                recovered: new shares, new versions of the profile. Refused unless a rehearsal has proven that shares \
                recover it.
                """)

        @OptionGroup var shared: SharedOptions
        @Argument(help: "Fingerprint, the beginning of one, name or account; without it the default profile.")
        var profile: String?
        @Flag(help: "Do not ask.") var yes = false
        @Flag(help: "Delete it although nothing proves that it can be recovered.") var evenIfUnrecoverable = false

        func run() async throws {
            let environment = try CommandEnvironment.required
            let opened = try await shared.openKeys()
            let personal = try await MeshSession(opened.platform).personalSession(profile)
            let recovery = try await personal.recovery()
            var loss = """
                This deletes the key of \(personal.udf) from \(opened.platform.keys.traits.name).
                Recovery: \(recovery.words).
                """
            switch recovery.state {
            case .proven: break
            case .made, .none:
                if evenIfUnrecoverable {
                    loss += """

                        Nothing proves that shares bring it back. If none do, it is gone for good: nobody will ever make shares or a \
                        new version of the profile, and the account is lost with the last device that administers it.
                        """
                }
            }
            try environment.confirm(loss, yes: yes)
            let changes = try await personal.deleteMasterKey(evenIfUnrecoverable: evenIfUnrecoverable)
            environment.console.print(changes, asJSON: shared.json)
        }
    }
}

extension Progress {
    fileprivate func tell(_ step: TransferProgress) {
        tell(
            "\(step.isVerifying ? "verifying" : "writing") \(step.part): \(step.done >> 10) of \(step.total >> 10) KiB")
    }
}
