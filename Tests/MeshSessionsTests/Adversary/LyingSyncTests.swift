import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import MeshPortalService
import MeshPortals
import MeshProfiles
import Testing

@testable import MeshSessions

/// A portal that lies to devices that synchronise: each lie is found out in the exchange in which it is told, and nothing on
/// the machine is changed by it. The lies are told with the service's own key where it is not said otherwise.
struct LyingSyncTests {
    /// Two devices of one account, both up to date.
    private struct Pair {
        let den: Den
        let first: PersonalSession
        let second: PersonalSession
        let machine: MeshMachineCached

        init() async throws {
            den = try await Den()
            first = try await den.session().createAccount("alice@example.com")
            try await first.store(.credential).add(Den.credential("a.example"))
            _ = try await first.sync()
            machine = den.machine()
            second = try await den.connect(den.session(machine), to: first)
            _ = try await second.sync()
            _ = try await first.sync()
        }

        /// The first device writes two runs, which the second has not seen.
        func write() async throws {
            for name in ["b.example", "c.example"] {
                try await first.store(.credential).add(Den.credential(name))
                _ = try await first.sync()
            }
        }

        /// Has the second device synchronise while `lies` are told.
        func hears(
            _ what: String, _ lies: [Lie], _ expected: [any Error], sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            let before = try await MachineState(machine)
            #expect(before.count > 10)
            den.portal.lies = lies
            defer { den.portal.lies = [] }
            do {
                _ = try await second.sync()
                Issue.record("\(what): not found out", sourceLocation: sourceLocation)
            } catch {
                #expect(
                    expected.contains { LyingSyncTests.isSame($0, error) }, "\(what): \(error)",
                    sourceLocation: sourceLocation)
            }
            let after = try await MachineState(machine)
            #expect(after == before, "\(what): \(after.difference(from: before))", sourceLocation: sourceLocation)
        }

