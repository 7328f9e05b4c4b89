import MeshCore
import MeshFiles
import MeshHomeDirectory
import MeshPlatforms
import MeshTestSupport
import Testing

/// The containers of a home directory: where they are, and how they are erased.
@Suite struct ContainerStoreTests {
    static let account = UDF(type: .digestSHA2, value: [UInt8](repeating: 3, count: 32))
    static let other = UDF(type: .digestSHA2, value: [UInt8](repeating: 4, count: 32))
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    func home(_ mode: PlatformMode = .test("t")) -> HomeDirectory {
        HomeDirectory(mode: mode, path: "\(scratch.path)/root")
    }

    /// Fills the store with `host.dare` and the containers of two accounts, and gives those who have them open.
    func fill(_ store: FileContainerStore) throws -> [(any ContainerFile, any ContainerSidecar)] {
        var directories = [("host.dare", try #require(try store.root(create: true)))]
        for account in [Self.account, Self.other] {
            directories.append(("MMM_Contact.dcat", try #require(try store.directory(of: account, create: true))))
        }
        return try directories.map { name, directory in
            try directory.createFile(name, with: [1])
            try directory.createFile("\(name).index", with: [2])
            return (
                try #require(try directory.openFile(name, .append)),
                try #require(try directory.openSidecar(name, .append))
            )
        }
    }

    @Test func `Looking for containers makes nothing`() throws {
        let store = FileContainerStore(home())
        #expect(try store.root(create: false) == nil)
        #expect(try store.directory(of: Self.account, create: false) == nil)
        #expect(try store.accounts().isEmpty)
        #expect(try scratch.open().names().isEmpty)
    }

    @Test func `Containers lie where the specification says, and nobody else may read them`() throws {
        let store = FileContainerStore(home())
        _ = try fill(store)
        #expect(scratch.mode("root/host.dare") == 0o600)
        #expect(scratch.mode("root/locks/host.dare.lock") == 0o600)
        let account = "root/stores/\(Self.account.text)"
        #expect(scratch.mode("root/stores") == 0o700)
        #expect(scratch.mode(account) == 0o700)
        #expect(scratch.mode("\(account)/MMM_Contact.dcat") == 0o600)
        #expect(scratch.mode("\(account)/locks/MMM_Contact.dcat.lock") == 0o600)
        // What is no account is not listed.
        try scratch.put("root/stores/note", "x")
        _ = try Directory.open("\(scratch.path)/root/stores/other", create: true)
        #expect(try store.accounts() == [Self.account, Self.other].sorted { $0.text < $1.text })
    }

    @Test func `Erasing takes the containers and leaves the rest; who has one open notices`() async throws {
        let home = home()
        let store = FileContainerStore(home)
        let opened = try fill(store)
        _ = try home.lock("profiles.lock")
        try home.root(create: true)?.createFile("profiles.json", with: [9])
        try await store.eraseTestData()
        try await store.eraseTestData()
        #expect(try store.accounts().isEmpty)
        #expect(try scratch.open().subdirectory("root", create: false)?.names() == ["MODE", "locks", "profiles.json"])
        #expect(try home.directory("locks", create: false)?.names().contains("host.dare.lock") == false)
        for (file, sidecar) in opened {
            #expect(try !file.isCurrent())
            #expect(try !sidecar.isCurrent())
        }
        // The same value goes on working.
        for (file, sidecar) in try fill(store) {
            #expect(try file.isCurrent())
            #expect(try sidecar.isCurrent())
        }
        try await home.eraseTestData()
        #expect(scratch.mode("root") == 0)
    }

    @Test func `Erasing waits for each who appends, and erases nothing if they do not end`() async throws {
        let home = home()
        let store = FileContainerStore(home)
        let options = CallOptions(deadline: .milliseconds(50))
        for (file, sidecar) in try fill(store) {
            try sidecar.acquire(.append, until: .now)
            await #expect(throws: PlatformError(.timedOut, store: "", "")) {
                try await store.eraseTestData(options: options)
            }
            await #expect(throws: PlatformError(.timedOut, store: "", "")) {
                try await home.eraseTestData(options: options)
            }
            #expect(try file.isCurrent())
            sidecar.release(.append)
        }
        try await home.eraseTestData()
        #expect(scratch.mode("root") == 0)
    }

    @Test func `Production is not erased`() async throws {
        let store = FileContainerStore(home(.production))
        let opened = try fill(store)
        await #expect(throws: PlatformError(.productionRefused, store: "", "")) { try await store.eraseTestData() }
        for (file, _) in opened { #expect(try file.isCurrent()) }
    }
}
