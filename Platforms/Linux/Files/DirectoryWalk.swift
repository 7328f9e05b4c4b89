import CLinuxFiles
import Glibc
import MeshPlatforms

/// The way from `/` to a directory, one checked step at a time.
struct DirectoryWalk {
    private let path: String
    /// The names still to go, the next one last.
    private var rest: [Substring]
    private var links = 0
    /// More links than this on one way are a loop (the system's own limit).
    private static let maximumLinks = 40

    init(to path: String) throws {
        self.path = path
        rest = Self.reversedNames(path)
        if !path.hasPrefix("/") {
            guard let here = getcwd(nil, 0) else { throw PlatformError.file(errno, "getcwd", path: path) }
            defer { free(here) }
            rest += Self.reversedNames(String(cString: here))
        }
    }

    private static func reversedNames(_ path: String) -> [Substring] {
        path.split(separator: "/").filter { $0 != "." }.reversed()
    }

    /// Opens the directory at the end of the way; nil if it is not there and is not to be made.
    mutating func open(create: Bool) throws -> FileDescriptor? {
        var current = try start()
        var walked = ""
        while let name = rest.popLast().map(String.init) {
            let next = "\(walked)/\(name)"
            guard let opened = FileDescriptor.open(name, at: current.number, linux_O_PATH | O_NOFOLLOW) else {
                guard errno == ENOENT else { throw PlatformError.file(errno, "openat", path: next) }
                guard create else { return nil }
                try Directory.make(name, in: current.number, path: next)
                rest.append(Substring(name))
                continue
            }
            let status = try opened.status(path: next)
            if status.isLink, !rest.isEmpty {
                try status.requireOwner(path: next)
                let target = try target(of: opened, path: next)
                rest += Self.reversedNames(target)
                if target.hasPrefix("/") {
                    current = try start()
                    walked = ""
                }
                continue
            }
            if rest.isEmpty {
                try status.requireDirectory(path: next)
            } else {
                try status.requireAncestor(path: next)
            }
            current = opened
            walked = next
        }
        // From a mere place to a directory that can be read: the same one, as "." is no name that can be replaced.
        guard let directory = FileDescriptor.open(".", at: current.number, O_RDONLY | O_DIRECTORY) else {
            throw PlatformError.file(errno, "openat", path: path)
        }
        return directory
    }

    private func start() throws -> FileDescriptor {
        guard let root = FileDescriptor.open("/", at: AT_FDCWD, linux_O_PATH | O_DIRECTORY) else {
            throw PlatformError.file(errno, "open", path: "/")
        }
        try root.status(path: "/").requireAncestor(path: "/")
        return root
    }

    private mutating func target(of link: borrowing FileDescriptor, path: String) throws -> String {
        links += 1
        guard links <= Self.maximumLinks else { throw PlatformError.file(ELOOP, "readlinkat", path: path) }
        var target = [UInt8](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = target.withUnsafeMutableBytes { buffer in
            buffer.withMemoryRebound(to: CChar.self) { buffer in
                // Proof: the buffer is not empty, so it has an address.
                readlinkat(link.number, "", buffer.baseAddress!, buffer.count)
            }
        }
        guard count >= 0 else { throw PlatformError.file(errno, "readlinkat", path: path) }
        guard count <= Int(PATH_MAX) else { throw PlatformError.file(ENAMETOOLONG, "readlinkat", path: path) }
        return String(decoding: target.prefix(count), as: UTF8.self)
    }
}
