import Glibc
import MeshCore
import MeshPlatforms

/// Names of files inside one directory.
enum FileName {
    private static let temporaryPrefix = ".new-"

    /// - Throws: ``PlatformError`` `invalidArgument` unless `name` is as `ContainerName` says, and not a name that
    ///   temporary files have.
    static func check(_ name: String, in directory: String) throws {
        try ContainerName.check(name, in: directory, atMost: Int(NAME_MAX))
        guard !isTemporary(name) else {
            throw PlatformError(.invalidArgument, store: directory, "Files that are being written have such names.")
        }
    }

    /// A new name for a file that is still being written.
    static func makeTemporary() -> String {
        let digits = Array("0123456789abcdef".utf8)
        var name = Array(temporaryPrefix.utf8)
        for octet in SystemRandomSource().bytes(12) {
            name.append(digits[Int(octet >> 4)])
            name.append(digits[Int(octet & 15)])
        }
        return String(decoding: name, as: UTF8.self)
    }

    /// Whether `name` is of the form that ``makeTemporary()`` gives.
    static func isTemporary(_ name: String) -> Bool {
        name.hasPrefix(temporaryPrefix) && name.utf8.count == temporaryPrefix.utf8.count + 24
    }
}
