import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPortalService
import MeshPortals
import MeshProfiles
import Synchronization
import Testing

/// What is sent to a portal is anything at all.
struct BadInputTests {
    /// Signs a body as it is, and tells how it is answered.
    private func status(
        _ body: [UInt8], _ transaction: PortalTransaction, _ signer: Signer?, _ portal: TestPortal
    ) async throws -> PortalStatus {
        var request = PortalRequest(portal: TestPortal.domain, body: body)
        request.authorization = try signer?.authorization(transaction, body, portal).encoded()
        let service = try portal.service
        let response = await service.handle(request)
        let verified = try ResponseAuthorization.verify(
            response, to: request, by: service.profile.content.serviceSignature)
        #expect(!verified.body.isEmpty)
        return PortalStatus(rawValue: response.status)
    }

    /// A good body of that kind, and who may send it.
    private func good(_ transaction: PortalTransaction) async throws -> (Town, [UInt8], Signer?) {
        let town = try await Town()
        let signer: Signer?
        switch transaction.access {
        case .anyone: signer = nil
        case .holder: signer = try town.signer(.pendingDevice, transaction)
        default: signer = try town.signer(.administrator, transaction)
        }
        _ = try await town.ask(transaction, signer)
        return (town, try #require(town.portal.sent.withLock { $0 }).body, signer)
    }

    @Test("A body that is cut off anywhere is refused, and changes nothing", arguments: PortalTransaction.allCases)
    func truncated(_ transaction: PortalTransaction) async throws {
        let (town, body, signer) = try await good(transaction)
        let before = try await town.portal.snapshot(town.alice.udf, town.bob.udf)
        for length in stride(from: 0, to: body.count, by: max(1, body.count / 40)) {
            let status = try await status(Array(body[..<length]), transaction, signer, town.portal)
            #expect([.badRequest, .unauthorized, .unknownOperation].contains(status), "\(length): \(status)")
        }
        #expect(try await town.portal.snapshot(town.alice.udf, town.bob.udf) == before)
        #expect(town.portal.events.withLock { $0.isEmpty })
    }

    @Test(
        "A member of another type, or an absurd one, is refused or ignored; nothing fails",
        arguments: PortalTransaction.allCases)
    func wrongTypes(_ transaction: PortalTransaction) async throws {
        let (town, body, signer) = try await good(transaction)
        let tree = try #require(try JSONValue(decoding: body).object)
        let name = try #require(tree.names.first)
        let message = try #require(tree[name]?.object)
        let values: [JSONValue] = [
            .null, true, 0, -1, .number("1.5"), .number("1e999"), .number(String(repeating: "9", count: 400)),
            .integer(Int64.max), .integer(Int64.min), "", "x", .string("\u{0}"),
            .string(String(repeating: "A", count: 5000)), [], [[:]], [0], ["x", "x"], [:], ["a": ["b": []]],
            .binary([UInt8](repeating: 0, count: 300)), ["MMM_Device", "MMM_Device"],
        ]
        let before = try await town.portal.snapshot(town.alice.udf, town.bob.udf)
        for member in message.names {
            for value in values {
                var changed = message
                changed[member] = value
                var whole = JSONObject()
                whole[name] = .object(changed)
                let octets = JSONValue.object(whole).compact
                let status = try await status(octets, transaction, signer, town.portal)
                #expect(status.rawValue < 500, "\(transaction).\(member) = \(value): \(status)")
                // Members that may be absent may be null or empty.
                if !status.isSuccess || transaction.access == .anyone {
                    #expect(
                        try await town.portal.snapshot(town.alice.udf, town.bob.udf) == before,
                        "\(transaction).\(member) = \(value)")
                }
            }
        }
        #expect(town.portal.events.withLock { $0.isEmpty })
    }

