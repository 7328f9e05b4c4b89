import MeshCore
import MeshPlatforms

/// What adding a tree has left out.
public struct ArchiveSkip: Hashable, Sendable {
    /// The path, in words.
    public let path: String
    /// What it is: "a symbolic link".
    public let kind: String
}

/// Told of each file before it is added or extracted; throws to give up.
public typealias ArchiveProgress = (_ path: String, _ size: Int) throws -> Void

extension Archive {
    /// Adds files and directories. Each file is there whole or not at all; what was added before an error stays.
    ///
    /// - Parameters:
    ///   - source: the tree.
    ///   - skipsOthers: whether what is neither a plain file nor a directory is left out and reported; else it is an error.
    ///   - replaces: whether files of the same path may be replaced.
    /// - Returns: what was left out.
    /// - Throws: ``ArchiveError`` `notAFile`, `alreadyExists`, `kindConflict`, `changed`, and as ``ArchivePath/init(parts:)``
    ///   for names that cannot be recorded; ``DAREError``, ``PlatformError``.
    @discardableResult
    public func add(
        _ source: any ArchiveSource, skipsOthers: Bool = false, replaces: Bool = true, progress: ArchiveProgress? = nil
    ) throws -> [ArchiveSkip] {
        var skipped: [ArchiveSkip] = []
        try source.visit { file in
            let name = file.parts.joined(separator: "/")
            switch file.kind {
            case .other(let kind):
                guard skipsOthers else {
                    throw ArchiveError(
                        .notAFile, "\(ArchiveError.quoted(name)) is \(kind), not a file or directory.",
                        remedy: "Take it away, or have such things left out (archive create --skip-others).")
                }
                skipped.append(ArchiveSkip(path: name, kind: kind))
            case .directory:
                let path = try ArchivePath(parts: file.parts)
                try progress?(path.text, 0)
                try addDirectory(path, attributes: file.attributes, durability: .atClose)
            case .file:
                let path = try ArchivePath(parts: file.parts)
                try progress?(path.text, file.size)
                var offset = 0
                try add(
                    path, size: file.size, attributes: file.attributes, replaces: replaces, durability: .atClose
                ) { buffer in
                    let count = try file.read(at: offset, into: buffer)
                    offset += count
                    return count
                }
            }
        }
        try synchronize()
        return skipped
    }

    /// Extracts files and directories into a new directory: all of them, or none if anything is wrong.
    ///
    /// - Parameters:
    ///   - destination: the new directory.
    ///   - paths: the files that are wanted, and directories with all below them; nil: everything, and then nothing that is
    ///     refused may be in the archive.
    ///   - limits: what is accepted.
    /// - Returns: how many files there are.
    /// - Throws: ``ArchiveError`` that names the record: hostile names, `twin`, `kindConflict`, `fileTooLarge`, `tooLarge`,
    ///   `notFound`; ``DAREError`` for content that was changed or is for others; ``PlatformError``. The destination is
    ///   abandoned then.
    @discardableResult
    public func extract(
        to destination: any ArchiveDestination, _ paths: [ArchivePath]? = nil, limits: ArchiveLimits = ArchiveLimits(),
        progress: ArchiveProgress? = nil
    ) throws -> Int {
        do {
            let files = try selected(paths)
            try Self.check(files, limits)
            for file in files {
                try progress?(file.path.text, file.storedSize)
                if file.isDirectory {
                    try destination.makeDirectory(file.path.parts)
                } else {
                    try destination.makeFile(file.path.parts, attributes: file.attributes) { append in
                        try read(file, to: append)
                    }
                }
            }
            try destination.commit()
            return files.count { !$0.isDirectory }
        } catch {
            destination.abandon()
            throw error
        }
    }

    private func selected(_ paths: [ArchivePath]?) throws -> [ArchiveFile] {
        let files = try files()
        guard let paths else {
            if let problem = try problems.first { throw problem }
            return files
        }
        for path in paths where !files.contains(where: { Self.isSelected($0.path, by: path) }) {
            throw ArchiveError(.notFound, "There is no \(ArchiveError.quoted(path.text)) in \(sequence.path).")
        }
        return files.filter { file in paths.contains { Self.isSelected(file.path, by: $0) } }
    }

    private static func isSelected(_ path: ArchivePath, by selection: ArchivePath) -> Bool {
        path == selection || path.text.utf8.starts(with: (selection.text + "/").utf8)
    }

    private static func check(_ files: [ArchiveFile], _ limits: ArchiveLimits) throws(ArchiveError) {
        var check = ArchivePathCheck(allowsTwins: limits.allowsTwins)
        var total = 0
        for file in files {
            try check.add(file.path, isDirectory: file.isDirectory, frame: file.frame)
            guard file.storedSize <= limits.largestFile else {
                throw ArchiveError(
                    .fileTooLarge, frame: file.frame, "The file has \(file.storedSize) octets.",
                    remedy: "Raise the limit if you trust where the archive comes from.")
            }
            // Every size was compared with that of the archive itself, so that the sum fits.
            total += file.storedSize
            guard total <= limits.largestTotal else {
                throw ArchiveError(
                    .tooLarge, "The files of the archive have more than \(limits.largestTotal) octets in all.",
                    remedy: "Raise the limit if you trust where it comes from.")
            }
        }
    }
}
