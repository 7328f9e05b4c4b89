import Glibc
import MeshPlatforms

extension Directory {
    /// Has the system report (inotify) what is made, changed, renamed and removed in the directory.
    ///
    /// - Returns: a descriptor to read the events from, which does not block and which the caller closes.
    /// - Throws: ``PlatformError`` `inputOutput` and others, if the user's limit of watches is reached.
    public func watch() throws -> Int32 {
        let number = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard number >= 0 else { throw PlatformError.file(errno, "inotify_init1", path: path) }
        // Through the descriptor, so that it is this directory whatever its path stands for by now.
        let mask = IN_CREATE | IN_MODIFY | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR
        guard inotify_add_watch(number, "/proc/self/fd/\(descriptor.number)", UInt32(mask)) >= 0 else {
            let failure = errno
            close(number)
            throw PlatformError.file(failure, "inotify_add_watch", path: path)
        }
        return number
    }
}
