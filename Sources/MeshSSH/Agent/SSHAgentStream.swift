import MeshCore

/// Cuts what arrives at an agent into messages: four octets of length, then so many octets (draft-miller-ssh-agent §3).
///
/// It holds one message at most: no more than ``limit`` octets, and not more than have arrived.
public struct SSHAgentStream: Sendable {
    /// The most octets that a message may have. OpenSSH's own agent has the same limit.
    public static let limit = 256 * 1024

    /// What a client sends that is no message: nothing after it can be understood.
    public struct Violation: Error, Equatable {}

    private var octets: [UInt8] = []
    private var start = 0

    /// Nothing has arrived.
    public init() {}

    /// How many octets wait to become a message.
    public var count: Int { octets.count - start }

    /// Takes in what arrived.
    public mutating func append(_ arrived: some Collection<UInt8>) {
        if start > 0 {
            octets.removeFirst(start)
            start = 0
        }
        octets += arrived
    }

    /// The next message, from its kind on; nil if it has not arrived as a whole.
    ///
    /// - Throws: ``Violation`` for a message without content, or a longer one than is allowed, as soon as its length is there.
    public mutating func next() throws(Violation) -> [UInt8]? {
        guard count >= 4 else { return nil }
        let length = octets[start..<(start + 4)].reduce(0) { $0 << 8 | Int($1) }
        guard (1...Self.limit).contains(length) else { throw Violation() }
        guard count - 4 >= length else { return nil }
        let message = Array(octets[(start + 4)..<(start + 4 + length)])
        start += 4 + length
        return message
    }

    /// `message` with its length in front, as it is sent.
    public static func framed(_ message: [UInt8]) -> [UInt8] {
        SSHWire.octets { $0.append(string: message) }
    }
}