        /// And without lies it goes on, to the end.
        func goesOn(_ count: Int, sourceLocation: SourceLocation = #_sourceLocation) async throws {
            _ = try await second.sync()
            #expect(try await second.store(.credential).entries().count == count, sourceLocation: sourceLocation)
        }
    }

    private static func isSame(_ expected: any Error, _ error: any Error) -> Bool {
        switch (expected, error) {
        case (let left as PortalError, let right as PortalError): left == right
        case (let left as SessionError, let right as SessionError): left == right
        case (let left as ProfileError, let right as ProfileError): left == right
        default: false
        }
    }

    private static let forked = PortalError(.forked, "")
    private static let rolledBack = PortalError(.rolledBack, "")
    private static let malformed = PortalError(.malformed, "")
    private static let unauthenticated = PortalError(.unauthenticated, "")

    /// Changes the frames of the credential store.
    private static func frames(_ change: @escaping @Sendable (inout [BinaryValue]) -> Void) -> Lie {
        .service(DownloadRequest.self) { answer, _ in
            guard var update = answer.updates?.first, update.container == "MMM_Credential" else { return }
            change(&update.frames)
            answer.updates = [update]
        }
    }

    /// Changes what is said of the credential store.
    private static func status(_ change: @escaping @Sendable (inout [ContainerStatus], Int) -> Void) -> Lie {
        .service(StatusRequest.self) { answer, _ in
            guard var all = answer.containers, let index = all.firstIndex(where: { $0.container == "MMM_Credential" })
            else { return }
            change(&all, index)
            answer.containers = all
        }
    }

    @Test("Frames that are left out, doubled, in another order, or of another place")
    func framesThatAreNotThoseThatWereWritten() async throws {
        let pair = try await Pair()
        let before = pair.den.store.contents
        try await pair.write()
        let old = before.frames(of: "MMM_Credential", in: .account(pair.first.udf))
        try await pair.hears("the first is left out", [Self.frames { $0.removeFirst() }], [Self.forked])
        try await pair.hears("none at all", [Self.frames { $0 = [] }], [Self.malformed])
        try await pair.hears("reversed", [Self.frames { $0.reverse() }], [Self.forked])
        try await pair.hears(
            "two exchanged behind the first", [Self.frames { if $0.count == 2 { $0.append($0[1]) } }],
            [Self.unauthenticated])
        try await pair.hears("doubled", [Self.frames { $0.insert($0[0], at: 0) }], [Self.unauthenticated])
        try await pair.hears("an old one instead", [Self.frames { $0[0] = BinaryValue(old[1]) }], [Self.forked])
        try await pair.hears(
            "an old one behind", [Self.frames { $0.insert(BinaryValue(old[1]), at: 1) }],
            [
                Self.unauthenticated
            ])
        try await pair.hears("no frame", [Self.frames { $0[0] = BinaryValue([1, 2, 3]) }], [Self.forked])
        try await pair.hears(
            "of another container",
            [
                .service(DownloadRequest.self) { answer, _ in
                    answer.updates = answer.updates?.map {
                        var update = $0
                        update.container = "MMM_Network"
                        return update
                    }
                }
            ], [Self.malformed])
        try await pair.hears(
            "of another index",
            [.service(DownloadRequest.self) { answer, _ in answer.updates?[0].index += 1 }], [Self.malformed])
        // Of frames that are kept back, those before them are taken: they are signed. That the rest is not there is found out.
        pair.den.portal.lies = [Self.frames { _ = $0.popLast() }]
        await #expect(throws: Self.malformed) { try await pair.second.sync() }
        #expect(try await pair.second.store(.credential).entries().count == 2)
        pair.den.portal.lies = []
        try await pair.goesOn(3)
    }

    @Test("Every part of a frame counts: header, content and trailer")
    func editedFrames() async throws {
        let pair = try await Pair()
        try await pair.write()
        let frames = pair.den.store.contents.frames(of: "MMM_Credential", in: .account(pair.first.udf)).suffix(2)
        for (number, frame) in frames.enumerated() {
            for place in stride(from: number, to: frame.count, by: max(1, frame.count / 24)) {
                let lie = Self.frames { frames in
                    // Each of them comes alone if it is asked for alone.
                    guard let found = frames.firstIndex(where: { $0.octets == frame }) else { return }
                    frames[found].octets[place] ^= 0x04
                }
                try await pair.hears(
                    "octet \(place) of frame \(number)", [lie], [Self.unauthenticated, Self.forked, Self.malformed])
            }
        }
        try await pair.goesOn(3)
    }

    @Test("What a portal says of lengths and digests is compared with what it has said before")
    func falseStatus() async throws {
        let pair = try await Pair()
        try await pair.hears("shorter", [Self.status { $0[$1].index -= 1 }], [Self.rolledBack])
        try await pair.hears("gone", [Self.status { $0.remove(at: $1) }], [Self.rolledBack])
        try await pair.hears(
            "nothing", [.service(StatusRequest.self) { answer, _ in answer.containers = nil }],
            [
                Self.rolledBack
            ])
        try await pair.hears("negative", [Self.status { $0[$1].index = -1 }], [Self.malformed])
        try await pair.hears("twice", [Self.status { $0.append($0[$1]) }], [Self.malformed])
        try await pair.hears(
            "another digest", [Self.status { $0[$1].digest = BinaryValue([UInt8](repeating: 1, count: 64)) }],
            [Self.forked])
        try await pair.hears("no digest", [Self.status { $0[$1].digest = BinaryValue([]) }], [Self.forked])
        try await pair.hears(
            "longer", [Self.status { $0[$1].index = .max }], [Self.malformed, PortalError(.rejected, "")])
        try await pair.write()
        try await pair.goesOn(3)
    }

    @Test("The profile of another account, an older one, or one that was edited")
    func falseProfiles() async throws {
        let pair = try await Pair()
        let other = try await pair.den.session().createAccount("bob@example.com")
        let versions = try await pair.machine.profiles.archive(of: pair.first.udf)
        let stranger = other.profile.envelope
        try await pair.hears(
            "another account's", [.service(StatusRequest.self) { answer, _ in answer.profile = stranger }],
            [ProfileError(.wrongProfile, "")])
        let firsts = try await pair.first.platform.profiles.archive(of: pair.first.udf)
        let old = try #require((versions + firsts).first { $0 != pair.second.profile.signed })
        let oldEnvelope = try VerifiedProfile<ProfileUser>(verifying: old).envelope
        try await pair.hears(
            "an older one", [.service(StatusRequest.self) { answer, _ in answer.profile = oldEnvelope }],
            [ProfileError(.rolledBack, ""), ProfileError(.conflict, "")])
        var edited = pair.first.profile.envelope
        edited.body[edited.body.count / 2] ^= 1
        try await pair.hears(
            "an edited one", [.service(StatusRequest.self) { [edited] answer, _ in answer.profile = edited }],
            [ProfileError(.badSignature, ""), ProfileError(.malformed, ""), ProfileError(.badKey, "")])
        try await pair.goesOn(1)
    }

    @Test("Frames that no device of the account has signed for that store")
    func forgedFrames() async throws {
        let pair = try await Pair()
        let third = try await pair.den.connect(pair.den.session(), to: pair.first)
        _ = try await pair.first.remove(try await third.context().record.device)
        _ = try await pair.second.sync()
        #expect(try await pair.second.connectedDevices().count == 2)
        let member = try await pair.second.context()
        let administrator = try await pair.first.context()
        let removed = try await third.context().keys.signature
        let stranger = try PrivateKey.generate(.ed448, from: SystemRandomSource())

        func run(_ store: StoreName, _ signer: RunSigner?) throws -> PreparedFrames {
            let opened = try OpenedStore(store, keys: member.storeKeys, platform: pair.machine)
            let replica = try #require(opened.replica)
            return try replica.prepareRun(signedBy: signer) { transaction in
                if store == .device {
                    let key = try #require(try replica.keys.first)
                    _ = try transaction.delete(key, from: nil)
                } else {
                    _ = try transaction.add(Den.credential("evil.example"))
                }
            }.frames
        }
        func lies(_ store: StoreName, _ run: PreparedFrames) -> [Lie] {
            let name = store.containerName
            return [
                .service(StatusRequest.self) { answer, _ in
                    guard let index = answer.containers?.firstIndex(where: { $0.container == name }) else { return }
                    answer.containers?[index] = ContainerStatus(
                        container: name, index: run.after.count, digest: run.after.digest)
                },
                .service(DownloadRequest.self) { answer, asked in
                    guard let asked = asked.select.first, asked.container == name else { return }
                    answer.status = .success
                    answer.updates = [
                        ContainerUpdate(
                            container: name, index: asked.indexMin, digest: run.before.digest,
                            frames: Array(run.frames.dropFirst(asked.indexMin - run.first)))
                    ]
                },
            ]
        }
        let account = pair.first.udf
        let scope = RunScope(account: account, store: "MMM_Credential")
        let devices = RunScope(account: account, store: "MMM_Device")
        let forgeries: [(String, StoreName, RunSigner?)] = [
            ("unsigned", .credential, nil),
            ("by a stranger", .credential, RunSigner(scope, key: stranger)),
            ("by a removed device", .credential, RunSigner(scope, key: removed)),
            ("by the service", .credential, RunSigner(scope, key: pair.den.key)),
            (
                "by the administrator key, which signs no credentials", .credential,
                RunSigner(scope, key: try administrator.administratorKeys().administratorSignature)
            ),
            ("for another store", .credential, RunSigner(devices, key: administrator.keys.signature)),
            (
                "for another account", .credential,
                RunSigner(
                    RunScope(account: pair.den.service.profile.udf, store: "MMM_Credential"),
                    key: administrator.keys.signature)
            ),
            ("unsigned in the device catalog", .device, nil),
            ("by a stranger in the device catalog", .device, RunSigner(devices, key: stranger)),
            ("by a removed device in the device catalog", .device, RunSigner(devices, key: removed)),
            ("by a member in the device catalog", .device, RunSigner(devices, key: member.keys.signature)),
            (
                "by the account's own key in the device catalog", .device,
                RunSigner(devices, key: try #require(administrator.keys.person).signature)
            ),
        ]
        for (what, store, signer) in forgeries {
            // A run that nobody signed is not complete: the portal has to show the rest of it, and has none.
            try await pair.hears(
                what, lies(store, try run(store, signer)), [Self.unauthenticated, Self.malformed])
        }
        // The same with a right signature is taken: it is the signature that the others were refused for.
        pair.den.portal.lies = lies(
            .credential, try run(.credential, RunSigner(scope, key: administrator.keys.signature)))
        _ = try await pair.second.sync()
        pair.den.portal.lies = []
        #expect(try await pair.second.store(.credential).entries().count == 2)
    }

    @Test("Answers that are none to the question, or that the service did not give")
    func falseAnswers() async throws {
        let pair = try await Pair()
        _ = try await pair.second.sync()
        let old = try #require(
            pair.den.portal.seen.last {
                (try? PortalWire.decodeRequest($0.0.body, limit: 1 << 24).transaction) == .status
            })
        let stranger = try PrivateKey.generate(.ed448, from: SystemRandomSource())
        let lies: [(String, Lie, [PortalError])] = [
            ("an old answer", .wire(.status) { _, answer in answer = old.1 }, [Self.unauthenticated]),
            (
                "an old answer to Hello", .wire(.hello) { _, answer in answer = old.1 },
                [
                    Self.unauthenticated, Self.malformed,
                ]
            ),
            ("no signature", .wire(.status) { _, answer in answer.authorization = nil }, [Self.unauthenticated]),
            ("another body", .wire(.status) { _, answer in answer.body.append(0x20) }, [Self.unauthenticated]),
            ("another status", .wire(.status) { _, answer in answer.status = 404 }, [Self.unauthenticated]),
            (
                "another key",
                Lie { request, answer, _ in
                    try Lie.signed(answer.body, answer.status, to: request, by: stranger)
                }, [PortalError(.serviceChanged, ""), Self.unauthenticated]
            ),
            (
                "body says no", .service(StatusRequest.self) { answer, _ in answer.status = .notFound },
                [
                    PortalError(.notFound, "")
                ]
            ),
            (
                "body says nothing", .service(StatusRequest.self) { answer, _ in answer.status = nil },
                [
                    PortalError(.serviceFailed, "")
                ]
            ),
            (
                "no JSON", Lie { request, answer, key in try Lie.signed([0x7B], 201, to: request, by: key) },
                [
                    Self.malformed
                ]
            ),
        ]
        for (what, lie, expected) in lies { try await pair.hears(what, [lie], expected) }
        // Another service under the same name.
        let other = try await Den()
        let mine = pair.den.portal.handler
        pair.den.portal.handler = other.service
        try await pair.hears("another service", [], [PortalError(.serviceChanged, "")])
        pair.den.portal.handler = mine
        try await pair.goesOn(1)
    }

    @Test("A portal that was put back to an earlier state, and one that goes on from there")
    func rollback() async throws {
        let pair = try await Pair()
        let backup = pair.den.store.contents
        try await pair.write()
        try await pair.goesOn(3)
        let restored = try await pair.den.another(backup)
        pair.den.portal.handler = restored.service
        try await pair.hears("put back", [], [Self.rolledBack])
        await #expect(throws: Self.rolledBack) { try await pair.first.sync() }

        // Another side of the history goes on by as many frames.
        pair.den.portal.handler = pair.den.service
        let third = try await pair.den.connect(pair.den.session(), to: pair.first)
        _ = try await pair.second.sync()
        let view = pair.den.store.contents
        for name in ["d.example", "e.example"] {
            try await third.store(.credential).add(Den.credential(name))
            _ = try await third.sync()
        }
        _ = try await pair.second.sync()
        let forked = try await pair.den.another(view)
        pair.den.portal.handler = forked.service
        for name in ["f.example", "g.example"] {
            try await pair.first.store(.credential).add(Den.credential(name))
            _ = try await pair.first.sync()
        }
        try await pair.hears("forked, as long", [], [Self.forked])
        try await pair.first.store(.credential).add(Den.credential("h.example"))
        _ = try await pair.first.sync()
        try await pair.hears("forked, longer", [], [Self.forked])
        // Its own changes are not lost by it.
        try await pair.second.store(.credential).add(Den.credential("mine.example"))
        try await pair.hears("forked, with something to send", [], [Self.forked])
        pair.den.portal.handler = pair.den.service
        #expect(try await pair.second.sync().sent == [.credential: 1])
    }

    @Test(
        "Two devices that are shown different histories find out when they meet, and when they are shown each other's")
    func twoViews() async throws {
        let pair = try await Pair()
        let other = try await pair.den.another(pair.den.store.contents)
        let second = MeshSession(pair.machine, portal: LyingPortal(other.service, key: pair.den.key))
        let divided = try await second.personalSession()
        try await pair.first.store(.credential).add(Den.credential("b.example"))
        _ = try await pair.first.sync()
        try await divided.store(.credential).add(Den.credential("c.example"))
        _ = try await divided.sync()
        let states = (try await MachineState(pair.machine), try await MachineState(pair.first.platform))
        for (left, right) in [(pair.first, divided), (divided, pair.first)] {
            let statement = try await left.historyStatement().envelope.value
            await #expect(throws: SessionError(.historyForked, "")) { try await right.check(statement) }
        }
        await #expect(throws: Self.forked) { try await pair.second.sync() }
        #expect(try await MachineState(pair.machine) == states.0)
        #expect(try await MachineState(pair.first.platform) == states.1)
    }

    @Test("A device removed from the account does not get its data any more, and cannot write")
    func removedDevice() async throws {
        let pair = try await Pair()
        try await pair.first.store(.device).delete(try await pair.second.context().record.device.text, from: nil)
        _ = try await pair.first.sync()
        try await pair.second.store(.credential).add(Den.credential("late.example"))
        try await pair.hears("removed", [], [PortalError(.deviceRevoked, "")])
        let frames = pair.den.store.contents.frames(of: "MMM_Credential", in: .account(pair.first.udf)).count
        await #expect(throws: PortalError(.deviceRevoked, "")) { try await pair.second.commit() }
        #expect(pair.den.store.contents.frames(of: "MMM_Credential", in: .account(pair.first.udf)).count == frames)
    }
}
