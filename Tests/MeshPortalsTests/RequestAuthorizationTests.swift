import MeshCore
import MeshCryptography
import MeshPortals
import Synchronization
import Testing

struct RequestAuthorizationTests {
    static let now = Timestamp(secondsSince1970: 1_800_000_000)
    static let random = SeededRandomSource(seed: 4)
    static let epoch = RequestAuthorization.makeEpoch(from: random)
    static let body = Array(#"{"Status":{"Account":"alice@example.com"}}"#.utf8)
    static let portal = "example.com"

    let expectation = RequestExpectation(portal: portal, epoch: epoch, now: now)
    let window = NonceWindow(epoch: epoch)

    static func key(_ algorithm: KeyAlgorithm = .ed448) throws -> PrivateKey {
        try PrivateKey.generate(algorithm, from: random)
    }

    static func signed(
        _ key: PrivateKey, body: [UInt8] = body, account: String = "alice@example.com", portal: String = portal,
        transaction: PortalTransaction = .status, epoch: String = epoch, time: Timestamp = now, showingKey: Bool = false
    ) throws -> PortalRequest {
        let authorization = try RequestAuthorization(
            transaction, body: body, account: account, portal: portal, epoch: epoch, time: time, random: random,
            key: key, showingKey: showingKey)
        return PortalRequest(portal: portal, authorization: try authorization.encoded(), body: body)
    }

    private func verify(
        _ request: PortalRequest, by key: PublicKey, of transaction: PortalTransaction = .status
    ) throws -> AuthenticatedRequest {
        try RequestAuthorization(parsing: try #require(request.authorization)).verify(
            request, of: transaction, by: key, as: expectation, remembering: window)
    }

    @Test(arguments: [KeyAlgorithm.ed448, .ed25519], [false, true])
    func whatIsSignedIsAccepted(algorithm: KeyAlgorithm, showingKey: Bool) throws {
        let key = try Self.key(algorithm)
        let request = try Self.signed(key, showingKey: showingKey)
        let authorization = try RequestAuthorization(parsing: try #require(request.authorization))
        #expect(authorization.key == (showingKey ? key.publicKey : nil))
        let verified = try verify(request, by: key.publicKey)
        #expect(verified.key == key.publicKey && verified.kid == key.publicKey.udf)
        #expect(verified.account == "alice@example.com" && verified.transaction == .status)
        #expect(verified.time == Self.now && verified.nonce == authorization.nonce)
        // Once.
        #expect(throws: PortalError(.unauthorized, "")) { try verify(request, by: key.publicKey) }
    }

    @Test func everythingElseIsRefused() throws {
        let key = try Self.key()
        func refused(
            _ code: PortalError.Code, _ request: PortalRequest, by other: PublicKey? = nil,
            of transaction: PortalTransaction = .status, _ what: String
        ) {
            #expect(throws: PortalError(code, ""), "\(what)") {
                try verify(request, by: other ?? key.publicKey, of: transaction)
            }
        }
        let good = try Self.signed(key)
        refused(.unauthorized, good, by: try Self.key().publicKey, "another key")
        refused(.unauthorized, good, of: .transact, "another transaction")
        refused(.unauthorized, try Self.signed(key, portal: "example.org"), "another portal")
        var request = try Self.signed(key, portal: "example.org")
        request.portal = Self.portal
        refused(.unauthorized, request, "signed for another portal")
        request = good
        request.portal = "example.org"
        refused(.unauthorized, request, "sent to another portal")
        request = good
        request.body.append(0x20)
        refused(.unauthorized, request, "another body")
        request = good
        request.authorization = try Self.signed(key, account: "bob@example.com").authorization
        #expect(try verify(request, by: key.publicKey).account == "bob@example.com")
        refused(.staleEpoch, try Self.signed(key, epoch: "other"), "another epoch")
        for distance in [-121, 121, -100_000_000_000, 100_000_000_000] as [Int64] {
            let time = Timestamp(secondsSince1970: Self.now.secondsSince1970 + distance)
            refused(.wrongClock, try Self.signed(key, time: time), "\(distance) s")
        }
        for distance in [-120, 120] as [Int64] {
            let time = Timestamp(secondsSince1970: Self.now.secondsSince1970 + distance)
            _ = try verify(try Self.signed(key, time: time), by: key.publicKey)
        }
        // What was refused took no nonce.
        _ = try verify(good, by: key.publicKey)
        let agreement = try Self.key(.x448)
        #expect(throws: PortalError(.unauthorized, "")) { try Self.signed(agreement) }
    }

    /// An authorization that is not the one in the request proves nothing of the request.
    @Test func theAuthorizationOfAnotherRequest() throws {
        let key = try Self.key()
        let good = try Self.signed(key)
        let authorization = try RequestAuthorization(parsing: try #require(good.authorization))
        var other = good
        other.authorization = nil
        #expect(throws: PortalError(.unauthorized, "")) {
            try authorization.verify(
                other, of: .status, by: key.publicKey, as: expectation, remembering: window)
        }
        let otherWindow = NonceWindow(epoch: "another life")
        #expect(throws: PortalError(.staleEpoch, "")) {
            try authorization.verify(
                good, of: .status, by: key.publicKey, as: expectation, remembering: otherWindow)
        }
    }

