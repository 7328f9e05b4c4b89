import MeshCore
import MeshCryptography
import MeshPortals
import Testing

/// The window is reached as a service reaches it: by requests that are right in everything else.
struct NonceWindowTests {
    private typealias Signed = RequestAuthorizationTests
    private let start = RequestAuthorizationTests.now.secondsSince1970
    private let key: PrivateKey

    init() throws { key = try RequestAuthorizationTests.key(.ed25519) }

    private func request(_ seconds: Int64, _ key: PrivateKey? = nil) throws -> PortalRequest {
        try Signed.signed(key ?? self.key, time: Timestamp(secondsSince1970: start + seconds), showingKey: true)
    }

    /// What comes of `request` when the service's clock shows `seconds`.
    private func outcome(_ request: PortalRequest, at seconds: Int64, _ window: NonceWindow) throws -> PortalError.Code?
    {
        let authorization = try RequestAuthorization(parsing: try #require(request.authorization))
        let key = try #require(authorization.key)
        do throws(PortalError) {
            _ = try authorization.verify(
                request, of: .status, by: key,
                as: RequestExpectation(
                    portal: Signed.portal, epoch: Signed.epoch, now: Timestamp(secondsSince1970: start + seconds)),
                remembering: window)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func nothingIsForgottenEarly() throws {
        let window = NonceWindow(epoch: Signed.epoch, tolerance: 120)
        let early = try request(120)
        #expect(try outcome(early, at: 0, window) == nil)
        for seconds in [0, 1, 120, 239, 240] as [Int64] {
            #expect(try outcome(early, at: seconds, window) == .unauthorized, "\(seconds)")
            #expect(window.count == 1)
        }
        #expect(try outcome(early, at: 241, window) == .wrongClock)
        #expect(try outcome(try request(241), at: 241, window) == nil)
        #expect(window.count == 1)
    }

    /// A clock that goes forward for a while and back again lets nothing in twice, and lets new requests in.
    @Test func steppedClocks() throws {
        let window = NonceWindow(epoch: Signed.epoch, tolerance: 120)
        let first = try request(0)
        #expect(try outcome(first, at: 0, window) == nil)
        // Forward by an hour: the nonce is forgotten.
        #expect(try outcome(try request(3600), at: 3600, window) == nil)
        #expect(window.count == 1)
        // Back: its time is accepted again, but it is not.
        #expect(try outcome(first, at: 1, window) == .wrongClock)
        #expect(try outcome(try request(1), at: 1, window) == nil)
        // Back by more than there ever was.
        #expect(try outcome(try request(-500), at: -500, window) == .wrongClock)
        #expect(try outcome(try request(2), at: 2, window) == nil)
    }

    @Test func whatIsFullRefuses() throws {
        let window = NonceWindow(epoch: Signed.epoch, tolerance: 120, capacity: 5, perKey: 3)
        let first = try request(0)
        #expect(try outcome(first, at: 0, window) == nil)
        for _ in 0..<2 { #expect(try outcome(try request(0), at: 0, window) == nil) }
        // One key has its share, another has room.
        #expect(try outcome(try request(0), at: 0, window) == .overloaded)
        let other = try Signed.key(.ed25519)
        for _ in 0..<2 { #expect(try outcome(try request(0, other), at: 0, window) == nil) }
        #expect(try outcome(try request(0, other), at: 0, window) == .overloaded)
        // What is full still knows what it saw.
        #expect(try outcome(first, at: 0, window) == .unauthorized)
        #expect(window.count == 5)
        #expect(try outcome(try request(121), at: 121, window) == nil)
        #expect(window.count == 1)
    }

    /// Of many that bring the same request at once, one is accepted.
    @Test func oneOfManyAtOnce() async throws {
        let window = NonceWindow(epoch: Signed.epoch)
        let request = try request(0)
        let accepted = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<32 { group.addTask { try outcome(request, at: 0, window) == nil } }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(accepted == 1)
    }
}
