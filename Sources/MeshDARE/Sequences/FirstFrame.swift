import MeshCore
import MeshCryptography
import MeshEncoding

/// Makes frame 0.
enum FirstFrame {
    /// What it is made of.
    struct Parts {
        let content: FrameContent
        let stored: StoredPayload
        let scope: FrameSigner.Scope
        let builder: FrameBuilder
    }

    static func encode(
        _ options: SequenceOptions, keys: SequenceKeys, random: any RandomSource
    ) throws -> (octets: [UInt8], seed: BaseSeed?) {
        let parts = try parts(options, keys: keys, random: random)
        var room = FrameBuilder.Room(.json)
        _ = try parts.builder.build(parts.content, parts.stored, parts.scope, after: SequenceTail(), &room)
        return (
            JBCDFrame.encode([room.header.octets, parts.stored.octets, room.trailer.octets]),
            parts.stored.encryption?.seed
        )
    }

    static func parts(_ options: SequenceOptions, keys: SequenceKeys, random: any RandomSource) throws -> Parts {
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
        return Parts(content: content, stored: stored, scope: scope, builder: builder)
    }
}
