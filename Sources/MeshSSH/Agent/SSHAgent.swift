import MeshCore

/// An agent: answers what its clients ask, with the keys of a signer (draft-miller-ssh-agent).
///
/// It has no state but the signer's. Keys cannot be put in or taken out, nor can it be locked, through its protocol: whoever asks
/// that is told that it failed. So is whoever asks something that cannot be understood.
public struct SSHAgent: Sendable {
    private let signer: any SSHSigner
    private let report: @Sendable (any Error) -> Void

    /// An agent for the keys of `signer`.
    ///
    /// - Parameter report: is told why a signature could not be made, which its client is not.
    public init(_ signer: any SSHSigner, report: @escaping @Sendable (any Error) -> Void = { _ in }) {
        self.signer = signer
        self.report = report
    }

    /// The answer to `message`, both from their kind on: see ``SSHAgentStream``.
    public func answer(_ message: [UInt8]) async -> [UInt8] {
        do {
            switch SSHAgentRequest(message) {
            case .identities: return Self.answer(try await signer.identities())
            case .sign(let wire, let data, let flags):
                guard flags & ~SSHAgentRequest.rsaFlags == 0,
                    let key = try await signer.identities().first(where: { $0.wire == wire })
                else { return Self.failure }
                let signature = try await signer.sign(data, with: key).wire
                return SSHWire.octets {
                    $0.append([SSHAgentRequest.Kind.signResponse])
                    $0.append(string: signature)
                }
            case .other, nil: return Self.failure
            }
        } catch {
            report(error)
            return Self.failure
        }
    }

    private static let failure = [SSHAgentRequest.Kind.failure]

    private static func answer(_ keys: [SSHPublicKey]) -> [UInt8] {
        SSHWire.octets { writer in
            writer.append([SSHAgentRequest.Kind.identitiesAnswer])
            writer.append(number: UInt32(truncatingIfNeeded: keys.count))
            for key in keys {
                writer.append(string: key.wire)
                writer.append(string: key.comment)
            }
        }
    }
}
