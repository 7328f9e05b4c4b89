import MeshCore
import MeshPortals
internal import MeshSessions

/// Makes a device profile for this machine, which becomes its default device if there is none.
///
/// - Returns: its fingerprint.
/// - Throws: as `MeshSession.createDevice`.
@discardableResult
public func createDevice(_ context: LightContext, name: String? = nil) async throws -> UDF {
    try await context.session.createDevice(name: name).udf
}

/// The fingerprint of the default device.
///
/// - Throws: ``PlatformError`` `notFound` if there is none.
public func device(_ context: LightContext) async throws -> UDF { try await context.session.device().udf }

/// Asks for the default device, which is made if there is none, to be connected to an account.
///
/// - Parameters:
///   - account: the account, `name@portal`.
///   - expected: the fingerprint that the account's profile must have, if it is known.
///   - pin: the PIN that an administrator has handed out; without one, people compare what is returned.
/// - Returns: the witness, which an administrator's device shows too: all of it has to be the same.
/// - Throws: as `MeshSession.connect`.
@discardableResult
public func requestConnection(
    _ context: LightContext, to account: String, expecting expected: UDF? = nil, pin: SharedSecret? = nil
) async throws -> String {
    try await context.session.connect(to: account, expecting: expected, pin: pin).witness
}

/// The witness of the request that waits at an account.
///
/// - Throws: ``PlatformError`` `notFound` if none does.
public func connectionWitness(_ context: LightContext, to account: String) async throws -> String {
    try await request(context, account).witness
}

/// Asks once whether the request at an account was answered.
///
/// - Returns: whether this machine is connected now; if not, the request still waits.
/// - Throws: ``PlatformError`` `notFound` if no request waits; as `MeshSession.complete`.
public func pollConnection(_ context: LightContext, to account: String) async throws -> Bool {
    if case .connected = try await context.session.complete(try await request(context, account)) { true } else { false }
}

/// Waits until the request at an account was answered, and this machine is connected.
///
/// - Parameter timeout: how long; nil: until the task is cancelled.
/// - Throws: ``PlatformError`` `notFound` if no request waits; as `MeshSession.awaitConnection`.
public func waitForConnection(_ context: LightContext, to account: String, timeout: Duration? = nil) async throws {
    var polling = Polling.standard
    polling.timeout = timeout
    _ = try await context.session.awaitConnection(try await request(context, account), polling: polling)
}

/// Forgets the requests that wait at an account.
///
/// - Throws: ``PlatformError`` `notFound` if none does.
public func abandonConnection(_ context: LightContext, to account: String) async throws {
    for request in try await requests(context, account) { try await context.session.abandon(request) }
}

private func request(_ context: LightContext, _ account: String) async throws -> ConnectionRequest {
    let all = try await requests(context, account)
    return all[all.count - 1]
}

/// The requests that wait at an account, the oldest first: one at least.
private func requests(_ context: LightContext, _ account: String) async throws -> [ConnectionRequest] {
    let address = try AccountAddress(account)
    let found = try await context.session.connectionRequests().filter { $0.account == address }
    guard !found.isEmpty else { throw LightError(.notFound, "No request for connection waits at \(address).") }
    return found
}
