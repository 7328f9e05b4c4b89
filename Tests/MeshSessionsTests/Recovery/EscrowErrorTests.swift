import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import MeshPortals
import MeshProfiles
import Testing

@testable import MeshSessions

/// What is wrong with shares, or with what a portal keeps for them (sessions specification §F): it is said, and nothing is
/// recovered.
struct EscrowErrorTests {
    private static let address = "alice@example.com"

    private func texts(_ shares: [KeyShare], plain: Bool = false) -> [SharedSecret] {
        shares.map { SharedSecret($0.text(plain: plain)) }
    }

    private func edited(_ text: SharedSecret, _ edit: (inout [UInt8]) -> Void) -> SharedSecret {
        var octets = text.bytes.withUnsafeBytes { Array($0) }
        edit(&octets)
        return SharedSecret(SecretBytes(copying: octets))
    }

    @Test("Shares that do not belong together, are too few, or are none", arguments: [false, true])
    func shares(atPortal: Bool) async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount(Self.address)
        func escrow(_ quorum: Int, _ count: Int) async throws -> [KeyShare] {
            let entry =
                atPortal
                ? try await alice.escrowAtPortal(quorum: quorum, shares: count)
                : try await alice.escrow(quorum: quorum, shares: count)
            return entry.keyShares
        }
        let (two, three, other) = (try await escrow(2, 3), try await escrow(3, 4), try await escrow(2, 3))
        let (good, plain, higher) = (texts(two), texts(two, plain: true), texts(three, plain: true))
        let rows: [(String, [SharedSecret], ShareError.Code, [Int]?)] = [
            ("none", [], .missing, nil),
            ("too few", [good[1]], .missing, nil),
            ("too few of a higher quorum", texts(Array(three[0...1])), .missing, nil),
            ("another set", [good[0], texts(other)[1]], .foreign, nil),
            ("another set beside enough", [good[0], texts(other)[1], good[2]], .foreign, [2]),
            ("mixed thresholds", [plain[0], higher[1], plain[2]], .mixedQuorum, [2]),
            ("the same twice", [good[0], good[0]], .repeated, [2]),
            ("the same in both forms", [good[0], plain[0]], .repeated, [2]),
            ("the same beside enough", [good[0], good[1], good[1]], .repeated, [3]),
            ("no text", [good[0], SharedSecret(SecretBytes(copying: []))], .damaged, [2]),
            ("another text", [good[0], SharedSecret(SecretBytes(copying: Array(alice.udf.text.utf8)))], .damaged, [2]),
            ("a letter lost", [edited(good[0]) { $0.remove(at: 10) }, good[1]], .damaged, [1]),
            ("a letter changed", [good[0], edited(good[1]) { $0[11] = $0[11] == 0x41 ? 0x42 : 0x41 }], .damaged, [2]),
            ("cut off", [good[0], edited(good[1]) { $0.removeLast(3) }], .damaged, [2]),
        ]
        let machine = den.machine()
        let session = den.session(machine)
        let states = (try await MachineState(machine), try await MachineState(alice.platform))
        for (what, given, code, positions) in rows {
            for isRehearsal in [false, true] {
                let error = await #expect(throws: ShareError.self, "\(what)") {
                    let shares = try SecretSharing.parse(given)
                    if isRehearsal {
                        try await alice.rehearse(with: shares, on: den.machine())
                    } else {
                        _ = try await session.recover(from: shares, at: Self.address)
                    }
                }
                #expect(error?.code == code, "\(what): \(String(describing: error))")
                if let positions { #expect(error?.positions == positions, "\(what)") }
            }
        }
        #expect(try await MachineState(machine) == states.0)
        #expect(try await MachineState(alice.platform) == states.1)
        _ = try await session.recover(from: try SecretSharing.parse([good[2], good[0]]), at: Self.address)
    }

    @Test("What the portal keeps is not there, does not open, or is something else")
    func entries() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount(Self.address)
        let shares = try await alice.escrowAtPortal(quorum: 1, shares: 1).keyShares
        let other = try EscrowSecret(from: SystemRandomSource())
        let foreign = try other.seal(
            SecretSeed(.profileAccount, from: SystemRandomSource()), random: SystemRandomSource())
        let profile = alice.profile.envelope
        func lie(_ change: @escaping @Sendable (inout GetResponse) -> Void) -> [Lie] {
            // The entry alone, not the profile.
            [
                .service(GetRequest.self) { answer, asked in
                    if asked.identifier != nil { change(&answer) }
                }
            ]
        }
        let rows: [(String, [Lie], any Error)] = [
            ("not there", lie { $0.status = .notFound }, SessionError(.escrowNotFound, "")),
            ("no entries", lie { $0.entries = [] }, SessionError(.escrowNotFound, "")),
            ("no list", lie { $0.entries = nil }, SessionError(.escrowNotFound, "")),
            ("a changed octet", lie { $0.entries?[0].body[3] ^= 1 }, SessionError(.escrowDamaged, "")),
            ("cut off", lie { $0.entries?[0].body.removeLast(5) }, SessionError(.escrowDamaged, "")),
            ("empty", lie { $0.entries?[0].body = [] }, SessionError(.escrowDamaged, "")),
            ("of another secret", lie { $0.entries = [foreign] }, SessionError(.escrowDamaged, "")),
            ("the profile", lie { $0.entries = [profile] }, SessionError(.wrongEntry, "")),
            ("in clear", lie { $0.entries?[0].header["enc"] = nil }, SessionError(.wrongEntry, "")),
            (
                "far too large", lie { $0.entries?[0].body = [UInt8](repeating: 0, count: 100_000) },
                SessionError(.wrongEntry, "")
            ),
            ("refused", lie { $0.status = .unavailable }, PortalError(.overloaded, "")),
        ]
        let machine = den.machine()
        let session = den.session(machine)
        let states = (try await MachineState(machine), try await MachineState(alice.platform))
        for (what, lies, expected) in rows {
            den.portal.lies = lies
            for isRehearsal in [false, true] {
                do {
                    if isRehearsal {
                        try await alice.rehearse(with: shares, on: den.machine())
                    } else {
                        _ = try await session.recover(from: shares, at: Self.address)
                    }
                    Issue.record("\(what): done")
                } catch let error as SessionError {
                    #expect(error == expected as? SessionError && error.remedy != nil, "\(what): \(error)")
                } catch {
                    #expect(error as? PortalError == expected as? PortalError, "\(what): \(error)")
                }
            }
        }
        den.portal.lies = []
        #expect(try await MachineState(machine) == states.0)
        #expect(try await MachineState(alice.platform) == states.1)
        try await alice.rehearse(with: shares, on: den.machine())
        _ = try await session.recover(from: shares, at: Self.address)
    }

    /// Every number of shares up to eight, every quorum, every subset, of what a portal keeps.
    @Test("Every subset of the shares of an escrow at the portal finds and opens the entry, or is said to be too small")
    func everySubset() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount(Self.address)
        let (seed, _) = try await alice.keeper.seed(ProfileUser.self, of: alice.udf)
        let session = den.session()
        let account = try AccountAddress(Self.address)
        for count in 1...8 {
            for quorum in 1...count {
                let entry = try await alice.escrowAtPortal(quorum: quorum, shares: count)
                let shares = entry.keyShares
                var hasOpened = false
                for subset in 1..<(1 << count) {
                    let given = shares.indices.filter { subset >> $0 & 1 == 1 }.map { shares[$0] }
                    guard given.count >= quorum else {
                        let error = await #expect(throws: ShareError.self) {
                            try await session.seed(from: given, at: account)
                        }
                        #expect(error?.code == .missing && error?.missingCount == quorum - given.count)
                        continue
                    }
                    let secret = SharedSecret(try SecretSharing.recover(given))
                    #expect(
                        EscrowSecret(recovered: secret.bytes)?.locator == entry.locator,
                        "\(quorum) of \(count): \(subset)")
                    // The portal is asked once for the smallest of them, and once for all.
                    guard !hasOpened || given.count == count else { continue }
                    hasOpened = true
                    #expect(try await session.seed(from: given, at: account).isEqual(to: seed))
                }
            }
        }
    }
}
