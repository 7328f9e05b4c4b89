import MeshCore
import MeshCryptography
import MeshPortals
import MeshProfiles

/// What a maker puts into a device so that its owner can connect it by its code: the device's seed and profile, and where it
/// is published. A secret.
public final class Preconfiguration: Sendable {
    /// The device.
    public let device: VerifiedProfile<ProfileDevice>
    /// The account that publishes it.
    public let maker: AccountAddress
    let seed: SecretSeed

    private static let title = "mesh device 1"
    private static let maximumSize = 256 << 10

    init(device: VerifiedProfile<ProfileDevice>, maker: AccountAddress, seed: SecretSeed) {
        self.device = device
        self.maker = maker
        self.seed = seed
    }

    /// All of it as text, for the device: four lines, of which the second is the seed.
    public func text() -> SecretBytes {
        let rest = Array("\n\(maker.canonical)\n".utf8) + device.signed
        let opening = seed.text().prefixed(with: Array("\(Self.title)\n".utf8))
        return opening.withUnsafeBytes { opening in
            SecretBytes(count: opening.count + rest.count) { target in
                target.copyMemory(from: opening)
                UnsafeMutableRawBufferPointer(rebasing: target[opening.count...]).copyBytes(from: rest)
            }
        }
    }

    /// Reads what ``text()`` has written.
    ///
    /// - Throws: ``SessionError`` `malformed`; `keyMismatch` if the profile is not the seed's.
    public init(text: borrowing SecretBytes) throws {
        let malformed = SessionError(
            .malformed, "This is no description of a device by its maker.", remedy: "Get it again from the maker.")
        guard text.count <= Self.maximumSize else { throw malformed }
        let end = text.count
        let breaks = text.withUnsafeBytes { octets in octets.indices.filter { octets[$0] == 0x0A }.prefix(3).map { $0 }
        }
        guard breaks.count == 3,
            text.withUnsafeBytes({ String(decoding: $0[..<breaks[0]], as: UTF8.self) }) == Self.title
        else { throw malformed }
        let account = text.withUnsafeBytes { String(decoding: $0[(breaks[1] + 1)..<breaks[2]], as: UTF8.self) }
        let signed = text.withUnsafeBytes { Array($0[(breaks[2] + 1)..<end]) }
        do {
            maker = try AccountAddress(account)
            seed = try SecretSeed(parsing: text.duplicate(breaks[0] + 1..<breaks[1]))
            device = try VerifiedProfile(verifying: signed)
        } catch {
            throw malformed
        }
        guard seed.specifier == ProfileDevice.seedType,
            try ProfileDevice.key(.profile, from: seed).publicKey.udf == device.udf
        else {
            throw SessionError(.keyMismatch, "The profile that the maker describes is not that of the device's seed.")
        }
    }
}

/// A device that was prepared and published.
public struct PreconfiguredDevice: Sendable {
    /// What goes into the device.
    public let preconfiguration: Preconfiguration
    /// The address that goes onto it, as a QR code: a secret (`mcu://account/code`).
    public let uri: SharedSecret
    /// The identifier of the entry in the account's publication catalog; deleting that takes the offer back.
    public let publication: String
}

/// A device that was claimed by its code.
public struct ClaimedDevice: Sendable {
    /// The device, as it describes itself.
    public let device: VerifiedProfile<ProfileDevice>
    /// Until when it has to ask for its connection.
    public let expires: Timestamp
}
