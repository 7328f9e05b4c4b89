import ArgumentParser
import MeshCore
import MeshEncoding
import MeshPlatforms
import MeshSSH
import MeshSessions

/// Keys of hosts.
struct SSHKnownCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "known", abstract: "The keys of hosts that all your devices know.",
        subcommands: [List.self, Add.self, Import.self, Remove.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List them.")
        @OptionGroup var options: SSHOptions

        func run() async throws {
            let hosts = try await options.session().ssh.knownHosts()
            let console = try CommandEnvironment.required.console
            guard !options.shared.json else {
                return console.print([
                    "hosts": .array(
                        hosts.map { host in
                            var object: JSONObject = [
                                "address": .string(host.hosts), "algorithm": .string(host.key.algorithm),
                                "fingerprint": .string(host.key.fingerprint), "line": .string(host.line),
                            ]
                            object["marker"] = host.marker.map { .string($0.rawValue) }
                            return .object(object)
                        })
                ])
            }
            for host in hosts {
                let marker = host.marker.map { "\($0.rawValue)  " } ?? ""
                console.print("\(marker)\(host.hosts)  \(host.key.algorithm)  \(host.key.fingerprint)")
            }
            if hosts.isEmpty { console.printError("None is known.") }
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Enter the key of a host.",
            discussion: """
                The key is a file as the host itself has it, /etc/ssh/ssh_host_ed25519_key.pub. What ssh-keyscan prints is not \
                proved by anything: meshclient ssh known import takes it, compare its fingerprint first.
                """)
        @OptionGroup var options: SSHOptions
        @Argument(help: "Name or address of the host; with another port than 22 as '[host]:port'.") var host: String
        @Argument(help: "The file with its public key; - for standard input.") var file: String
        @Flag(help: "Put it in the place of another key of the host.") var replace = false

        func run() async throws {
            let console = try CommandEnvironment.required.console
            let octets = try await SSHInput.read(file, console)
            guard let key = try AuthorizedKey.read(octets).first, key.options.isEmpty else {
                throw PlatformError(.corrupt, store: file, "There is no public key in it.")
            }
            guard let known = KnownHost(hosts: host, key: key.key) else {
                throw UsageError("'\(host)' is no name of a host.")
            }
            try await options.change { try await $0.add([known], replacing: replace) }
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Enter the keys of hosts that a known_hosts file has.",
            discussion: "Hashed names are kept as they are, unless --host says what they may be.")
        @OptionGroup var options: SSHOptions
        @Argument(help: "The file; - for standard input.") var file: String
        @Option(
            help: ArgumentHelp(
                "Only this host (can be repeated): a name or address, with another port than 22 as '[host]:port'.",
                valueName: "name"))
        var host: [String] = []
        @Flag(help: "Put them in the place of other keys of the hosts.") var replace = false

        func run() async throws {
            let console = try CommandEnvironment.required.console
            let known = try KnownHost.read(try await SSHInput.read(file, console))
            let wanted =
                host.isEmpty
                ? known
                : host.flatMap { name in
                    known.filter { $0.matches(name) }.compactMap {
                        KnownHost(marker: $0.marker, hosts: name, key: $0.key, comment: $0.comment)
                    }
                }
            guard !wanted.isEmpty else {
                throw PlatformError(.notFound, store: file, "There is no key of a host in it, or none of those.")
            }
            try await options.change { try await $0.add(wanted, replacing: replace) }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take away what is known of a host.")
        @OptionGroup var options: SSHOptions
        @Argument(help: "The host, as meshclient ssh known shows it.") var host: String

        func run() async throws { try await options.change { try await $0.removeKnownHost(host) } }
    }
}

/// Settings of hosts.
struct SSHHostCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "host", abstract: "Hosts, and who to log in as: what meshclient ssh config writes.",
        subcommands: [List.self, Set.self, Remove.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List them.")
        @OptionGroup var options: SSHOptions

        func run() async throws {
            let hosts = try await options.session().ssh.hosts()
            let console = try CommandEnvironment.required.console
            guard !options.shared.json else {
                return console.print([
                    "hosts": .array(
                        hosts.map { host in
                            var object: JSONObject = ["alias": .string(host.alias)]
                            object["address"] = host.address.map { .string($0) }
                            object["port"] = host.port.map { .integer(Int64($0)) }
                            object["user"] = host.user.map { .string($0) }
                            return .object(object)
                        })
                ])
            }
            for host in hosts {
                let address = host.address ?? host.alias
                console.print(
                    "\(host.alias)  \(host.user.map { "\($0)@" } ?? "")\(KnownHost.name(address, port: host.port ?? 22))"
                )
            }
            if hosts.isEmpty { console.printError("There are none: meshclient ssh host set") }
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Enter a host, or change it.")
        @OptionGroup var options: SSHOptions
        @Argument(help: "What you want to call it.") var alias: String
        @Option(help: "Its name or address, if that is another.") var address: String?
        @Option(help: "The port, if it is not 22.") var port: Int?
        @Option(help: "Who to log in as.") var user: String?

        func run() async throws {
            guard let settings = SSHHostSettings(alias: alias, address: address, port: port, user: user) else {
                throw UsageError(
                    "One of these is no name of a host, port or user.",
                    remedy: "Names have letters, digits, and - . _ : in them; names of users also @ and +.")
            }
            try await options.change { try await $0.set(settings) }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take a host away.")
        @OptionGroup var options: SSHOptions
        @Argument(help: "What you call it.") var alias: String

        func run() async throws { try await options.change { try await $0.removeHost(alias) } }
    }
}

/// Files of SSH's that a command reads.
enum SSHInput {
    private static let largest = 16 << 20

    /// What is in a file, or comes from standard input.
    ///
    /// - Throws: ``PlatformError`` `tooLarge`, and what opening a file can give.
    static func read(_ path: String, _ console: any Console) async throws -> [UInt8] {
        try await BlockingCalls(store: path).run(deadline: .seconds(3600)) {
            let file = try InputFile(path, console)
            var octets: [UInt8] = []
            while true {
                let more = try [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
                    count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
                }
                if more.isEmpty { return octets }
                octets += more
                guard octets.count <= largest else {
                    throw PlatformError(.tooLarge, store: file.name, "It is too large to be a file of SSH's.")
                }
            }
        }
    }
}
