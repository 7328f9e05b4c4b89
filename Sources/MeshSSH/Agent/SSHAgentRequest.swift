/// What an agent can be asked (draft-miller-ssh-agent §3).
package enum SSHAgentRequest: Equatable {
    /// Which keys there are.
    case identities
    /// To sign `message` with the key `wire`.
    case sign(wire: [UInt8], message: [UInt8], flags: UInt32)
    /// To take in keys, to forget them, to lock itself, to use a card, an extension: nothing that is done here.
    case other(UInt8)

    /// The kinds of messages that are read or written.
    enum Kind {
        static let failure: UInt8 = 5
        static let requestIdentities: UInt8 = 11
        static let identitiesAnswer: UInt8 = 12
        static let signRequest: UInt8 = 13
        static let signResponse: UInt8 = 14
    }

    /// The flags that choose a hash for RSA keys, and say nothing to other keys: SHA-2-256, SHA-2-512.
    static let rsaFlags: UInt32 = 2 | 4

    /// Reads a message; nil if it is not of the form that its kind prescribes.
    package init?(_ message: [UInt8]) {
        guard let kind = message.first else { return nil }
        switch kind {
        case Kind.requestIdentities:
            guard message.count == 1 else { return nil }
            self = .identities
        case Kind.signRequest:
            let request = message.withUnsafeBytes { octets -> SSHAgentRequest? in
                var reader = SSHReader(UnsafeRawBufferPointer(rebasing: octets[1...]))
                guard let wire = try? Array(reader.string()), let data = try? Array(reader.string()),
                    let flags = try? reader.number(), reader.remaining == 0
                else { return nil }
                return .sign(wire: wire, message: data, flags: flags)
            }
            guard let request else { return nil }
            self = request
        default:
            self = .other(kind)
        }
    }
}
