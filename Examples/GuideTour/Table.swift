import MeshCore
import MeshFiles
import MeshPlatforms

/// What people carry from one machine to another themselves, in notes of one line: a witness that they compare, shares on
/// paper. Where the machines are processes of their own, the notes are files in a directory.
struct Table: Sendable {
    private let directory: Directory
    private let patience = Duration.seconds(60)

    init(_ path: String) throws {
        guard let directory = try Directory.open(path, create: true) else {
            throw PlatformError(.notFound, store: path, "The directory was removed while it was in use.")
        }
        self.directory = directory
    }

    /// Lays a note on the table.
    func lay(_ name: String, _ text: String) throws { try directory.createFile(name, with: Array(text.utf8)) }

    /// Lays a note on the table that nobody but its owner may read.
    func lay(_ name: String, secret: borrowing SecretBytes) throws {
        try secret.withUnsafeBytes { try directory.createFile(name, with: $0) }
    }

    /// Takes a note from the table, as soon as it is there.
    ///
    /// - Throws: ``PlatformError`` `timedOut`, if nobody lays it there within a minute.
    func take(_ name: String) async throws -> SecretBytes {
        let end = ContinuousClock.now + patience
        while ContinuousClock.now < end {
            if let note = try directory.readSecret(name, limit: 4096) {
                _ = try directory.removeFile(name)
                return note
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw PlatformError(
            .timedOut, store: directory.path, "Nobody has laid the note \"\(name)\" on the table.",
            remedy: "Start the first, the second and the third machine with the same --directory.")
    }

    /// Takes a note that is no secret.
    func text(_ name: String) async throws -> String {
        try await take(name).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }
}