    @Test("What is no transaction is said to be none; the name of a message is as good as that of its transaction")
    func names() async throws {
        let portal = try await TestPortal()
        let rows: [(String, PortalStatus)] = [
            (#"{"Steal":{}}"#, .unknownOperation), (#"{"HelloResponse":{}}"#, .unknownOperation),
            (#"{"hello":{}}"#, .unknownOperation), (#"{"":{}}"#, .unknownOperation), ("{}", .badRequest),
            (#"{"Hello":{},"Get":{}}"#, .badRequest), (#"{"Hello":null}"#, .badRequest), (#"["Hello"]"#, .badRequest),
            (#"{"ValidateAccount":{}}"#, .badRequest), (#"{"ValidateAccount":{"Account":null}}"#, .badRequest),
            (#"{"Get":{}}"#, .badRequest), (#"{"Status":{}}"#, .unauthorized), (#"{"Get":{"Account":""}}"#, .notFound),
            (#"{"HelloRequest":{}}"#, .success), (#"{"Hello":{"Portal":"x","Extra":[1]}}"#, .success),
            (#"{"ValidateAccountRequest":{"Account":"alice@example.com"}}"#, .success),
            (#"{"ValidateRequest":{"Account":"alice@example.com"}}"#, .success),
            (#"{"CreateRequest":{}}"#, .unauthorized),
            (#"{"DeleteRequest":{"Account":"alice@example.com"}}"#, .unauthorized),
        ]
        let before = try await portal.snapshot()
        for (text, expected) in rows {
            let status = try await status(Array(text.utf8), .hello, nil, portal)
            #expect(status == expected, "\(text): \(status)")
        }
        #expect(try await portal.snapshot() == before)
        #expect(portal.events.withLock { $0.isEmpty })
    }

    @Test("Sizes come first: what is too long is not parsed, and an authorization that is none is not believed")
    func sizes() async throws {
        let portal = try await TestPortal()
        let alice = try await TestPerson.joined(portal, "alice@example.com")
        let before = try await portal.snapshot(alice.udf)
        // Not JSON at all: who parsed it would say so.
        let anonymous = [UInt8](repeating: 0x7B, count: portal.limits.anonymousBody + 1)
        #expect(try await status(anonymous, .get, nil, portal) == .tooLarge)
        #expect(try await status(Array(anonymous.dropLast()), .get, nil, portal) == .badRequest)
        let signed = [UInt8](repeating: 0x7B, count: portal.limits.signedBody + 1)
        #expect(try await status(signed, .transact, alice.administrator, portal) == .tooLarge)
        // Whoever signs with a key of their own may send no more than anyone.
        let body = try PortalWire.encode(
            PollClaimRequest(publisher: alice.address, publicationID: String(repeating: "x", count: 300_000)))
        #expect(try await status(body, .pollClaim, alice.owner, portal) == .tooLarge)
        var request = PortalRequest(
            portal: TestPortal.domain, body: try PortalWire.encode(StatusRequest(account: alice.address)))
        for authorization in [[], [0x7B], Array("{}".utf8), [UInt8](repeating: 0x5B, count: 1 << 20)] as [[UInt8]] {
            request.authorization = authorization
            let response = await (try portal.service).handle(request)
            #expect(response.status == 400 || response.status == 401)
        }
        #expect(try await portal.snapshot(alice.udf) == before)
        #expect(portal.events.withLock { $0.isEmpty })
    }

    @Test(
        "Frames that are not whole runs of this account's store by who may sign them are refused, and none is appended")
    func foreignFrames() async throws {
        let town = try await Town()
        let (alice, bob, portal) = (town.alice, town.bob, town.portal)
        let own = try #require(alice.device.keys).signature
        let entry = CatalogedBookmark()
        func frames(
            _ store: StoreName, _ key: PrivateKey?, of person: TestPerson, scope: RunScope? = nil
        ) throws -> PreparedFrames {
            try person.prepare(store, by: key, scope: scope) {
                try $0.add("https://example.com/1", CatalogFrame(entry.encoded.compact))
                try $0.add("https://example.com/2", CatalogFrame(entry.encoded.compact))
            }
        }
        func update(_ frames: PreparedFrames, _ change: (inout ContainerUpdate) -> Void = { _ in }) -> ContainerUpdate {
            var update = alice.update(.bookmark, frames)
            change(&update)
            return update
        }
        let good = try frames(.bookmark, own, of: alice)
        let bobs = try frames(.bookmark, try #require(bob.device.keys).signature, of: bob)
        let revoked = try #require(town.revoked.keys).signature
        let stranger = try PrivateKey.generate(.ed448, from: portal.random)
        let pending = town.pending.baseSignature
        let cases: [(String, ContainerUpdate, Set<PortalStatus>)] = [
            ("another account's", update(bobs), [.invalid]),
            ("another store's", update(try frames(.credential, own, of: alice)), [.invalid]),
            (
                "another account's scope",
                update(try frames(.bookmark, own, of: alice, scope: RunScope(account: bob.udf, store: "MMM_Bookmark"))),
                [.invalid]
            ),
            ("unsigned", update(try frames(.bookmark, nil, of: alice)), [.invalid]),
            ("by a removed device", update(try frames(.bookmark, revoked, of: alice)), [.invalid]),
            ("by a stranger", update(try frames(.bookmark, stranger, of: alice)), [.invalid]),
            ("by a device that waits", update(try frames(.bookmark, pending, of: alice)), [.invalid]),
            (
                "the account's own key",
                update(try frames(.bookmark, alice.administration.administratorSignature, of: alice)),
                [.invalid]
            ),
            ("the last cut off", update(good) { $0.frames.removeLast() }, [.invalid]),
            ("the first left out", update(good) { $0.frames.removeFirst() }, [.invalid]),
            ("twice", update(good) { $0.frames += $0.frames }, [.invalid]),
            ("out of order", update(good) { $0.frames.swapAt(1, 2) }, [.invalid]),
            ("none", update(good) { $0.frames = [] }, [.badRequest]),
            ("no frame", update(good) { $0.frames[1] = BinaryValue([1, 2, 3]) }, [.invalid]),
            ("a bit changed", update(good) { $0.frames[2].octets[20] ^= 1 }, [.invalid]),
            ("elsewhere", update(good) { $0.index = 1 }, [.conflict]),
            ("far behind", update(good) { $0.index = .max }, [.conflict]),
            ("before the beginning", update(good) { $0.index = -1 }, [.conflict]),
            ("after something else", update(good) { $0.digest = BinaryValue([1]) }, [.conflict]),
            ("of no store", update(good) { $0.container = "MMM_Nothing" }, [.badRequest]),
            ("of a path", update(good) { $0.container = "../MMM_Device" }, [.badRequest]),
        ]
        let before = try await portal.snapshot(alice.udf, bob.udf)
        for (what, update, expected) in cases {
            let status = try await portal.status(
                TransactRequest(account: alice.address, updates: [update]), by: alice.administrator)
            #expect(expected.contains(status ?? .internalError), "\(what): \(String(describing: status))")
            #expect(try await portal.snapshot(alice.udf, bob.udf) == before, "\(what)")
        }
        #expect(
            try await portal.status(
                TransactRequest(account: alice.address, updates: [update(good)]), by: alice.administrator) == .success)
        #expect(portal.events.withLock { $0.isEmpty })
    }

    @Test("A member's device changes no store that the portal acts by, whoever sends its frames")
    func memberRuns() async throws {
        let town = try await Town()
        let (alice, portal) = (town.alice, town.portal)
        let key = try #require(town.member.keys).signature
        let before = try await portal.snapshot(alice.udf)
        let added = try alice.admit(try TestDevice(portal, "smuggled"), rights: [.administrator])
        let byMember = try alice.prepare(.device, by: key) { try $0.add(added.entry) }
        let published = CatalogedPublication(id: "smuggled")
        let publication = try alice.prepare(.publication, by: key) { try $0.add(published) }
        for (store, frames) in [(StoreName.device, byMember), (.publication, publication)] {
            for (signer, expected) in [
                (alice.signer(town.member), PortalStatus.unauthorized), (alice.administrator, .invalid),
            ] {
                let status = try await portal.status(
                    TransactRequest(account: alice.address, updates: [alice.update(store, frames)]), by: signer)
                #expect(status == expected, "\(store)")
                #expect(try await portal.snapshot(alice.udf) == before)
            }
        }
    }
}
