import Foundation
import MeshCore
import MeshCryptography
import MeshDARE
import MeshInMemory
import MeshPlatforms
import MeshPortalDirectory
import MeshPortals
import MeshProfiles
import MeshSessions
import Testing

/// The README's examples, on machines in memory: the enumeration stands in the way of the real one, so that the example
/// itself needs no change.
private enum MeshLinux {
    static func initialize() async throws -> MeshMachineCached { MeshMachineCached() }
}

// README example begins
func example() async throws -> UDF {
    let machine = try await MeshLinux.initialize()  // in a test: MeshMachineCached()
    let session = MeshSession(machine)

    let alice = try await session.createPersonalProfile(name: "alice")
    let shares = try await alice.escrow(quorum: 2, shares: 3).keyShares
    try await alice.rehearse(with: [shares[0], shares[1]], on: MeshMachineCached())
    try await alice.delete()

    return try await session.recover(from: [shares[2], shares[0]]).udf  // the same fingerprint again
}
// README example ends

// README example begins
func example(_ machine: any MeshPlatform, _ laptop: any MeshPlatform, at path: String) async throws -> PersonalSession {
    let portal = MeshPortalDirect("example.com", try await PortalDirectory(path).open())
    let alice = try await MeshSession(machine, portal: portal).createAccount("alice@example.com", name: "alice")
    // Both screens show the witness of the request; the people compare it.
    let request = try await MeshSession(laptop, portal: portal).connect(to: "alice@example.com")
    for pending in try await alice.connectPending() where pending.witness == request.witness {
        _ = try await alice.connectClose(pending, .accept())
    }
    return try await MeshSession(laptop, portal: portal).awaitConnection(request)
}
// README example ends

// README example begins
func example(_ alice: PersonalSession, _ random: any RandomSource) async throws -> EntryVersion? {
    let credentials = try await alice.credentials()  // networks(), bookmarks(), tasks(), contacts()
    guard var item = try await credentials.find("https:example.com") else { return nil }
    try item.entry.setPassword(PasswordPolicy(.words(6, separator: "-")).makePassword(from: random))
    return try await credentials.update(item.entry, from: item.version)
}
// README example ends

// README example begins
func example(_ alice: PersonalSession, _ note: Note) async throws -> [Note] {
    let notes = try await alice.application("com.example.notes", of: Note.self, readers: .member)  // any Codable type
    try await notes.add(note, as: note.title)
    _ = try await alice.sync()
    return try await notes.values().map(\.value)
}
// README example ends

struct Note: Codable, Equatable {
    var title: String
}

struct ReadmeTests {
    @Test func theFirstExampleWorks() async throws {
        #expect(try await example().type == .digestSHA2)
    }

    @Test func theExampleOfDevicesWorks() async throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/portal"
        _ = try await PortalDirectory(path).create(domain: "example.com")
        let machine = MeshMachineCached()
        let onLaptop = try await example(machine, MeshMachineCached(), at: path)
        #expect(onLaptop.udf == (try await MeshSession(machine).personalSession("alice").udf))
        #expect(try await onLaptop.connectedDevices().count == 2)
        #expect(try await example(onLaptop, SystemRandomSource()) == nil)
        try await onLaptop.credentials().add(CatalogedCredential(service: "example.com", networkProtocol: "https"))
        #expect(try await example(onLaptop, SystemRandomSource()) != nil)
        #expect(try await example(onLaptop, Note(title: "milk")) == [Note(title: "milk")])
        let kept = try await onLaptop.credentials().find("https:example.com")
        #expect(kept?.entry.password?.split(separator: "-").count == 6)
    }

    @Test func theExamplesAreThoseOfTheReadme() throws {
        let here = URL(fileURLWithPath: #filePath)
        let root = here.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let readme = try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
        let source = try String(contentsOf: here, encoding: .utf8)
        let blocks = readme.components(separatedBy: "```swift\n").dropFirst()
        #expect(blocks.count == 4)
        for block in blocks {
            let text = try #require(block.components(separatedBy: "```").first)
            let function = try #require(text.range(of: "func example").map { text[$0.lowerBound...] })
            #expect(source.contains("// README example begins\n\(function)// README example ends"), "\(function)")
            for line in text[..<function.startIndex].split(separator: "\n") where line != "import MeshLinuxPlatform" {
                #expect(source.contains("\(line)\n"), "\(line)")
            }
        }
    }
}
