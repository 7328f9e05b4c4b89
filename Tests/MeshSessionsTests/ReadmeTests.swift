import Foundation
import MeshCore
import MeshInMemory
import MeshSessions
import Testing

/// The README's example, on a machine in memory: the enumeration stands in the way of the real one, so that the example
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

struct ReadmeTests {
    @Test func theExampleWorks() async throws {
        #expect(try await example().type == .digestSHA2)
    }

    @Test func theExampleIsTheOneInTheReadme() throws {
        let here = URL(fileURLWithPath: #filePath)
        let root = here.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let readme = try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
        let source = try String(contentsOf: here, encoding: .utf8)
        let block = try #require(readme.split(separator: "```swift\n").dropFirst().first?.split(separator: "```").first)
        let function = try #require(block.range(of: "func example").map { block[$0.lowerBound...] })
        #expect(source.contains("// README example begins\n\(function)// README example ends"))
    }
}
