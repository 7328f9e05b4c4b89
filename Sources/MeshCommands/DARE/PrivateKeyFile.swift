import Glibc
import MeshCore
import MeshCryptography
import MeshEncoding
import MeshPlatforms
import MeshSessions

/// A file with private keys: a JSON list of `{"PrivateKeyECDH": {"crv": …, "Private": …}}`, or one such object; or the secret of
/// an exported profile (`Z…`).
///
/// The keys stay in memory that is wiped: the texts of the members `Private` are cut out before anything else reads the file.
enum PrivateKeyFile {
    /// The largest file that is read.
    private static let largest = 1 << 20

    /// The keys in the file at `path`. Blocks.
    ///
    /// - Throws: ``PlatformError`` `insecurePermissions` for a file that others can read or change, `corrupt`, `tooLarge`,
    ///   and what opening a file can give.
    static func keys(in path: String) throws -> [PrivateKey] {
        let content = try octets(of: path)
        if content.withUnsafeBytes({ $0.first == 0x5A }) {
            let end = content.withUnsafeBytes { $0.firstIndex { $0 <= 0x20 } ?? $0.count }
            return [try ExportSecret(parsing: content.duplicate(0..<end)).decryption]
        }
        var (text, secrets) = content.withUnsafeBytes { cutOut($0) }
        defer { text.removeAll() }
        let value: JSONValue
        do {
            value = try JSONValue(parsing: text)
        } catch {
            throw PlatformError(.corrupt, store: path, "It is no JSON text.", cause: error)
        }
        return try (value.array ?? [value]).map { entry in
            guard let members = entry["PrivateKeyECDH"], let curve = members["crv"]?.string,
                let algorithm = KeyAlgorithm(name: curve), let place = members["Private"]?.integer,
                secrets.indices.contains(Int(place))
            else {
                throw PlatformError(
                    .corrupt, store: path, "An entry of it is no private key.",
                    remedy: #"It should be a list of {"PrivateKeyECDH":{"crv":"X448","Private":"…"}}."#)
            }
            let range = secrets[Int(place)]
            let octets = content.withUnsafeBytes { Base64.url.decode(UnsafeRawBufferPointer(rebasing: $0[range])) }
            guard let octets else { throw PlatformError(.corrupt, store: path, "A private key is no base64url.") }
            do {
                return try PrivateKey(algorithm: algorithm, octets: octets)
            } catch {
                throw PlatformError(.corrupt, store: path, "An entry of it is no \(curve) key.", cause: error)
            }
        }
    }

    /// The text with the number of each secret where the secret stood, and where the secrets stand.
    private static func cutOut(_ text: UnsafeRawBufferPointer) -> (text: [UInt8], secrets: [Range<Int>]) {
        var rest: [UInt8] = []
        var secrets: [Range<Int>] = []
        var place = 0
        var isSecret = false
        while place < text.count {
            guard text[place] == 0x22 else {
                // A colon and blanks may stand between the name and the secret.
                if ![0x3A, 0x20, 0x09, 0x0A, 0x0D].contains(text[place]) { isSecret = false }
                rest.append(text[place])
                place += 1
                continue
            }
            var end = place + 1
            while end < text.count, text[end] != 0x22 { end += text[end] == 0x5C ? 2 : 1 }
            end = min(end, text.count)
            if isSecret {
                rest.append(contentsOf: "\(secrets.count)".utf8)
                secrets.append(place + 1..<end)
            } else {
                rest.append(contentsOf: text[place..<min(end + 1, text.count)])
            }
            isSecret = !isSecret && text[(place + 1)..<end].elementsEqual("Private".utf8)
            place = end + 1
        }
        return (rest, secrets)
    }

    private static func octets(of path: String) throws -> SecretBytes {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw FileOctets.failure(path, "opened") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileOctets.failure(path, "read") }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw PlatformError(.unexpectedFileType, store: path, "It is no plain file.")
        }
        guard status.st_mode & 0o077 == 0, status.st_uid == geteuid() || status.st_uid == 0 else {
            throw PlatformError(
                .insecurePermissions, store: path, "Others can read or change this file of private keys.",
                remedy: "Make it yours alone: chmod 600 \(path)")
        }
        guard status.st_size <= largest else {
            throw PlatformError(.tooLarge, store: path, "The file is too large to hold keys.")
        }
        var count = 0
        let content = try SecretBytes(count: Int(status.st_size)) { (buffer) throws(PlatformError) in
            while count < buffer.count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
                let got = try FileOctets.read(descriptor, into: rest, named: path)
                if got == 0 { break }
                count += got
            }
        }
        return content.duplicate(0..<count)
    }
}
