import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshProfiles

/// The random secret that shares of an escrow at a portal recover: it finds the entry that the portal keeps, and opens it
/// (sessions specification §F). In it is the seed of the profile.
///
/// The portal knows a digest of the secret, which tells nothing about the key that another function makes of it.
struct EscrowSecret: Sendable {
    /// What the entry is; part of what locator and key are made of.
    static let contentType = "application/mmm-escrowed"
    /// The most octets of the body of an entry that is opened.
    private static let maximumSize = 1024

    /// Type identifier, 32 octets: what is shared.
    private let binary: SharedSecret

    /// A new secret.
    ///
    /// - Throws: `UDFError`, which cannot be.
    init(from random: any RandomSource) throws(UDFError) {
        let key = SecretBytes(random: 32, from: random)
        binary = SharedSecret(try SecretUDF.octets(of: EncryptionKeyUDF.text(of: key)))
    }

    /// The secret that shares gave; nil if it is something else.
    init?(recovered octets: borrowing SecretBytes) {
        guard octets.withUnsafeBytes({ $0.first == UDFType.encryption.rawValue }), octets.count > 16 else { return nil }
        binary = SharedSecret(octets.duplicate())
    }

    /// Where the entry is.
    var locator: UDF { binary.bytes.withUnsafeBytes { ContentDigest(of: $0, contentType: Self.contentType).udf() } }

    /// Lends what is shared.
    func withBinary<R>(_ body: (borrowing SecretBytes) throws -> R) rethrows -> R { try body(binary.bytes) }

    private var key: BaseSeed {
        get throws { try BaseSeed(EncryptionKeyUDF.derive(from: binary.bytes, purpose: Self.contentType)) }
    }

    /// The entry: the seed, sealed.
    ///
    /// - Throws: ``DAREError``, ``CryptographyError``.
    func seal(_ seed: SecretSeed, random: any RandomSource) throws -> DAREEnvelope {
        var sealer = EnvelopeSealer()
        sealer.seed = try key
        sealer.encryption = .a256GCM
        sealer.contentMeta = ContentMeta(["cty": .string(Self.contentType)])
        sealer.random = random
        return try seed.withBinary { try sealer.seal($0) }
    }

    /// The seed in an entry.
    ///
    /// - Throws: ``SessionError`` `escrowDamaged` if it does not open, `wrongEntry` if what is in it is no seed of a personal
    ///   profile.
    func open(_ entry: DAREEnvelope) throws -> SecretSeed {
        guard entry.body.count <= Self.maximumSize, (try? entry.members.encryption) == .a256GCM else {
            throw Self.wrongEntry(nil)
        }
        let content: SharedSecret
        do {
            content = SharedSecret(try entry.openSecret(with: .none, seed: try key))
        } catch {
            throw SessionError(
                .escrowDamaged, "The entry that the portal keeps does not open with what the shares give.",
                remedy: "Ask whoever runs the portal for a backup of it, or use shares of the seed itself.",
                cause: error)
        }
        do {
            let seed = try SecretSeed(binary: content.bytes)
            guard seed.specifier == ProfileUser.seedType else { throw Self.wrongEntry(nil) }
            return seed
        } catch let error as UDFError {
            throw Self.wrongEntry(error)
        }
    }

    private static func wrongEntry(_ cause: (any Error)?) -> SessionError {
        SessionError(
            .wrongEntry, "The entry that the portal keeps is not the sealed seed of a personal profile.",
            remedy: "Use shares of the seed itself, or other shares.", cause: cause)
    }
}
