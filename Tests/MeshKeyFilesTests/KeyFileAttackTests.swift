import Glibc
import MeshCore
import MeshPlatforms
import MeshSSHTestSupport
import Testing

@testable import MeshKeyFiles

/// What another user, or a mistake, may have put where keys are: refused by name, nothing written, nothing lost.
struct KeyFileAttackTests {
    enum Attack: String, CaseIterable, Sendable {
        case fileMode, groupRead, owner, link, danglingLink, hardLink, fifo, directory, socketless
        case keysDirectoryMode, keysDirectoryLink, keysDirectoryOwner, keysIsFile, rootMode, sealMode, sealLink

        var expected: PlatformError.Code {
            switch self {
            case .fileMode, .groupRead, .owner, .hardLink, .keysDirectoryMode, .keysDirectoryOwner, .rootMode,
                .sealMode:
                .insecurePermissions
            case .link, .danglingLink, .fifo, .directory, .socketless, .keysDirectoryLink, .keysIsFile, .sealLink:
                .unexpectedFileType
            }
        }

        /// What a shell does for it; `$k` is the key's file.
        var script: String {
            switch self {
            case .fileMode: "chmod 644 $k"
            case .groupRead: "chmod 640 $k"
            case .owner: "chown 12345 $k"
            case .link: "mv $k elsewhere && ln -s $PWD/elsewhere $k"
            case .danglingLink: "mv $k elsewhere && ln -s nowhere $k"
            case .hardLink: "ln $k elsewhere"
            case .fifo: "mv $k elsewhere && mkfifo -m 600 $k"
            case .directory: "mv $k elsewhere && mkdir -m 700 $k"
            case .socketless: "mv $k elsewhere && mknod $k c 1 3 && chmod 600 $k"
            case .keysDirectoryMode: "chmod 777 root/keys"
            case .keysDirectoryLink: "mv root/keys root/other && ln -s other root/keys"
            case .keysDirectoryOwner: "chown 12345 root/keys"
            case .keysIsFile: "mv root/keys root/other && touch root/keys"
            case .rootMode: "chmod 777 root"
            case .sealMode: "chmod 644 root/keys/.seal"
            case .sealLink: "mv root/keys/.seal elsewhere && ln -s $PWD/elsewhere root/keys/.seal"
            }
        }

        var needsRoot: Bool { [.owner, .keysDirectoryOwner, .socketless].contains(self) }
        var isAboutSeal: Bool { self == .sealMode || self == .sealLink }
        var isAboutFile: Bool {
            ![.keysDirectoryMode, .keysDirectoryLink, .keysDirectoryOwner, .keysIsFile, .rootMode].contains(self)
                && !isAboutSeal
        }
    }

    @Test(arguments: Attack.allCases, [true, false]) func isRefused(attack: Attack, isSealed: Bool) async throws {
        // A file owned by the system is in order for everybody; another owner can only be set by it.
        if attack.needsRoot, geteuid() != 0 { return }
        if attack.isAboutSeal, !isSealed { return }
        let directory = try TemporaryDirectory()
        let store = isSealed ? try await directory.unlocked() : directory.clear()
        let (item, other) = (try newItem(), try newItem())
        try await store.put([1, 2, 3], as: item)
        try await store.put([4], as: other)
        let done = try Command("sh", "-c", "cd '\(directory.path)' && k='\(directory.name(item))' && \(attack.script)")
        try #require(done.status == 0, "\(done.output)")
        let before = try directory.snapshot()
        for replacement in [KeyReplacement.never, .always, .ifUnchanged(KeyRevision("x"))] {
            #expect(await code { try await store.put([5], as: item, replacement) } == attack.expected)
        }
        if !attack.isAboutSeal {
            #expect(await code { _ = try await store.get(item) } == attack.expected)
            #expect(await code { _ = try await store.remove(item.identifier) } == attack.expected)
        }
        if attack.isAboutFile {
            let listing = try await store.list()
            #expect(listing.items == [other])
            #expect(listing.isPartial && listing.problems.map(\.code) == [attack.expected])
            #expect(try await store.get(other) == [4])
        } else if !attack.isAboutSeal {
            #expect(await code { _ = try await store.list() } == attack.expected)
            guard case .unavailable(let error) = await store.state() else {
                return #expect(Bool(false), "the state does not tell")
            }
            #expect(error.code == attack.expected)
        } else {
            #expect(await code { _ = try await directory.unlocked() } == attack.expected)
        }
        #expect(try directory.snapshot() == before)
    }

    /// Erasing follows no link out of the directory, and takes away what is in the way.
    @Test func erasingFollowsNoLink() async throws {
        let directory = try TemporaryDirectory()
        let store = directory.clear()
        try await store.put([1], as: newItem())
        try directory.write([7], "outside")
        let links = try Command(
            "sh", "-c",
            "cd '\(directory.path)' && mkdir away && touch away/file && ln -s ../../outside root/keys/one && ln -s ../../away root/keys/two"
        )
        try #require(links.status == 0, "\(links.output)")
        _ = try await store.eraseTestKeys(options: CallOptions())
        #expect(try directory.octets("outside") == [7])
        #expect(directory.exists("away/file"))
        #expect(!directory.exists("root/keys/one") && !directory.exists("root/keys/two"))
        #expect(try await store.list().items.isEmpty)
    }

    /// A writer that was killed leaves a temporary file behind: it is no key, and goes with the next change.
    @Test func abandonedFilesGo() async throws {
        let directory = try TemporaryDirectory()
        let store = directory.clear()
        let item = try newItem()
        try await store.put([1], as: item)
        let name = "root/keys/.new-0123456789abcdef01234567"
        try directory.write([1, 2, 3], name)
        let listing = try await store.list()
        #expect(listing.items == [item] && !listing.isPartial)
        try await store.put([2], as: item, .always)
        #expect(!directory.exists(name))
    }
}
