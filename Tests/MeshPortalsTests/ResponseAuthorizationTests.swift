import MeshCore
import MeshCryptography
import MeshPortals
import Testing

struct ResponseAuthorizationTests {
    private let request = PortalRequest(
        portal: "example.com", authorization: [1, 2, 3], body: Array(#"{"Get":{"Account":"alice@example.com"}}"#.utf8))
    private let body = Array(#"{"GetResponse":{"Status":404}}"#.utf8)
    private let key: PrivateKey

    init() throws { key = try RequestAuthorizationTests.key() }

    private func answer(_ key: PrivateKey) throws -> PortalResponse {
        let authorization = try ResponseAuthorization(to: request.digest, status: 404, body: body, key: key)
        return PortalResponse(status: 404, authorization: try authorization.encoded(), body: body)
    }

    @Test func theServicesAnswer() throws {
        let verified = try ResponseAuthorization.verify(try answer(key), to: request, by: key.publicKey)
        #expect(verified.status == 404 && verified.body == body && verified.service == key.publicKey)
        let small = try RequestAuthorizationTests.key(.ed25519)
        _ = try ResponseAuthorization.verify(try answer(small), to: request, by: small.publicKey)
    }

    @Test func whatIsNotIt() throws {
        func refused(
            _ code: PortalError.Code, _ response: PortalResponse, to request: PortalRequest? = nil, _ what: String
        ) {
            #expect(throws: PortalError(code, ""), "\(what)") {
                try ResponseAuthorization.verify(response, to: request ?? self.request, by: key.publicKey)
            }
        }
        let good = try answer(key)
        var other = good
        other.authorization = nil
        refused(.unauthenticated, other, "unsigned")
        refused(.serviceChanged, try answer(RequestAuthorizationTests.key()), "another key")
        other = good
        other.status = 201
        refused(.unauthenticated, other, "another status")
        other = good
        other.body = Array(#"{"GetResponse":{"Status":201}}"#.utf8)
        refused(.unauthenticated, other, "another body")
        // The name of the right key beside the signature of another.
        let name = try ResponseAuthorization(parsing: try #require(good.authorization)).kid.text
        let forged = try answer(RequestAuthorizationTests.key())
        let forgedName = try ResponseAuthorization(parsing: try #require(forged.authorization)).kid.text
        other = good
        other.authorization = Array(
            String(decoding: try #require(forged.authorization), as: UTF8.self).replacing(forgedName, with: name).utf8)
        refused(.unauthenticated, other, "another key under the name")
        var asked = request
        asked.authorization = [1, 2]
        refused(.unauthenticated, good, to: asked, "another authorization")
        asked.authorization = nil
        refused(.unauthenticated, good, to: asked, "no authorization")
        asked = request
        asked.body.append(0x20)
        refused(.unauthenticated, good, to: asked, "another request")
        asked = request
        asked.portal = "example.org"
        refused(.unauthenticated, good, to: asked, "another portal")
    }

    @Test func everyFlippedBitIsRefused() throws {
        let good = try answer(key)
        for place in try #require(good.authorization).indices {
            for bit in 0..<8 {
                var other = good
                other.authorization?[place] ^= 1 << bit
                #expect(throws: PortalError.self, "octet \(place), bit \(bit)") {
                    try ResponseAuthorization.verify(other, to: request, by: key.publicKey)
                }
            }
        }
    }

    /// No two requests have one digest because their parts run into one another.
    @Test func partsOfRequests() {
        let requests = [
            PortalRequest(portal: "ab", authorization: [0x63], body: []),
            PortalRequest(portal: "a", authorization: [0x62, 0x63], body: []),
            PortalRequest(portal: "ab", authorization: nil, body: [0x63]),
            PortalRequest(portal: "ab", authorization: [], body: [0x63]),
        ]
        #expect(Set(requests.map(\.digest)).count == requests.count)
    }
}
