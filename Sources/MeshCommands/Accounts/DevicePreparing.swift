import ArgumentParser
import Glibc
import MeshCore
import MeshEncoding
import MeshPlatforms
import MeshPortals
import MeshProfiles
import MeshSessions

// Devices that carry the code by which they are connected: the maker's side, the device's, and the owner's.
extension DeviceCommand {
    struct Prepare: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prepare a device that its owner connects by the code on it.",
            discussion: """
                For who makes devices: publishes the device, sealed, and writes what goes into it to a new file (meshclient device \
                install). Its code goes onto it, as a QR code: whoever has that may claim the device. Both are secrets, and \
                kept nowhere.
                """)

        @OptionGroup var administration: Administration
        @Argument(help: "The new file, with what goes into the device.") var file: String
        @Option(help: "Words that go into the device's profile, such as its model and number.") var description: String?
        @Option(help: "For how many days it is offered; without it until it is taken back.") var days: Int?
        @Option(help: ArgumentHelp("Write the code to this new file, instead of printing it.", valueName: "file"))
        var codeFile: String?

        func validate() throws {
            if let days, !(1...36_500).contains(days) {
                throw ValidationError("--days wants a number from 1 to 36500.")
            }
            if codeFile == file { throw ValidationError("The code wants a file of its own.") }
        }

        func run() async throws {
            let console = try CommandEnvironment.required.console
            for path in [file, codeFile].compactMap({ $0 }) where access(path, F_OK) == 0 {
                throw PlatformError(
                    .alreadyExists, store: path, "There is a file of that name.", remedy: "Choose another name.")
            }
            let personal = try await administration.session()
            let made = try await personal.preconfigureDevice(
                description: description ?? ProfileDevice.unknown, lifetime: days.map { .seconds($0 * 86_400) })
            do {
                try SecretFile.create(file, made.preconfiguration.text())
                if let codeFile { try SecretFile.create(codeFile, made.uri.bytes) }
            } catch {
                // Nobody could use what is published.
                _ = try? await personal.withdrawDevice(made.publication)
                throw error
            }
            let code = codeFile == nil ? made.uri : nil
            if administration.options.shared.json {
                console.print(
                    [
                        "device": .string(made.preconfiguration.device.udf.text), "file": .string(file),
                        "publication": .string(made.publication),
                    ], "code", code)
            } else {
                if let code { console.print(secret: code) }
                console.printError(
                    "The device \(made.preconfiguration.device.udf) is published as \(made.publication).\n"
                        + "Into it goes \(file): meshclient device install. Onto it goes the code"
                        + (codeFile.map { " in \($0)." } ?? " above."))
            }
        }
    }

    struct Withdraw: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take back a device that was prepared: nobody can claim it any more.")

        @OptionGroup var administration: Administration
        @Argument(help: "What it is published as (see meshclient device prepare).") var publication: String

        func run() async throws {
            let personal = try await administration.session()
            let changes = try await personal.withdrawDevice(publication)
            try CommandEnvironment.required.console.print(changes, asJSON: administration.options.shared.json)
        }
    }

    struct Install: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make this machine the device that its maker has prepared.",
            discussion: "Then, when its owner has claimed it by its code: meshclient device complete --wait")

        @OptionGroup var shared: SharedOptions
        @Argument(help: "The file that meshclient device prepare has written.") var file: String
        @Option(help: "A name for you to find it by; without it, the name of the machine.") var name: String?

        func run() async throws {
            let console = try CommandEnvironment.required.console
            let preconfiguration = try Preconfiguration(text: SecretFile.content(of: file))
            let session = MeshSession(try await shared.openKeys().platform)
            let device = try await session.install(preconfiguration, name: name)
            if shared.json {
                console.print(["device": .string(device.udf.text), "maker": .string(preconfiguration.maker.canonical)])
            } else {
                console.print(device.udf.text)
                console.printError(
                    "Prepared by \(preconfiguration.maker). Delete \(file) now: the device has what is in it.")
            }
        }
    }

    struct Claim: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Claim a device by the code on it, for your account.",
            discussion: """
                The code (mcu://account/E…) is asked for, or read from standard input or a file: it is a secret. When the device \
                has found out that it was claimed, let it in: meshclient device accept --proven
                """)

        @OptionGroup var administration: Administration
        @Option(help: ArgumentHelp("Read the code from this file.", valueName: "file")) var codeFile: String?
        @OptionGroup var rights: RightOptions

        func run() async throws {
            let environment = try CommandEnvironment.required
            let personal = try await administration.session()
            let code = try environment.secret(from: codeFile, prompt: "Code of the device (not shown): ", "code")
            let claimed = try await personal.connectStatic(code, rights: try rights.given())
            if administration.options.shared.json {
                environment.console.print([
                    "device": .string(claimed.device.udf.text),
                    "description": claimed.device.content.description.map { .string($0) } ?? .null,
                    "expires": .string(claimed.expires.description),
                ])
            } else {
                environment.console.print(
                    "\(claimed.device.udf)  \(SafeText.line(claimed.device.content.ownWords ?? ""))")
                environment.console.printError(
                    "Claimed until \(claimed.expires). On the device: meshclient device complete --wait; then here: "
                        + "meshclient device accept --proven")
            }
        }
    }
}
