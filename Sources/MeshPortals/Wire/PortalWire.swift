import MeshCore
import MeshEncoding

/// How messages stand in the bodies of requests and answers (sessions specification §B1).
///
/// A request is one object with one member, named by the transaction: `{"Hello": {…}}`; the name of the message
/// (`{"HelloRequest": {…}}`) is read too. An answer is named by its message: `{"HelloResponse": {…}}`. Members that a message
/// does not know are ignored, within the memory that a body may take; names that come twice are refused.
public enum PortalWire {
    /// How deep objects and lists may be nested in a body.
    public static let maximumDepth = 32
    /// The encodings that are read and written, as Hello lists them.
    public static let encodings = PortalEncoding.allCases.map(\.rawValue)
    /// The longest answer that is read if nothing else was agreed, in octets.
    public static let maximumResponse = 16 << 20

    /// A body of n octets may take this many times n, and ``memoryBase`` octets, when it is read.
    static let memoryFactor = 8
    static let memoryBase = 1 << 20

    /// Looks at the beginning of a request's body: what it asks for. The message itself is read by
    /// ``PortalRequestBody/message(_:)``, once it is known whether the one who asks may.
    ///
    /// - Parameter limit: the most octets that are taken.
    /// - Throws: ``PortalError`` `tooLarge`; `malformed`; `unsupported` for the name of no transaction. None quotes the body.
    public static func decodeRequest(_ octets: [UInt8], limit: Int) throws(PortalError) -> PortalRequestBody {
        try check(octets, limit)
        let encoding = PortalEncoding.of(octets)
        let name: String
        do {
            let reader = JSONReader(octets, options: encoding.reading(octets.count))
            guard try reader.next() == .beginObject, case .name(let first)? = try reader.next() else {
                throw PortalError(.malformed, "A request is an object with one member, named by the transaction.")
            }
            name = first
        } catch let error as PortalError {
            throw error
        } catch {
            throw malformed("The request", error)
        }
        guard let transaction = PortalTransaction(named: name) else {
            throw PortalError(.unsupported, "The request is for no transaction of this protocol.")
        }
        return PortalRequestBody(transaction: transaction, encoding: encoding, name: name, octets: octets)
    }

    /// Reads the answer to a request of type `M`.
    ///
    /// - Parameter limit: the most octets that are taken.
    /// - Returns: the answer, or an ``ErrorResponse``. Either may lack a status: see ``PortalResponseMessage/isSuccess``.
    /// - Throws: ``PortalError`` `tooLarge`; `malformed`. Neither quotes the body.
    public static func decodeResponse<M: PortalRequestMessage>(
        _ octets: [UInt8], to request: M.Type, limit: Int = maximumResponse
    ) throws(PortalError) -> PortalAnswer<M.Response> {
        try check(octets, limit)
        let tree = try tree(octets, PortalEncoding.of(octets), "The answer")
        guard tree.count == 1, let name = tree.names.first, let value = tree[name] else {
            throw PortalError(.malformed, "An answer is an object with one member, named by the message.")
        }
        switch name {
        case M.Response.tag: return .response(try message(M.Response.self, value, "The answer"))
        case ErrorResponse.tag: return .error(try message(ErrorResponse.self, value, "The answer"))
        default: throw PortalError(.malformed, "The answer is one to something else.")
        }
    }

    /// The body of a request.
    ///
    /// - Throws: ``PortalError`` `malformed` if the message has no form in the encoding.
    public static func encode<M: PortalRequestMessage>(
        _ message: M, as encoding: PortalEncoding = .json
    ) throws(PortalError) -> [UInt8] {
        try encode(message, M.transaction.rawValue, encoding)
    }

    /// The body of an answer.
    ///
    /// - Throws: ``PortalError`` `malformed` if the message has no form in the encoding.
    public static func encode<R: PortalResponseMessage>(
        _ message: R, as encoding: PortalEncoding = .json
    ) throws(PortalError) -> [UInt8] {
        try encode(message, R.tag, encoding)
    }

