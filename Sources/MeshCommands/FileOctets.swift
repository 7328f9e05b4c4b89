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
        let code: PlatformError.Code =
            switch number {
            case EEXIST: .alreadyExists
            case ENOENT: .notFound
            case EACCES, EPERM: .accessDenied
            case ENOSPC, EDQUOT: .noSpace
            case EROFS: .readOnly
            case ELOOP, EISDIR: .unexpectedFileType
            default: .inputOutput
            }
        return PlatformError(
            code, store: path, "The file could not be \(doing): \(String(cString: strerror(number))).",
            remedy: code == .alreadyExists ? "Choose another place; nothing is overwritten." : nil)
    }
}
