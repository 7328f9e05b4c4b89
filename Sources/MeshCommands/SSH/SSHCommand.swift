import ArgumentParser
import MeshCore
import MeshEncoding
import MeshPlatforms
import MeshProfiles
import MeshSSH
import MeshSessions

struct SSHCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ssh", abstract: "An SSH key for each device, and what all of them know of hosts.",
        discussion: """
            The private keys stay in the key stores: meshclient ssh agent signs with them. Your files in ~/.ssh are touched only by \
            --install, and only between marks of ours.
            """,
        subcommands: [
            Key.self, Add.self, Keys.self, AuthorizedKeysCommand.self, SSHKnownCommand.self, KnownHostsCommand.self,
            SSHHostCommand.self, Config.self, SSHAgentCommand.self,
        ])

    struct Key: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print the public half of this device's key.")

        @OptionGroup var options: SSHOptions
        @Flag(help: "In the form of RFC 4716.") var rfc4716 = false
        @Flag(help: "As one line, as OpenSSH has it. This is the default.") var openssh = false

        func validate() throws {
            guard !(rfc4716 && openssh) else { throw ValidationError("Say --rfc4716 or --openssh, not both.") }
        }

        func run() async throws {
            let key = try await options.session().ssh.publicKey()
            let console = try CommandEnvironment.required.console
            if options.shared.json {
                console.print(.object(SSHCommand.json(key)))
            } else if rfc4716 {
                let octets = Array(key.rfc4716.utf8)
                octets.withUnsafeBytes { console.write($0) }
            } else {
                console.print(key.openSSHLine)
            }
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Enter this device's key in the account, for the authorized_keys of all devices.")

        @OptionGroup var options: SSHOptions

        func run() async throws { try await options.change { try await $0.publish() } }
    }

    struct Keys: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the keys of the connected devices.", subcommands: [List.self, Prune.self],
            defaultSubcommand: List.self)

        struct List: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "List them.")
            @OptionGroup var options: SSHOptions

            func run() async throws {
                let keys = try await options.currentSession().ssh.deviceKeys()
                let console = try CommandEnvironment.required.console
                guard !options.shared.json else {
                    return console.print([
                        "keys": .array(
                            keys.map { found in
                                var object = SSHCommand.json(found.key)
                                object["device"] = .string(found.device.udf.text)
                                object["isThis"] = .bool(found.device.isThis)
                                return .object(object)
                            })
                    ])
                }
                for found in keys {
                    console.print(
                        "\(found.device.udf)  \(found.key.fingerprint)  \(found.key.comment)"
                            + (found.device.isThis ? "  (this device)" : ""))
                }
                if keys.isEmpty { console.printError("No device has entered a key: meshclient ssh add") }
            }
        }

        struct Prune: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Take away entries of keys that are no connected device's. They let nobody in anyway.")
            @OptionGroup var options: SSHOptions

            func run() async throws { try await options.change { try await $0.removeStaleKeys() } }
        }
    }

    struct AuthorizedKeysCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "authorized-keys",
            abstract: "Print the authorized_keys that let every connected device log in, or put them into ~/.ssh.",
            discussion: "A device that was removed from the account is let in no more after this was done again.")

        @OptionGroup var options: SSHOptions
        @OptionGroup var output: SSHInstallOptions

        func run() async throws {
            let session = try await options.currentSession()
            try await output.run(
                try await session.ssh.authorizedKeys().map(\.line), .authorizedKeys, of: session,
                asJSON: options.shared.json)
        }
    }

    struct KnownHostsCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "known-hosts", abstract: "Print the known_hosts of the account, or put them into ~/.ssh.")

        @OptionGroup var options: SSHOptions
        @OptionGroup var output: SSHInstallOptions

        func run() async throws {
            let session = try await options.currentSession()
            try await output.run(
                try await session.ssh.knownHosts().map(\.line), .knownHosts, of: session, asJSON: options.shared.json)
        }
    }

    struct Config: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Print the sections of ssh's configuration for the hosts of the account, or put them into ~/.ssh/config.",
            discussion: "What you have said of a host yourself, in front of our lines, counts first.")

        @OptionGroup var options: SSHOptions
        @OptionGroup var output: SSHInstallOptions
        @Flag(help: "Have ssh use the agent of meshclient for these hosts, without SSH_AUTH_SOCK.") var agent = false
        @Option(help: ArgumentHelp("As --agent, for an agent with another socket.", valueName: "path"))
        var socket: String?

        func run() async throws {
            let session = try await options.currentSession()
            var path = socket
            if agent, path == nil {
                path = try CommandEnvironment.required.requiredSSH().agentSocket(
                    options.shared.platformMode(), session.udf)
            }
            try await output.run(
                SSHHostSettings.config(try await session.ssh.hosts(), agent: path), .config, of: session,
                asJSON: options.shared.json)
        }
    }

    static func json(_ key: SSHPublicKey) -> JSONObject {
        [
            "line": .string(key.openSSHLine), "fingerprint": .string(key.fingerprint), "udf": .string(key.udf.text),
            "comment": .string(key.comment),
        ]
    }
}