    /// Any bit of an authorization, and of its body.
    @Test(arguments: [KeyAlgorithm.ed448, .ed25519])
    func everyFlippedBitIsRefused(algorithm: KeyAlgorithm) throws {
        let key = try Self.key(algorithm)
        for showingKey in [false, true] {
            let good = try Self.signed(key, showingKey: showingKey)
            let octets = try #require(good.authorization)
            for place in octets.indices {
                for bit in 0..<8 {
                    var request = good
                    request.authorization?[place] ^= 1 << bit
                    #expect(throws: PortalError.self, "octet \(place), bit \(bit)") {
                        try verify(request, by: key.publicKey)
                    }
                }
            }
            for place in good.body.indices {
                var request = good
                request.body[place] ^= 1
                #expect(throws: PortalError(.unauthorized, "")) { try verify(request, by: key.publicKey) }
            }
            _ = try verify(good, by: key.publicKey)
        }
    }

    @Test(arguments: [
        "", "{}", "[]", "null", "{\"kid\":1}", String(repeating: "[", count: 8000), String(repeating: " ", count: 9000),
    ])
    func whatIsNone(text: String) {
        #expect(throws: PortalError(.malformed, "")) { try RequestAuthorization(parsing: Array(text.utf8)) }
        #expect(throws: PortalError(.malformed, "")) { try ResponseAuthorization(parsing: Array(text.utf8)) }
    }

    @Test func theFormIsTheOnlyOne() throws {
        let text = String(decoding: try #require(try Self.signed(Self.key()).authorization), as: UTF8.self)
        for other in [
            text + " ", " " + text, text.replacing(":", with: ": ", maxReplacements: 1),
            text.replacing("}", with: ",\"x\":1}"), text.replacing("{", with: "{\"kid\":\"a\","),
        ] {
            #expect(throws: PortalError(.malformed, ""), "\(other)") {
                try RequestAuthorization(parsing: Array(other.utf8))
            }
        }
        #expect(throws: PortalError(.malformed, "")) {
            try Self.signed(Self.key(), account: String(repeating: "a", count: 9000))
        }
    }

    /// A key that is sent along must be the one that is named.
    @Test func theShownKeyIsTheNamedOne() throws {
        let key = try Self.key()
        let other = try Self.signed(Self.key(), showingKey: true)
        let own = try RequestAuthorization(parsing: try #require(Self.signed(key).authorization))
        let foreign = try RequestAuthorization(parsing: try #require(other.authorization))
        let text = String(decoding: try #require(other.authorization), as: UTF8.self)
            .replacing(foreign.kid.text, with: own.kid.text)
        #expect(throws: PortalError(.malformed, "")) { try RequestAuthorization(parsing: Array(text.utf8)) }
    }
}
