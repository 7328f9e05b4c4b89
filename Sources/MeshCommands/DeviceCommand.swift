import ArgumentParser
import MeshCore
import MeshEncoding
import MeshProfiles
import MeshSessions

struct DeviceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "device", abstract: "Device profiles of this machine.", subcommands: [Create.self, List.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Create a device profile.")

        @OptionGroup var shared: SharedOptions
        @Option(help: "A name for you to find it by.") var name: String?
        @Option(help: "Words that go into the signed profile.") var description = "Unknown"
        @Flag(name: .customLong("default"), help: "Make it the default device.") var makeDefault = false

        func run() async throws {
            let session = MeshSession(try await shared.openKeys().platform)
            let device = try await session.createDevice(
                name: name, description: description, makeDefault: makeDefault ? true : nil)
            let console = try CommandEnvironment.required.console
            if shared.json {
                console.print(json(device))
            } else {
                console.print(words(device))
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the device profiles.")

        @OptionGroup var shared: SharedOptions

        func run() async throws {
            let devices = try await MeshSession(try await shared.open().platform).devices()
            let console = try CommandEnvironment.required.console
            if shared.json {
                console.print(["devices": .array(devices.map(json))])
            } else {
                devices.forEach { console.print(words($0)) }
                if devices.isEmpty { console.printError("There are no device profiles yet.") }
            }
        }
    }
}

private func json(_ device: DeviceRegistration) -> JSONValue {
    var object = JSONObject()
    object["udf"] = .string(device.udf.text)
    object["name"] = device.name.map { .string($0) }
    object["description"] = device.profile.content.description.map { .string($0) }
    object["default"] = .bool(device.isDefault)
    return .object(object)
}

private func words(_ device: DeviceRegistration) -> String {
    "\(device.udf)\(device.isDefault ? "  (default)" : "")\(device.name.map { "  \($0)" } ?? "")"
}
