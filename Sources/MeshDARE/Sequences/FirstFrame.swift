import MeshCore
import MeshCryptography
import MeshEncoding

/// Makes frame 0.
enum FirstFrame {
    static func encode(
        _ options: SequenceOptions, keys: SequenceKeys, random: any RandomSource
    ) throws -> (octets: [UInt8], seed: BaseSeed?) {
        var content = FrameContent()
        content.meta = options.meta
        var stored = StoredPayload(octets: [], encryption: nil)
        if options.policy.encryption != .none {
            stored = try PayloadSealer.seal(
                [], options.policy, seed: BaseSeed(random: random), exchange: nil, random: random)
        }
        let scope: FrameSigner.Scope =
            switch options.policy.signature {
            case .isolated: .frame
            case .last: .sequence
            case .none, .any: .none
            }
        let builder = FrameBuilder(
            type: options.type, encoding: .json, algorithm: options.digest, hasCheck: options.hasFrameChecks,
            signer: keys.signer, first: (options.policy.members, options.encoding))
        var room = FrameBuilder.Room(.json)
        _ = try builder.build(content, stored, scope, after: SequenceTail(), &room)
        return (
            JBCDFrame.encode([room.header.octets, stored.octets, room.trailer.octets]), stored.encryption?.seed
        )
    }
}
