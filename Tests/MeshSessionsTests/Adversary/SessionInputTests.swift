import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import MeshPortals
import MeshProfiles
import MeshTestSupport
import Testing

@testable import MeshSessions

/// What a session is given by a person, a program or another device can be anything at all: there is an error that says what
/// is wrong with it, and the machine stays as it was.
struct SessionInputTests {
    private let den: Den
    private let alice: PersonalSession
    private let session: MeshSession

    init() async throws {
        den = try await Den()
        alice = try await den.session().createAccount("alice@example.com", name: "alice")
        session = MeshSession(alice.platform, portal: den.portal)
    }

    private static func secret(_ text: String) -> SharedSecret {
        SharedSecret(SecretBytes(copying: Array(text.utf8)))
    }

    private func refuses(
        _ what: String, _ call: () async throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let before = try await MachineState(alice.platform)
        do {
            try await call()
            Issue.record("\(what): done", sourceLocation: sourceLocation)
        } catch {
            #expect(
                error is any MeshError && !"\(error)".isEmpty, "\(what): \(type(of: error))",
                sourceLocation: sourceLocation)
        }
        let after = try await MachineState(alice.platform)
        #expect(after == before, "\(what): \(after.difference(from: before))", sourceLocation: sourceLocation)
    }

    @Test("Addresses, selectors and fingerprints that are none, or of nobody")
    func names() async throws {
        let texts = [
            "", " ", "@", "alice", "alice@", "@example.com", "a@b@c", "alice@exa mple", "alice\u{0}@example.com",
            "alice@example.com\n", "../alice@example.com", String(repeating: "a", count: 100_000) + "@example.com",
            "alice@" + String(repeating: "a.", count: 10_000), "\u{202E}@example.com",
        ]
        for text in texts {
            let what = String(text.prefix(40))
            try await refuses("validate \(what)") {
                // Of a name that is an address, and cannot be an account's, the answer says so.
                guard try await session.validate(text).isValid else { throw PortalError(.invalidName, "No account.") }
            }
            try await refuses("create \(what)") { _ = try await session.createAccount(text) }
            try await refuses("connect \(what)") { _ = try await session.connect(to: text) }
            try await refuses("register \(what)") { _ = try await alice.register(at: text) }
            try await refuses("deregister \(what)") { _ = try await alice.deregister(from: text) }
            try await refuses("session \(what)") { _ = try await session.personalSession("\(text)?") }
            try await refuses("device \(what)") { _ = try await session.device("\(text)?") }
        }
        let nobody = UDF(type: .digestSHA2, value: [UInt8](repeating: 9, count: 32))
        try await refuses("repair") { _ = try await session.repairPersonalProfile(nobody) }
        try await refuses("rename") { _ = try await alice.rename(nobody, to: "x") }
        try await refuses("another profile expected") {
            _ = try await session.connect(to: "alice@example.com", expecting: nobody)
        }
        for (quorum, shares) in [(0, 0), (0, 1), (2, 1), (1, 16), (-1, 3), (Int.max, Int.max), (Int.min, Int.min)] {
            try await refuses("\(quorum) of \(shares)") { _ = try await alice.escrow(quorum: quorum, shares: shares) }
            try await refuses("\(quorum) of \(shares) at the portal") {
                _ = try await alice.escrowAtPortal(quorum: quorum, shares: shares)
            }
        }
    }

    @Test("PINs, addresses of devices and descriptions that are none")
    func secrets() async throws {
        let made = try await alice.preconfigureDevice()
        let pin = try await alice.makePIN().pin.bytes.withUnsafeBytes { Array($0) }
        let uri = made.uri.bytes.withUnsafeBytes { Array($0) }
        let text = made.preconfiguration.text().withUnsafeBytes { Array($0) }
        var mutator = Mutator()
        for number in 0..<200 {
            // What is still a PIN or an address of a device says something else.
            let words = Self.secret(String(decoding: mutator.changed(pin), as: UTF8.self))
            if (try? SaltedPIN(pin: words.bytes, action: ConnectionPIN.action)) == nil {
                try await refuses("seed \(mutator.seed), PIN \(number)") {
                    _ = try await session.connect(to: "bob@example.com", pin: words)
                }
            }
            let address = SharedSecret(SecretBytes(copying: mutator.changed(uri)))
            if (try? DeviceCode(uri: address.bytes)) == nil {
                try await refuses("seed \(mutator.seed), address \(number)") {
                    _ = try await alice.connectStatic(address)
                }
            }
            let description = mutator.changed(text)
            do {
                // What a description may lose without meaning another device: white space, and what is not signed.
                let read = try Preconfiguration(text: SecretBytes(copying: description))
                #expect(read.device.udf == made.preconfiguration.device.udf, "seed \(mutator.seed), \(number)")
                #expect(read.seed.isEqual(to: made.preconfiguration.seed), "seed \(mutator.seed), \(number)")
            } catch {
                #expect(error is SessionError, "seed \(mutator.seed), \(number): \(error)")
            }
        }
    }

    @Test("Statements of other devices that are none, and requests that belong elsewhere")
    func foreign() async throws {
        let bob = try await den.session().createAccount("bob@example.com")
        let second = try await den.connect(den.session(), to: alice)
        let statement = try await second.historyStatement().envelope.value
        _ = try await alice.sync()
        try await alice.check(statement)
        var mutator = Mutator()
        var failures = 0
        for number in 0..<300 {
            guard let changed = try? JSONValue(decoding: mutator.changed(statement.compact)) else { continue }
            let before = try await MachineState(alice.platform)
            do {
                try await alice.check(changed)
            } catch let error as SessionError {
                failures += 1
                #expect(error == SessionError(.malformed, ""), "seed \(mutator.seed), \(number): \(error)")
            } catch {
                Issue.record("seed \(mutator.seed), \(number): \(error)")
            }
            #expect(try await MachineState(alice.platform) == before)
        }
        #expect(failures > 50)
        // A request of another account, and one of another machine.
        let machine = den.session()
        let request = try await machine.connect(to: "bob@example.com")
        let pending = try #require(try await bob.connectPending().first)
        for decision in [ConnectionDecision.accept(), .reject] {
            try await refuses("another account's request") { _ = try await alice.connectClose(pending, decision) }
        }
        try await refuses("another machine's request") { _ = try await session.complete(request) }
        try await refuses("waiting for another machine's request") {
            _ = try await session.awaitConnection(request, polling: Household.polling)
        }
        #expect(try await bob.connectPending().count == 1)
    }

    @Test("Times and words that are far too long")
    func extremes() async throws {
        let longest = Duration(secondsComponent: .max, attosecondsComponent: 0)
        let pin = try await alice.makePIN(lifetime: longest)
        #expect(
            pin.expires.secondsSince1970 - den.clock.now.secondsSince1970 == ConnectionPIN.lifetime.components.seconds)
        let soon = try await alice.makePIN(lifetime: Duration(secondsComponent: .min, attosecondsComponent: 0))
        #expect(soon.expires.secondsSince1970 - den.clock.now.secondsSince1970 == 1)
        let made = try await alice.preconfigureDevice(lifetime: longest)
        _ = try await alice.connectStatic(made.uri)
        let words = String(repeating: "\u{301}", count: 1 << 20)
        try await refuses("a description") { _ = try await session.createDevice(description: words) }
        try await refuses("the description of a device for somebody else") {
            _ = try await alice.preconfigureDevice(description: words)
        }
    }
}
