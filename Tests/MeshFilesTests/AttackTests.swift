import Glibc
import MeshCore
import MeshFiles
import MeshPlatforms
import MeshTestSupport
import Testing

/// What another user, or an accident, may have put where our files are.
@Suite struct AttackTests {
    static let isRoot = geteuid() == 0
    /// The owner of files that are not the user's.
    static let nobody: uid_t = 65534

    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let read: PlatformError.Code
        let replace: PlatformError.Code?
        let needsRoot: Bool
        let prepare: @Sendable (_ path: String) -> Bool

        init(
            _ name: String, read: PlatformError.Code, replace: PlatformError.Code?, needsRoot: Bool = false,
            _ prepare: @escaping @Sendable (String) -> Bool
        ) {
            testDescription = name
            self.read = read
            self.replace = replace
            self.needsRoot = needsRoot
            self.prepare = prepare
        }
    }

    static func makeFile(_ path: String, mode: mode_t = 0o600, owner: uid_t? = nil) -> Bool {
        let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
        guard descriptor >= 0, write(descriptor, "old", 3) == 3, fchmod(descriptor, mode) == 0 else { return false }
        if let owner, fchown(descriptor, owner, owner) != 0 { return false }
        return close(descriptor) == 0
    }

    static let inPlaceOfAFile: [Case] = [
        Case("group may read", read: .insecurePermissions, replace: nil) { makeFile($0, mode: 0o640) },
        Case("all may read", read: .insecurePermissions, replace: nil) { makeFile($0, mode: 0o644) },
        Case("others may write", read: .insecurePermissions, replace: nil) { makeFile($0, mode: 0o602) },
        Case("group may execute", read: .insecurePermissions, replace: nil) { makeFile($0, mode: 0o610) },
        Case("another owner", read: .insecurePermissions, replace: .insecurePermissions, needsRoot: true) {
            makeFile($0, owner: nobody)
        },
        Case("a second name", read: .insecurePermissions, replace: nil) { makeFile($0) && link($0, $0 + "2") == 0 },
        Case("a link to a file", read: .unexpectedFileType, replace: .unexpectedFileType) {
            makeFile($0 + "2") && symlink($0 + "2", $0) == 0
        },
        Case("a link to nothing", read: .unexpectedFileType, replace: .unexpectedFileType) {
            symlink("/nowhere/at/all", $0) == 0
        },
        Case("a link to itself", read: .unexpectedFileType, replace: .unexpectedFileType) { symlink($0, $0) == 0 },
        Case("a FIFO", read: .unexpectedFileType, replace: .unexpectedFileType) { mkfifo($0, 0o600) == 0 },
        Case("a directory", read: .unexpectedFileType, replace: .unexpectedFileType) { mkdir($0, 0o700) == 0 },
        Case("a device", read: .unexpectedFileType, replace: .unexpectedFileType, needsRoot: true) {
            mknod($0, S_IFCHR | 0o600, 0x0103) == 0
        },
    ]

    @Test(arguments: inPlaceOfAFile)
    func `A file that is not a plain file of the user's own is refused`(attack: Case) throws {
        guard Self.isRoot || !attack.needsRoot else { return }
        let scratch = try Scratch()
        let path = "\(scratch.path)/victim"
        try #require(attack.prepare(path))
        let directory = try scratch.open()
        #expect(code { _ = try directory.readFile("victim", limit: 10) } == attack.read)
        #expect(code { _ = try directory.readSecret("victim", limit: 10) } == attack.read)
        #expect(code { _ = try directory.openFile("victim", create: true) } == attack.read)
        #expect(code { _ = try directory.openFileForReading("victim") } == attack.read)
        let lock = FileLock("victim", in: directory)
        #expect(code { try lock.withLock(until: .now) {} } == attack.read)
        #expect(code { try directory.createFile("victim", with: [1]) } == .alreadyExists)
        #expect(code { try directory.replaceFile("victim", with: [1]) } == attack.replace)
        if attack.replace == nil {
            #expect(try directory.readFile("victim", limit: 10) == [1])
            #expect(scratch.mode("victim") == 0o600)
        }
        // What a link pointed to, or the second name named, is as it was.
        if let other = try directory.status(of: "victim2"), other.isFile {
            #expect(try directory.readFile("victim2", limit: 10) == Array("old".utf8))
        }
        #expect(try directory.names().allSatisfy { $0.hasPrefix("victim") })
    }

    @Test func `The error of a readable key file names the one line that repairs it`() throws {
        let scratch = try Scratch()
        try scratch.put("key", "secret", mode: 0o644)
        let error = try #require(throws: PlatformError.self) { try scratch.open().readFile("key", limit: 10) }
        #expect(error.remedy?.contains("chmod 600 \(scratch.path)/key") == true)
        #expect(error.store == "\(scratch.path)/key")
        #expect(try scratch.open().readFile("key", limit: 10, permissions: .everyoneReads) != nil)
    }

    @Test func `Directories that others may change are refused, as the last one and on the way`() throws {
        let scratch = try Scratch()
        let path = "\(scratch.path)/a/b"
        _ = try Directory.open(path, create: true)
        for mode: mode_t in [0o770, 0o777, 0o707, 0o1777] {
            #expect(chmod(path, mode) == 0)
            #expect(code { _ = try Directory.open(path, create: true) } == .insecurePermissions)
            let parent = try #require(try Directory.open("\(scratch.path)/a", create: false))
            #expect(code { _ = try parent.subdirectory("b", create: true) } == .insecurePermissions)
        }
        #expect(chmod(path, 0o755) == 0)
        #expect(try Directory.open(path, create: false) != nil)
        for (mode, refused) in [(0o770 as mode_t, true), (0o777, true), (0o1777, false), (0o755, false)] {
            #expect(chmod("\(scratch.path)/a", mode) == 0)
            #expect((code { _ = try Directory.open(path, create: false) } == .insecurePermissions) == refused)
        }
    }

    @Test(.enabled(if: isRoot)) func `Directories of another owner are refused, as the last one and on the way`() throws
    {
        let scratch = try Scratch()
        let path = "\(scratch.path)/a/b"
        _ = try Directory.open(path, create: true)
        #expect(chown("\(scratch.path)/a", Self.nobody, Self.nobody) == 0)
        #expect(code { _ = try Directory.open(path, create: false) } == .insecurePermissions)
        #expect(code { _ = try Directory.open("\(scratch.path)/a", create: false) } == .insecurePermissions)
        #expect(code { _ = try Directory.open("\(scratch.path)/a/new", create: true) } == .insecurePermissions)
        #expect(scratch.mode("a/new") == 0)
    }

    @Test func `The last name may not be a link, a trusted link on the way may`() throws {
        let scratch = try Scratch()
        _ = try Directory.open("\(scratch.path)/real/b", create: true)
        #expect(symlink("real", "\(scratch.path)/relative") == 0)
        #expect(symlink("\(scratch.path)/real", "\(scratch.path)/absolute") == 0)
        #expect(symlink("loop", "\(scratch.path)/loop") == 0)
        #expect(symlink("nothing", "\(scratch.path)/dangling") == 0)
        for name in ["relative", "absolute", "loop", "dangling"] {
            #expect(code { _ = try Directory.open("\(scratch.path)/\(name)", create: true) } == .unexpectedFileType)
            #expect(
                code { _ = try scratch.open().subdirectory(name, create: true) } == .unexpectedFileType)
        }
        #expect(try Directory.open("\(scratch.path)/relative/b", create: false) != nil)
        #expect(try Directory.open("\(scratch.path)/absolute/b", create: false) != nil)
        #expect(try Directory.open("\(scratch.path)/real/../real/./b", create: false) != nil)
        #expect(code { _ = try Directory.open("\(scratch.path)/loop/b", create: false) } == .unexpectedFileType)
        if Self.isRoot {
            #expect(lchown("\(scratch.path)/relative", Self.nobody, Self.nobody) == 0)
            #expect(
                code { _ = try Directory.open("\(scratch.path)/relative/b", create: false) } == .insecurePermissions)
        }
        try scratch.put("file", "")
        #expect(code { _ = try Directory.open("\(scratch.path)/file", create: true) } == .unexpectedFileType)
        #expect(code { _ = try Directory.open("\(scratch.path)/file/b", create: true) } == .unexpectedFileType)
        #expect(code { _ = try Directory.open("", create: true) } == .invalidArgument)
    }

    @Test func `A name that is swapped between file, link and FIFO is never read through the link`() async throws {
        let scratch = try Scratch()
        try scratch.put("outside", "STOLEN")
        try scratch.put("honest", "honest")
        let directory = try scratch.open()
        let (path, rounds) = (scratch.path, 3_000)
        async let racer: Void = Task.detached {
            for round in 0..<rounds {
                unlink("\(path)/next")
                switch round % 3 {
                case 0: symlink("\(path)/outside", "\(path)/next")
                case 1: mkfifo("\(path)/next", 0o600)
                default: _ = Self.makeFile("\(path)/next")
                }
                rename("\(path)/next", "\(path)/victim")
            }
        }.value
        var seen: Set<String> = []
        for _ in 0..<rounds {
            do {
                if let octets = try directory.readFile("victim", limit: 10) {
                    seen.insert(String(decoding: octets, as: UTF8.self))
                }
            } catch let error as PlatformError {
                // A file that is replaced while it is open has lost its last name; that is no fault.
                #expect(error.code == .unexpectedFileType)
            }
        }
        await racer
        #expect(!seen.contains("STOLEN"))
        #expect(seen.isSubset(of: ["old"]))
    }
}
