import MeshCore
import MeshCryptography
import MeshDARE
import MeshInMemory
import MeshPlatforms
import MeshPortals
import MeshProfiles
import MeshSessions

/// What the tour is about.
enum Alice {
    static let address = "alice@example.com"

    /// An entry that one device writes and another reads.
    static var credential: CatalogedCredential {
        var entry = CatalogedCredential()
        entry.service = "mail.example.net"
        entry.username = "alice"
        entry.password = "correct horse battery staple"
        return entry
    }
}

/// The tour has ended otherwise than it should.
struct TourError: MeshError {
    let message: String
    var codeName: String { "tour-failed" }
    var remedy: String? { nil }
    var cause: (any Error)? { nil }

    init(_ message: String) { self.message = message }
}

/// Where it all begins: the account is made here, and a second device is let in (guide §6.4 to §6.7, §6.9).
struct FirstMachine {
    let session: MeshSession
    let voice: Voice

    /// Makes device, profile, account and recovery shares, and tries the shares.
    func begin() async throws -> (alice: PersonalSession, shares: [KeyShare]) {
        try await session.eraseTest()
        guard try await session.validate(Alice.address).isValid else { throw TourError("The name is not to be had.") }
        voice.say("first", "The portal says that \(Alice.address) is free.")
        let device = try await session.createDevice(name: "first", description: "The first machine")
        voice.say("first", "Device profile    \(device.udf)")
        let profile = try await session.createPersonalProfile(name: "alice", device: device)
        voice.say("first", "Personal profile  \(profile.udf)")
        let alice = try await session.createAccount(Alice.address, for: profile, device: device)
        voice.say("first", "The account \(Alice.address) is made.")

        let shares = try await alice.escrow(quorum: 2, shares: 4).keyShares
        try await alice.rehearse(with: [shares[1], shares[3]], on: MeshMachineCached())
        voice.say("first", "4 recovery shares, any 2 of which are enough; shares 2 and 4 were tried, and they are.")
        return (alice, shares)
    }

    /// Lets the device in whose screen shows `witness`.
    func admit(_ witness: String, to alice: PersonalSession) async throws {
        let pending = try await alice.connectPending()
        guard pending.count == 1, let request = pending.first, request.witness == witness else {
            throw TourError("The witnesses of the two machines are not the same: nobody is let in.")
        }
        voice.say("first", "One request waits. Its witness here is   \(request.witness)")
        _ = try await alice.connectClose(request, .accept())
        voice.say("first", "They are the same: the device is accepted.")
    }

    /// Writes an entry, for all devices of the account.
    func write(_ alice: PersonalSession) async throws {
        try await alice.store(.credential).add(Alice.credential)
        _ = try await alice.sync()
        voice.say("first", "A credential for \(Alice.credential.service ?? "") is added and sent, sealed.")
    }

    /// Loses the profile.
    func lose(_ alice: PersonalSession) async throws {
        try await alice.delete()
        guard try await session.personalProfiles().isEmpty else { throw TourError("The profile is still there.") }
        voice.say("first", "The profile and its keys are deleted from this machine.")
    }
}

/// A new device that is connected to the account (guide §6.9).
struct SecondMachine {
    let session: MeshSession
    let voice: Voice

    func ask() async throws -> ConnectionRequest {
        try await session.eraseTest()
        _ = try await session.createDevice(name: "second", description: "The second machine")
        let request = try await session.connect(to: Alice.address)
        voice.say("second", "Asked to be connected. The witness here is \(request.witness)")
        return request
    }

    func complete(_ request: ConnectionRequest) async throws -> PersonalSession {
        let alice = try await session.awaitConnection(
            request,
            polling: Polling(
                firstPause: .milliseconds(20), longestPause: .milliseconds(200), timeout: .seconds(60)))
        voice.say("second", "Connected to \(alice.udf), \(try await alice.connectedDevices().count) devices.")
        return alice
    }

    func read(_ alice: PersonalSession) async throws {
        _ = try await alice.sync()
        guard let key = Alice.credential.primaryKey,
            let found = try await alice.store(.credential).find(key, as: CatalogedCredential.self),
            found.password == Alice.credential.password
        else { throw TourError("The credential has not arrived.") }
        voice.say(
            "second", "Received the credential of \(found.username ?? "") for \(found.service ?? ""), password and all."
        )
    }
}

/// A machine that gets the profile back (guide §6.8).
struct ThirdMachine {
    let session: MeshSession
    let voice: Voice

    func recover(_ shares: [KeyShare]) async throws -> PersonalSession {
        try await session.eraseTest()
        let alice = try await session.recover(from: shares, at: Alice.address, name: "alice").session
        voice.say("third", "Recovered from shares 1 and 3: \(alice.udf)")
        guard let key = Alice.credential.primaryKey,
            let found = try await alice.store(.credential).find(key, as: CatalogedCredential.self),
            found.password == Alice.credential.password
        else { throw TourError("The credential has not come back with the account.") }
        voice.say("third", "The account came with it: the credential is here, and this machine is one of its devices.")
        return alice
    }
}
