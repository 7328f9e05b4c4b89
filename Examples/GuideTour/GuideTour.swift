import ArgumentParser
import Glibc
import MeshCore
import MeshCryptography
import MeshEncoding
import MeshFiles
import MeshPlatforms
import MeshPortalDirectory
import MeshPortals
import MeshSessions

/// The program of the developer guide (§6): an account, recovery shares, a second device, loss and recovery.
@main
struct GuideTour: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "guide-tour", abstract: "The tour of the Mesh developer guide, on three machines.",
        discussion: """
            Alone it plays all three machines in one process. To see them as processes of their own, start
            'guide-tour first', 'guide-tour second' and 'guide-tour third' with the same --directory, in any order.
            """,
        subcommands: [All.self, First.self, Second.self, Third.self], defaultSubcommand: All.self)

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let error as any MeshError {
            let remedy = error.remedy.map { "\n\($0)" } ?? ""
            Voice.complain("guide-tour: \(error.message)\(remedy)")
            Glibc.exit(1)
        } catch {
            exit(withError: error)
        }
    }
}

/// The portal of the tour, and what lies beside it.
enum Place {
    static let domain = "example.com"

    /// The portal below `directory`, made if it is not there.
    static func portal(_ directory: String, create: Bool) async throws -> any MeshPortal {
        let portal = PortalDirectory("\(directory)/portal")
        do {
            return MeshPortalDirect(domain, try await portal.open())
        } catch let error as PlatformError where create && error.code == .notFound {
            return MeshPortalDirect(domain, try await portal.create(domain: domain))
        }
    }

    /// The table below `directory`, on which people lay what they carry themselves.
    static func table(_ directory: String) throws -> Table { try Table("\(directory)/table") }

    /// Runs `body` in the directory, or in one that is gone afterwards.
    static func within(_ directory: String?, _ body: (String) async throws -> Void) async throws {
        if let directory { return try await body(directory) }
        var template = Array("/tmp/guide-tour-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TourError("No temporary directory can be made.") }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer {
            // A directory that cannot be removed is left to whoever cleans /tmp.
            if let made = try? Directory.open(path, create: false), let names = try? made.names() {
                for name in names { _ = try? made.removeDirectory(name) }
            }
            rmdir(path)
        }
        try await body(path)
    }
}

struct All: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "All three machines in one process.")

    @Option(
        help: "Where the portal and the machines keep their files; without it in a directory that is gone afterwards.")
    var directory: String?
    @Option(help: "What the three machines are: memory, files or keyring, with commas between.")
    var machines = "memory,memory,memory"
    @Flag(help: "Answer in JSON.") var json = false

    func run() async throws {
        let kinds = machines.split(separator: ",").compactMap { MachineKind(rawValue: String($0)) }
        guard kinds.count == 3, machines.split(separator: ",").count == 3 else {
            throw ValidationError("--machines wants three of memory, files and keyring, with commas between.")
        }
        try await Place.within(directory) { try await tour(kinds, in: $0) }
    }

    private func tour(_ kinds: [MachineKind], in directory: String) async throws {
        let voice = Voice(isJSON: json)
        let portal = try await Place.portal(directory, create: true)
        func session(_ name: String, _ kind: MachineKind) async throws -> MeshSession {
            voice.say(name, "machine: \(kind.words)")
            return MeshSession(try await kind.open(name, below: directory), portal: portal)
        }
        let first = FirstMachine(session: try await session("first", kinds[0]), voice: voice)
        let second = SecondMachine(session: try await session("second", kinds[1]), voice: voice)
        let third = ThirdMachine(session: try await session("third", kinds[2]), voice: voice)

        let (alice, shares) = try await first.begin()
        let request = try await second.ask()
        try await first.admit(request.witness, to: alice)
        let onSecond = try await second.complete(request)
        try await first.write(alice)
        try await second.read(onSecond)
        try await first.lose(alice)
        let recovered = try await third.recover([shares[0], shares[2]])
        guard recovered.udf == alice.udf, onSecond.udf == alice.udf else {
            throw TourError("Another profile came back: \(recovered.udf), not \(alice.udf).")
        }
        voice.say("all", "The fingerprint is the same on all three.")
        voice.end([
            "machines": .array(kinds.map { .string($0.rawValue) }), "account": .string(Alice.address),
            "fingerprint": .string(alice.udf.text), "recovered": .string(recovered.udf.text),
            "devices": .integer(Int64(try await onSecond.connectedDevices().count)),
        ])
        for session in [first.session, second.session, third.session] { try await session.eraseTest() }
    }
}

/// What a process that is one of the machines is told.
struct RoleOptions: ParsableArguments {
    @Option(help: "Where the portal is, the machines keep their files, and notes pass from person to person.")
    var directory: String
    @Option(help: "What the machine is: memory, files or keyring.") var machine = MachineKind.files
    @Flag(help: "Answer in JSON.") var json = false

    var voice: Voice { Voice(isJSON: json) }

    func session(_ name: String, portal: any MeshPortal) async throws -> MeshSession {
        MeshSession(try await machine.open(name, below: directory), portal: portal)
    }
}

struct First: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The machine on which the account is made.")
    @OptionGroup var options: RoleOptions

    func run() async throws {
        let table = try Place.table(options.directory)
        let portal = try await Place.portal(options.directory, create: true)
        let first = FirstMachine(session: try await options.session("first", portal: portal), voice: options.voice)
        let (alice, shares) = try await first.begin()
        try table.lay("account", Alice.address)
        try await first.admit(try await table.text("witness"), to: alice)
        _ = try await table.text("connected")
        try await first.write(alice)
        try table.lay("written", "a credential")
        _ = try await table.text("read")
        try await first.lose(alice)
        for index in [0, 2] { try table.lay("share-\(index + 1)", secret: shares[index].text()) }
        options.voice.end(["machine": "first", "fingerprint": .string(alice.udf.text)])
        try await first.session.eraseTest()
    }
}

struct Second: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The device that is connected.")
    @OptionGroup var options: RoleOptions

    func run() async throws {
        let table = try Place.table(options.directory)
        _ = try await table.text("account")
        let portal = try await Place.portal(options.directory, create: false)
        let second = SecondMachine(session: try await options.session("second", portal: portal), voice: options.voice)
        let request = try await second.ask()
        try table.lay("witness", request.witness)
        let alice = try await second.complete(request)
        try table.lay("connected", "yes")
        _ = try await table.text("written")
        try await second.read(alice)
        try table.lay("read", "yes")
        options.voice.end(["machine": "second", "fingerprint": .string(alice.udf.text)])
        try await second.session.eraseTest()
    }
}

struct Third: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The machine on which the profile is recovered.")
    @OptionGroup var options: RoleOptions

    func run() async throws {
        let table = try Place.table(options.directory)
        var shares: [KeyShare] = []
        for name in ["share-1", "share-3"] { shares.append(try KeyShare(parsing: try await table.take(name))) }
        let portal = try await Place.portal(options.directory, create: false)
        let third = ThirdMachine(session: try await options.session("third", portal: portal), voice: options.voice)
        let alice = try await third.recover(shares)
        options.voice.end(["machine": "third", "fingerprint": .string(alice.udf.text)])
        try await third.session.eraseTest()
    }
}
