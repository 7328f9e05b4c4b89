import Glibc
import MeshPlatforms

/// Reading and writing descriptors, with errors that say what happened to which file. Everything blocks.
enum FileOctets {
    /// Fills `buffer` with what comes next; returns how many octets these are, 0 at the end.
    static func read(
        _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, named name: String
    ) throws(PlatformError) -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            if errno != EINTR { throw failure(name, "read") }
        }
    }

    /// Fills `buffer` with what stands at `offset`; returns how many octets these are, fewer only where the file ends.
    static func read(
        _ descriptor: Int32, at offset: Int, into buffer: UnsafeMutableRawBufferPointer, named name: String
    ) throws(PlatformError) -> Int {
        var count = 0
        while count < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
            let got = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + count))
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw failure(name, "read") }
            if got == 0 { break }
            count += got
        }
        return count
    }

    /// Writes all of `octets`.
    static func write(
        _ octets: UnsafeRawBufferPointer, to descriptor: Int32, named name: String
    ) throws(PlatformError) {
        var rest = octets
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw failure(name, "written")
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// The error for what a system call has just reported.
    static func failure(_ path: String, _ doing: String) -> PlatformError {
        let number = errno
        let (code, remedy): (PlatformError.Code, String) =
            switch number {
            case EEXIST: (.alreadyExists, "Choose another place; nothing is overwritten.")
            case ENOENT: (.notFound, "Look whether the path is right, and make the directory if it is missing.")
            case EACCES, EPERM: (.accessDenied, "Check the owner and the permissions with `ls -ld`.")
            case ENOSPC, EDQUOT, EFBIG:
                (.noSpace, "Free some space (see `df`), or choose another place, and try again.")
            case EROFS: (.readOnly, "Choose another place, or mount the file system for writing.")
            case ELOOP, EISDIR, ENOTDIR: (.unexpectedFileType, "Look at it with `ls -ld`, and name a plain file.")
            default: (.inputOutput, "Check the disk (see `dmesg`), or choose another place, and try again.")
            }
        return PlatformError(
            code, store: path, "The file could not be \(doing): \(String(cString: strerror(number))).", remedy: remedy)
    }
}

/// Paths as texts.
enum FilePath {
    /// The directory that `path` leads through, and the name in it.
    ///
    /// - Throws: ``PlatformError`` `invalidArgument` if it ends in no name.
    static func split(_ path: String) throws(PlatformError) -> (folder: String, name: String) {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        guard !name.isEmpty, name != ".", name != ".." else {
            throw PlatformError(.invalidArgument, store: path, "This is no name for a file.")
        }
        return (folder, name)
    }
}
