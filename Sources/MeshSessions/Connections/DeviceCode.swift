import MeshCore
import MeshCryptography
import MeshDARE
import MeshPortals

/// The code of a device that was prepared by its maker: an E UDF in the address that the device carries as a QR code,
/// `mcu://maker's account/code` (`udf-13`). Who knows it may claim the device; everything that proves so is derived from it.
final class DeviceCode: Sendable {
    /// The address of the maker's account, which publishes the device.
    let maker: AccountAddress
    private let text: SecretBytes
    private let key: SecretBytes

    private static let scheme = Array("mcu://".utf8)
    /// The longest address that is read, in octets.
    private static let maximumSize = 4096

    private init(_ text: consuming SecretBytes, maker: AccountAddress) throws(UDFError) {
        key = try EncryptionKeyUDF.octets(of: text)
        self.text = text
        self.maker = maker
    }

    /// The code of the device with this seed, as `maker` publishes it.
    convenience init(_ seed: SecretSeed, maker: AccountAddress) throws {
        try self.init(try seed.connectionPIN(account: maker.canonical), maker: maker)
    }

    /// Reads an address.
    ///
    /// - Throws: ``SessionError`` `malformed`. Nothing of the address is in the error.
    convenience init(uri: borrowing SecretBytes) throws {
        let malformed = SessionError(
            .malformed, "This is no address of a device to be connected (mcu://account/code).",
            remedy: "Read the code of the device again.")
        guard uri.count <= Self.maximumSize else { throw malformed }
        let end = uri.count
        let slash = uri.withUnsafeBytes { octets -> Int? in
            let scheme = octets.prefix(Self.scheme.count).map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }
            guard scheme == Self.scheme, let slash = octets.lastIndex(of: 0x2F), slash > Self.scheme.count else {
                return nil
            }
            return slash
        }
        guard let slash else { throw malformed }
        let account = uri.withUnsafeBytes { String(decoding: $0[Self.scheme.count..<slash], as: UTF8.self) }
        do {
            let maker = try AccountAddress(account)
            try self.init(try SecretUDF.canonicalText(of: uri.duplicate(slash + 1..<end)), maker: maker)
        } catch {
            throw malformed
        }
    }

    /// The address, a secret.
    func uri() -> SharedSecret { SharedSecret(text.prefixed(with: Self.scheme + Array("\(maker.canonical)/".utf8))) }

    /// The identifier of what is published. It tells nothing about the code.
    var publication: String { EncryptionKeyUDF.identifier(of: key).text }

    /// What proves to the maker's portal that a claim was made by one who knows the code.
    func serviceAuthenticator() throws -> String {
        try authenticator(of: maker, purpose: "mmm/key/authenticate/service")
    }

    /// What proves to the device that the account `claimer` was named by one who knows the code.
    func deviceAuthenticator(of claimer: AccountAddress) throws -> String {
        try authenticator(of: claimer, purpose: "mmm/key/authenticate/device")
    }

    private func authenticator(of account: AccountAddress, purpose: String) throws -> String {
        EncryptionKeyUDF.authenticator(
            of: Array(account.canonical.utf8), key: try EncryptionKeyUDF.derive(from: key, purpose: purpose)
        ).text
    }

    /// The PIN (`A…`) by which the device and the account that claims it prove themselves to each other.
    func pin(for claimer: AccountAddress) throws -> SharedSecret {
        let info = Array("mesh-platform/connection-pin:\(claimer.canonical)".utf8)
        return SharedSecret(
            SecretUDF.text(
                type: .authenticatorSHA2, value: try HKDF.derive(inputKey: key, info: info, count: 16)))
    }

    /// Seals what is published: whoever knows the code can open it.
    func seal(_ octets: [UInt8], random: any RandomSource) throws -> DAREEnvelope {
        var sealer = EnvelopeSealer()
        sealer.seed = try BaseSeed(key.duplicate())
        sealer.random = random
        return try sealer.seal(octets)
    }

    /// Opens what is published.
    func open(_ envelope: DAREEnvelope) throws -> [UInt8] {
        try envelope.open(seed: BaseSeed(key.duplicate())).plaintext
    }
}
