import MeshEncoding

/// A request of the portal protocol (sessions specification §B3).
public protocol PortalRequestMessage: TaggedObject {
    /// The answer to it.
    associatedtype Response: PortalResponseMessage
    /// What it asks for: the name of the one member of the body. ``TaggedObject/tag``, the name of the message, is read too.
    static var transaction: PortalTransaction { get }
}

extension PortalRequestMessage {
    /// The name of the message: that of the transaction with `Request` behind it.
    public static var tag: String { transaction.rawValue + "Request" }
}

/// A request that anyone may make, without a signature: what makes it unlike others stands in the message.
public protocol AnonymousRequestMessage: PortalRequestMessage {
    /// Octets that come once, so that an answer given before is no answer to this.
    var nonce: BinaryValue? { get set }
}

/// An answer of the portal protocol.
public protocol PortalResponseMessage: TaggedObject {
    /// What became of the request. Missing only in the answers of old services, whose silence is no success.
    var status: PortalStatus? { get set }
    /// Words for the status.
    var statusDescription: String? { get set }
    /// An answer that says nothing yet.
    init()
}

/// What can be asked of a portal.
public enum PortalTransaction: String, CaseIterable, Sendable {
    case hello = "Hello"
    case validateAccount = "ValidateAccount"
    case createAccount = "CreateAccount"
    case deleteAccount = "DeleteAccount"
    case get = "Get"
    case publish = "Publish"
    case status = "Status"
    case download = "Download"
    case transact = "Transact"
    case connectStart = "ConnectStart"
    case connectStatus = "ConnectStatus"
    case connectPending = "ConnectPending"
    case connectComplete = "ConnectComplete"
    case claim = "Claim"
    case pollClaim = "PollClaim"
    case transfer = "Transfer"

    /// Who may ask.
    public enum Access: Sendable {
        /// Anyone, without a signature.
        case anyone
        /// Whoever signs with the key that the request is about: a device that is not connected yet, or an account that is
        /// being made.
        case holder
        /// A device that is connected to the account.
        case connected
        /// A connected device that administers the account.
        case administrator
    }

    /// Who may ask for it.
    public var access: Access {
        switch self {
        case .hello, .validateAccount, .get: .anyone
        case .createAccount, .connectStart, .connectStatus, .pollClaim: .holder
        case .status, .download, .transact: .connected
        case .deleteAccount, .publish, .connectPending, .connectComplete, .claim, .transfer: .administrator
        }
    }

    /// Whether it changes nothing at the portal, so that it can be asked again when no answer came.
    public var onlyReads: Bool {
        switch self {
        case .hello, .validateAccount, .get, .status, .download, .connectStatus, .connectPending, .pollClaim, .transfer:
            true
        case .createAccount, .deleteAccount, .publish, .transact, .connectStart, .connectComplete, .claim: false
        }
    }
}
