import MeshEncoding

/// The status that every response carries (sessions specification §B2).
public struct PortalStatus: RawRepresentable, Hashable, Sendable {
    /// The code on the wire.
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// Done.
    public static let success = PortalStatus(rawValue: 201)
    /// Done: something that was there before was changed.
    public static let updated = PortalStatus(rawValue: 202)
    /// The request cannot be read.
    public static let badRequest = PortalStatus(rawValue: 400)
    /// The key that asks may not do this. The same answer for what is not there and what is not shown.
    public static let unauthorized = PortalStatus(rawValue: 401)
    /// The request was signed for another life of the service: sign it anew, with the epoch of the answer.
    public static let staleEpoch = PortalStatus(rawValue: 419)
    /// There is no such thing.
    public static let notFound = PortalStatus(rawValue: 404)
    /// Not a transaction of this service.
    public static let unknownOperation = PortalStatus(rawValue: 405)
    /// It exists already, or something newer does.
    public static let conflict = PortalStatus(rawValue: 409)
    /// It was there, and has expired or was removed: a request for connection, a device.
    public static let gone = PortalStatus(rawValue: 410)
    /// Too large.
    public static let tooLarge = PortalStatus(rawValue: 413)
    /// Readable, but not valid: a profile that does not verify, a name that cannot be.
    public static let invalid = PortalStatus(rawValue: 422)
    /// Too many requests, or too much kept.
    public static let tooMany = PortalStatus(rawValue: 429)
    /// The service failed.
    public static let internalError = PortalStatus(rawValue: 500)
    /// The service cannot now.
    public static let unavailable = PortalStatus(rawValue: 503)
    /// The service has no space to keep it.
    public static let full = PortalStatus(rawValue: 507)

    /// Whether it was done.
    public var isSuccess: Bool { (200..<300).contains(rawValue) }
}

extension PortalStatus: Codable {
    public init(from decoder: any Decoder) throws { rawValue = try decoder.singleValueContainer().decode(Int.self) }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}
