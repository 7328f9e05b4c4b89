import MeshEncoding

/// What has become of a message in a spool (`schema-08` §5). A state is changed by a later MessageComplete.
public struct SpoolState: RawRepresentable, Hashable, Sendable {
    /// The word as it is written.
    public let rawValue: String

    /// Any word; states of other writers are kept as they are.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Equal when the octets are.
    public static func == (left: Self, right: Self) -> Bool { left.rawValue.hasOctets(of: right.rawValue) }
    public func hash(into hasher: inout Hasher) { hasher.combine(ExactText(rawValue)) }

    /// As it was put in.
    public static let initial = SpoolState(rawValue: "Initial")
    /// Outbound: it was handed to the service.
    public static let sent = SpoolState(rawValue: "Sent")
    /// Outbound: the recipient's service has taken it.
    public static let received = SpoolState(rawValue: "Received")
    /// Outbound: the recipient's service refused it.
    public static let refused = SpoolState(rawValue: "Refused")
    /// Inbound: it was read.
    public static let read = SpoolState(rawValue: "Read")
    /// Local: it is done with.
    public static let closed = SpoolState(rawValue: "Closed")
}

/// The spools of an account.
public enum SpoolKind: String, CaseIterable, Sendable {
    /// Messages from others.
    case inbound = "Inbound"
    /// Messages to others.
    case outbound = "Outbound"
    /// Messages the person's devices leave for each other: PIN codes, answers to requests.
    case local = "Local"
    /// Messages that are kept.
    case archive = "Archive"

    /// The states that may be set.
    public var states: Set<SpoolState> {
        switch self {
        case .inbound: [.initial, .read]
        case .outbound: [.initial, .sent, .received, .refused]
        case .local: [.initial, .closed]
        case .archive: [.initial]
        }
    }

    /// The store that it is.
    public var store: StoreName {
        switch self {
        case .inbound: .inbound
        case .outbound: .outbound
        case .local: .local
        case .archive: .archive
        }
    }
}