    private static func encode(
        _ message: some Encodable, _ name: String, _ encoding: PortalEncoding
    ) throws(PortalError) -> [UInt8] {
        do {
            let tree = try JSONBCDEncoder(encoding.writing).tree(of: message)
            var object = JSONObject()
            object[name] = tree
            return try JSONValue.object(object).encoded(encoding.writing)
        } catch {
            throw PortalError(.malformed, "The message \(name) cannot be written.", cause: error)
        }
    }

    private static func check(_ octets: [UInt8], _ limit: Int) throws(PortalError) {
        guard octets.count <= limit else {
            throw PortalError(.tooLarge, "\(octets.count) octets are more than the \(limit) that are taken.")
        }
    }

    static func tree(
        _ octets: [UInt8], _ encoding: PortalEncoding, _ what: String
    ) throws(PortalError) -> JSONObject {
        let value: JSONValue
        do {
            value = try JSONValue(decoding: octets, options: encoding.reading(octets.count))
        } catch {
            throw malformed(what, error)
        }
        guard let object = value.object else { throw PortalError(.malformed, "\(what) is no object.") }
        return object
    }

    static func message<T: Decodable>(
        _ type: T.Type, _ value: JSONValue, _ what: String
    ) throws(PortalError) -> T {
        // Lists of nothing would be read as a message without members.
        guard value.object != nil else { throw PortalError(.malformed, "\(what) holds no object.") }
        do {
            return try JSONBCDDecoder().decode(type, from: value)
        } catch {
            throw malformed(what, error)
        }
    }

    private static func malformed(_ what: String, _ cause: any Error) -> PortalError {
        PortalError(.malformed, "\(what) cannot be read.", cause: cause)
    }
}

/// The body of a request of which only the beginning was looked at.
public struct PortalRequestBody: Sendable {
    /// What is asked for.
    public let transaction: PortalTransaction
    /// How the body is encoded: an answer is encoded likewise.
    public let encoding: PortalEncoding
    let name: String
    let octets: [UInt8]

    /// Reads the whole body.
    ///
    /// - Throws: ``PortalError`` `malformed`; `unsupported` if the request is not one of type `M`. Neither quotes the body.
    public func message<M: PortalRequestMessage>(_ type: M.Type) throws(PortalError) -> M {
        guard M.transaction == transaction else {
            throw PortalError(.unsupported, "The request is not for \(M.transaction.rawValue).")
        }
        let tree = try PortalWire.tree(octets, encoding, "The request")
        guard tree.count == 1, let value = tree[name] else {
            throw PortalError(.malformed, "A request is an object with one member, named by the transaction.")
        }
        return try PortalWire.message(type, value, "The request")
    }
}

/// The answer that came: the one that belongs to the request, or one that only says what is wrong.
public enum PortalAnswer<Response: PortalResponseMessage>: Sendable {
    /// The answer that belongs to the request.
    case response(Response)
    /// What is wrong with the request.
    case error(ErrorResponse)

    /// What became of the request; nil if the answer does not say so, which is no success.
    public var status: PortalStatus? {
        switch self {
        case .response(let response): response.status
        case .error(let error): error.status
        }
    }
    /// The portal's words for it, as they came: see ``PortalText``.
    public var statusDescription: String? {
        switch self {
        case .response(let response): response.statusDescription
        case .error(let error): error.statusDescription
        }
    }
}

extension PortalTransaction {
    /// The messages of 2018 that are not named after their transaction.
    private static let byOlderMessage: [String: PortalTransaction] = [
        "ValidateRequest": .validateAccount, "CreateRequest": .createAccount, "DeleteRequest": .deleteAccount,
    ]

    /// The transaction that `name` means: its own name, or that of its request.
    init?(named name: String) {
        if let transaction = PortalTransaction(rawValue: name) ?? Self.byOlderMessage[name] {
            self = transaction
        } else if name.hasSuffix("Request"), let transaction = PortalTransaction(rawValue: String(name.dropLast(7))) {
            self = transaction
        } else {
            return nil
        }
    }
}

extension PortalResponseMessage {
    /// Whether the portal said that it was done. An answer without a status, as old services give, is no success.
    public var isSuccess: Bool { status?.isSuccess == true }
}
