import ArgumentParser
import MeshCore
import MeshEncoding
import MeshPlatforms
import MeshProfiles
import MeshSessions

struct DeviceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "device", abstract: "Devices: those of this machine, and those that are connected to an account.",
        subcommands: [
            Create.self, List.self, Request.self, Complete.self, Forget.self, Pending.self, Accept.self, Reject.self,
            Rename.self, Rights.self, Remove.self, Pin.self, Prepare.self, Withdraw.self, Install.self, Claim.self,
        ])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Create a device profile.")

        @OptionGroup var shared: SharedOptions
        @Option(help: "A name for you to find it by.") var name: String?
        @Option(help: "Words that go into the signed profile; without them the name of this machine.")
        var description: String?
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
        static let configuration = CommandConfiguration(
            abstract: "List the device profiles of this machine, or the devices of an account.")

        @OptionGroup var shared: SharedOptions
        @Flag(help: "The devices that are connected to the account, as this machine knows them.") var connected = false
        @Option(help: "The profile, for --connected; without it the default one.") var profile: String?

        func validate() throws {
            if profile != nil, !connected { throw ValidationError("--profile is for --connected.") }
        }

        func run() async throws {
            let console = try CommandEnvironment.required.console
            if connected { return try await listConnected(on: console) }
            let devices = try await MeshSession(try await shared.open().platform).devices()
            if shared.json {
                console.print(["devices": .array(devices.map(json))])
            } else {
                devices.forEach { console.print(words($0)) }
                if devices.isEmpty { console.printError("There are no device profiles yet.") }
            }
        }

        private func listConnected(on console: any Console) async throws {
            let personal = try await MeshSession(try await shared.openKeys().platform).personalSession(profile)
            let devices = try await personal.connectedDevices()
            if shared.json {
                console.print(["devices": .array(devices.map(json))])
            } else {
                for device in devices {
                    let parts = [
                        device.udf.text, (device.name ?? device.device.profile.content.ownWords).map(shown),
                        device.device.rights.words,
                        device.isThis ? "(this machine)" : nil,
                    ]
                    console.print(parts.compactMap { $0 }.joined(separator: "  "))
                }
            }
        }
    }
}

private func json(_ device: AccountDevice) -> JSONValue {
    var object = JSONObject()
    object["udf"] = .string(device.udf.text)
    object["name"] = device.name.map { .string($0) }
    object["description"] = device.device.profile.content.description.map { .string($0) }
    object["rights"] = .array(device.device.rights.map { .string($0.rawValue) })
    object["this"] = .bool(device.isThis)
    return .object(object)
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
