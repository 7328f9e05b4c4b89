import MeshCore
import MeshCryptography
import MeshEncoding

/// A DARE envelope: header, body and trailer (`dare-12` §3, §5.1).
///
/// An envelope that was read proves nothing: what ``verify(by:rule:)`` gives is signed, and what ``open(with:seed:)`` gives
/// is readable. Neither says anything about the header: no signature and no digest covers it.
public struct DAREEnvelope: Sendable {
    /// What stands before and after the body.
    public var members: EnvelopeMembers
    /// The octets of the body, as stored.
    public var body: [UInt8]

    /// What stands before the body.
    public var header: JSONObject {
        get { members.header }
        set { members.header = newValue }
    }
    /// What stands after the body.
    public var trailer: JSONObject {
        get { members.trailer }
        set { members.trailer = newValue }
    }

    /// An envelope of these parts.
    public init(header: JSONObject, body: [UInt8], trailer: JSONObject = JSONObject()) {
        self.members = EnvelopeMembers(header: header, trailer: trailer)
        self.body = body
    }

    /// Reads an envelope in JSON or JSON-B: the bare list, or the list as the member `DareEnvelope` of an object.
    ///
    /// - Throws: ``DAREError`` `malformed`, with the place.
    public init(parsing octets: [UInt8]) throws(DAREError) {
        let value: JSONValue
        do {
            value = try JSONValue(decoding: octets, options: .envelope)
        } catch {
            throw DAREError(.malformed, "The envelope is neither JSON nor JSON-B.", cause: error)
        }
        try self.init(value)
    }

    /// The envelope that a value is, such as one inside a message.
    ///
    /// - Throws: ``DAREError`` `malformed`.
    public init(_ value: JSONValue) throws(DAREError) {
        guard let parts = value.array ?? value["DareEnvelope"]?.array, (1...3).contains(parts.count) else {
            throw DAREError(.malformed, "An envelope is a list of a header, a body and a trailer.")
        }
        guard let header = parts[0].object else { throw DAREError(.malformed, "The header is no object.") }
        var body: [UInt8] = []
        if parts.count > 1 {
            guard let octets = parts[1].binary else {
                throw DAREError(.malformed, "The body is neither binary nor base64url.")
            }
            body = octets
        }
        var trailer = JSONObject()
        if parts.count > 2 {
            guard let object = parts[2].object else { throw DAREError(.malformed, "The trailer is no object.") }
            trailer = object
        }
        self.init(header: header, body: body, trailer: trailer)
    }

    /// The envelope as a value: the bare list.
    public var value: JSONValue { .array([.object(header), .binary(body), .object(trailer)]) }

    /// The envelope as compact JSON, the form that every implementation reads.
    public var encoded: [UInt8] { value.compact }

    /// The envelope in an encoding.
    public func encoded(_ encoding: EnvelopeEncoding) -> [UInt8] {
        switch encoding {
        case .json: return encoded
        case .jsonB:
            let (header, trailer) = (JSONValue.object(header).compact, JSONValue.object(trailer).compact)
            var octets: [UInt8] = []
            octets.reserveCapacity(header.count + body.count + trailer.count + 16)
            octets.append(0x5B)
            octets += header
            octets.append(0x2C)
            BinaryItem.append(body, to: &octets)
            octets.append(0x2C)
            octets += trailer
            octets.append(0x5D)
            return octets
        }
    }
}

extension JSONReadingOptions {
    /// What envelopes are read in: JSON and JSON-B, tolerantly. The codes of JSON-C would let a few octets stand for many.
    static let envelope = JSONReadingOptions(encoding: .jsonB)
}

/// How an envelope is written. Digests and signatures do not depend on it.
public enum EnvelopeEncoding: String, CaseIterable, Sendable {
    /// JSON: the body is base64url.
    case json
    /// JSON-B: header and trailer in JSON, as other writers have them, and the body as it is.
    case jsonB
}
