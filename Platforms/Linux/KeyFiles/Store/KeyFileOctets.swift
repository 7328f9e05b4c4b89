import MeshCore
import MeshPlatforms

/// Key files as octets, for tests that feed their reader with anything.
package enum KeyFileOctets {
    /// Reads a key file of production data, whatever key it says it is of, without opening what is sealed.
    ///
    /// - Parameter unchecked: the file without its last line, the check value, which is added here.
    /// - Throws: ``PlatformError`` `corrupt`, `unknownVersion`.
    package static func read(_ unchecked: borrowing SecretBytes, name: String) throws {
        var writer = SecretWriter(capacity: unchecked.count + 256)
        unchecked.withUnsafeBytes { writer.append($0) }
        let check = writer.withWritten { FieldReader.checkText(of: $0, kind: KeyFileHeader.kind) }
        writer.append(check)
        let file = try KeyFile.read(writer.finish(), name: name, mode: .production, path: "key")
        _ = try? file.secret(nil)
    }
}
