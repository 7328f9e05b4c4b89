import MeshCore
import MeshCryptography
import MeshEncoding
import MeshPlatforms
import MeshProfiles
import MeshSessions

/// A file with public keys: a signed profile, or JSON with one or several `{"PublicKeyECDH": {"crv": …, "Public": …}}`.
enum PublicKeyFile {
    private static let largest = 1 << 20

    /// The keys in the file at `path` that can be used so. Blocks.
    ///
    /// - Throws: ``PlatformError`` `corrupt`, `tooLarge`, and what opening a file can give.
    static func keys(in path: String, for use: MeshSession.PublicKeyUse, _ console: any Console) throws -> [PublicKey] {
        let octets = try content(of: path, console)
        if let profile = try? VerifiedProfile<ProfileUser>(verifying: octets) {
            return [use == .encryption ? profile.content.accountEncryption : profile.content.accountSignature]
        }
        if let profile = try? VerifiedProfile<ProfileDevice>(verifying: octets) {
            return [use == .encryption ? profile.content.baseEncryption : profile.content.baseSignature]
        }
        guard let value = try? JSONValue(parsing: octets) else {
            throw PlatformError(.corrupt, store: path, "It is neither a signed profile nor JSON with public keys.")
        }
        let keys = try (value.array ?? [value]).map { try key($0, path) }
        let usable = keys.filter { use == .encryption ? $0.algorithm.canAgree : $0.algorithm.canSign }
        guard !usable.isEmpty else {
            throw PlatformError(
                .corrupt, store: path,
                use == .encryption ? "It has no key to encrypt to." : "It has no key that signs.")
        }
        return usable
    }

    private static func key(_ entry: JSONValue, _ path: String) throws -> PublicKey {
        // With a private key beside it, or alone; or as profiles have it.
        let parameters = entry["PublicKeyECDH"] ?? entry["PublicParameters"]?["PublicKeyECDH"]
        guard let parameters, let curve = parameters["crv"]?.string, let algorithm = KeyAlgorithm(name: curve),
            var octets = parameters["Public"]?.binary
        else {
            throw PlatformError(
                .corrupt, store: path, "An entry of it is no public key.",
                remedy: #"It should be like {"PublicKeyECDH":{"crv":"X448","Public":"…"}}."#)
        }
        // Some leave out the last octet, which encryption does not need.
        if algorithm == .x448, octets.count == 56 { octets.append(0) }
        do {
            return try PublicKey(algorithm: algorithm, octets: octets)
        } catch {
            throw PlatformError(.corrupt, store: path, "An entry of it is no \(curve) key.", cause: error)
        }
    }

    private static func content(of path: String, _ console: any Console) throws -> [UInt8] {
        let file = try InputFile(path, console)
        var octets: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while case let count = try piece.withUnsafeMutableBytes({ try file.read(into: $0) }), count > 0 {
            octets += piece[..<count]
            guard octets.count <= largest else {
                throw PlatformError(.tooLarge, store: path, "The file is too large to hold keys.")
            }
        }
        return octets
    }
}
