import Glibc
import MeshCore
import MeshPlatforms

/// Files and directories as they lie on the disk, for an archive to be made of them.
///
/// Any the user can read will do: unlike the stores of this package, it does not ask who owns them. Links are not
/// followed, at the top or below; other file systems that are mounted below are walked through.
public final class FileTree: ArchiveSource {
    private let path: String
    private let parts: [String]

    /// The file or directory at `path`, with all in it.
    ///
    /// - Parameter parts: the names it has in the archive; by default its own. With none, what is in the directory
    ///   stands at the top of the archive.
    public init(_ path: String, as parts: [String]? = nil) {
        self.path = path
        self.parts = parts ?? path.split(separator: "/").last.map { [String($0)] } ?? []
    }

    public func visit(_ body: (ArchiveSourceFile) throws -> Void) throws {
        // The last name is not followed if it is a link; a slash at the end would have the system do that.
        var top = Substring(path)
        while top.utf8.count > 1, top.utf8.last == 0x2F { top = top.dropLast() }
        guard !top.isEmpty, top.utf8.allSatisfy({ $0 != 0 }) else {
            throw PlatformError(.invalidArgument, store: "files", "There is no file of the path that was given.")
        }
        let entry = Directory.Entry(octets: Array(top.utf8).map { CChar(bitPattern: $0) } + [0])
        try visit(entry, in: AT_FDCWD, path: path, parts: parts, body)
    }

    private func visit(
        _ entry: Directory.Entry, in directory: Int32, path: String, parts: [String],
        _ body: (ArchiveSourceFile) throws -> Void
    ) throws {
        var status = stat()
        guard entry.withName({ fstatat(directory, $0, &status, AT_SYMLINK_NOFOLLOW) }) == 0 else {
            throw PlatformError.file(errno, "fstatat", path: path)
        }
        guard entry.validText != nil else {
            return try body(Self.other("a file whose name is not UTF-8", parts, status))
        }
        let found = FileStatus(status)
        guard found.isFile || found.isDirectory else { return try body(Self.other(found.kind, parts, status)) }
        // Without O_NONBLOCK, a FIFO that took the place of the file meanwhile would be waited for.
        let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
        let number = entry.withName { openat(directory, $0, found.isDirectory ? flags | O_DIRECTORY : flags) }
        guard number >= 0 else { throw PlatformError.file(errno, "openat", path: path) }
        let file = FileDescriptor(number)
        guard try file.status(path: path).identity == found.identity else {
            throw PlatformError(
                .changedUnderneath, store: path, "Another file took the place of the one that was found.",
                remedy: "Try again.")
        }
        if found.isFile {
            return try read(file, found, path: path, parts: parts, body, status)
        }
        if !parts.isEmpty {
            try body(
                ArchiveSourceFile(
                    parts: parts, kind: .directory, attributes: Self.attributes(status), size: 0, reader: { _, _ in 0 })
            )
        }
        let entries = try Directory.entries(of: file, path: path)
            .sorted { $0.octets.lexicographicallyPrecedes($1.octets) { UInt8(bitPattern: $0) < UInt8(bitPattern: $1) } }
        for child in entries {
            try visit(child, in: file.number, path: "\(path)/\(child.text)", parts: parts + [child.text], body)
        }
    }

    private func read(
        _ file: borrowing FileDescriptor, _ found: FileStatus, path: String, parts: [String],
        _ body: (ArchiveSourceFile) throws -> Void, _ status: stat
    ) throws {
        let number = file.number
        try body(
            ArchiveSourceFile(
                parts: parts, kind: .file, attributes: Self.attributes(status), size: found.size,
                reader: { offset, buffer in try FileDescriptor.read(number, into: buffer, at: offset, path: path) }))
    }

    private static func other(_ kind: String, _ parts: [String], _ status: stat) -> ArchiveSourceFile {
        ArchiveSourceFile(
            parts: parts, kind: .other(kind), attributes: attributes(status), size: 0, reader: { _, _ in 0 })
    }

    private static func attributes(_ status: stat) -> ArchiveFileAttributes {
        ArchiveFileAttributes(
            accessed: Timestamp(secondsSince1970: Int64(status.st_atim.tv_sec)),
            modified: Timestamp(secondsSince1970: Int64(status.st_mtim.tv_sec)),
            isReadOnly: status.st_mode & S_IWUSR == 0,
            isExecutable: status.st_mode & S_IFMT == S_IFREG && status.st_mode & S_IXUSR != 0)
    }
}
