import Glibc
import MeshCore
import MeshFiles
import MeshHomeDirectory
import MeshPlatforms
import MeshRegistry
import MeshTestSupport
import Testing

@Suite struct HomeDirectoryTests {
    @Test func `The roots are where the environment says`() throws {
        let test = PlatformMode.test("ci")
        let home = ["HOME": "/home/a"]
        #expect(try HomePaths.root(of: .production, environment: home) == "/home/a/.mmm")
        #expect(try HomePaths.root(of: test, environment: home) == "/home/a/.mmm-test/ci")
        let both = ["HOME": "/home/a", "MESH_HOME": "/x//y/./", "MESH_TEST_HOME": "/t"]
        #expect(try HomePaths.root(of: .production, environment: both) == "/x/y")
        #expect(try HomePaths.root(of: test, environment: both) == "/t/ci")
        for nested in [["MESH_HOME": "/t/ci/x"], ["MESH_HOME": "/t"], ["MESH_HOME": "/t/ci"]] {
            #expect(
                code { _ = try HomePaths.root(of: test, environment: nested.merging(["MESH_TEST_HOME": "/t"]) { $1 }) }
                    == .invalidArgument)
        }
    }

    @Test func `Nothing is made before it is needed, and then with the mark of its mode`() throws {
        let scratch = try Scratch()
        let home = HomeDirectory(mode: .test("ci"), path: "\(scratch.path)/root")
        #expect(try home.root(create: false) == nil)
        #expect(try home.directory("keys", create: false) == nil)
        #expect(try scratch.open().names() == [])
        _ = try home.directory("keys", create: true)
        #expect(scratch.mode("root") == 0o700)
        #expect(scratch.mode("root/MODE") == 0o600)
        #expect(try home.root(create: false)?.readFile("MODE", limit: 99) == Array("test-ci\n".utf8))
    }

    @Test func `Data of another mode are refused, read or written`() throws {
        let scratch = try Scratch()
        let path = "\(scratch.path)/root"
        _ = try HomeDirectory(mode: .production, path: path).root(create: true)
        for other in [PlatformMode.test("ci"), .test("production")] {
            for create in [false, true] {
                #expect(
                    code { _ = try HomeDirectory(mode: other, path: path).root(create: create) } == .invalidArgument)
            }
        }
        try scratch.put("root/MODE", "neither\n")
        #expect(code { _ = try HomeDirectory(mode: .production, path: path).root(create: true) } == .corrupt)
        // Files that nobody has marked as a test's are not a test's.
        try scratch.put("root/file", "mine")
        unlink("\(path)/MODE")
        #expect(code { _ = try HomeDirectory(mode: .test("ci"), path: path).root(create: true) } == .invalidArgument)
        #expect(try HomeDirectory(mode: .production, path: path).root(create: true) != nil)
    }

    @Test func `Erasing removes all of the test and nothing else, twice`() async throws {
        let scratch = try Scratch()
        try scratch.put("outside", "kept")
        let home = HomeDirectory(mode: .test("ci"), path: "\(scratch.path)/tests/ci")
        let sibling = HomeDirectory(mode: .test("other"), path: "\(scratch.path)/tests/other")
        _ = try sibling.root(create: true)
        let registry = JSONRegistry(mode: home.mode, path: home.path) { try home.root(create: $0) }
        try await registry.modify { try $0.set(.integer(1), "a", at: .root) }
        try await FileProfileStore(home).accept([1], of: ProcessTests.profile)
        #expect(symlink(scratch.path, "\(home.path)/link") == 0)
        #expect(symlink("\(scratch.path)/outside", "\(home.path)/profiles/link") == 0)
        try await home.eraseTestData()
        try await home.eraseTestData()
        #expect(try scratch.open().names() == ["outside", "tests"])
        #expect(try Directory.open("\(scratch.path)/tests", create: false)?.names() == ["other"])
        #expect(try scratch.open().readFile("outside", limit: 9) == Array("kept".utf8))
        // The same values go on working.
        #expect(try await registry.read { $0.valueNames(at: .root) } == [])
        try await registry.modify { try $0.set(.integer(2), "a", at: .root) }
        #expect(try await FileProfileStore(home).list() == [])
    }

    @Test func `Erasing waits for those who hold a lock, and refuses production`() async throws {
        let scratch = try Scratch()
        let home = HomeDirectory(mode: .test("ci"), path: "\(scratch.path)/root")
        let held = try home.lock("some.lock").acquire(until: .now)
        await #expect(throws: PlatformError(.timedOut, store: "", "")) {
            try await home.eraseTestData(options: CallOptions(deadline: .milliseconds(50)))
        }
        #expect(scratch.mode("root/MODE") == 0o600)
        held.release()
        try await home.eraseTestData()
        #expect(scratch.mode("root") == 0)
        let production = HomeDirectory(mode: .production, path: "\(scratch.path)/mine")
        _ = try production.root(create: true)
        await #expect(throws: PlatformError(.productionRefused, store: "", "")) { try await production.eraseTestData() }
        #expect(scratch.mode("mine/MODE") == 0o600)
    }
}

@Suite struct ProfileArchiveTests {
    static let profile = ProcessTests.profile
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    func store() -> FileProfileStore {
        FileProfileStore(HomeDirectory(mode: .test("t"), path: "\(scratch.path)/root"))
    }
    func directory() throws -> Directory {
        try #require(
            try Directory.open("\(scratch.path)/root/profiles/\(Self.profile.text)", create: false))
    }
    var name: String { "\(Self.profile.text).all.mmm" }
    func octets() throws -> [UInt8] { try #require(try directory().readFile(name, limit: 1 << 20)) }

    @Test func `A torn tail is no version, and the next one takes its place`() async throws {
        try await store().accept(Array("one".utf8), of: Self.profile)
        let whole = try octets()
        try await store().accept(Array("two".utf8), of: Self.profile)
        let both = try octets()
        for end in whole.count..<both.count {
            try directory().replaceFile(name, with: Array(both[..<end]))
            #expect(try await store().archive(of: Self.profile) == [Array("one".utf8)])
            try await store().accept(Array("six".utf8), of: Self.profile)
            #expect(try await store().archive(of: Self.profile).count == 2)
            #expect(try octets().count == both.count)
        }
        // The first frame is made whole or not at all.
        for end in [0, 1, 8, 100] {
            try directory().replaceFile(name, with: Array(both[..<end]))
            await #expect(throws: PlatformError(.corrupt, store: "", "")) {
                try await store().archive(of: Self.profile)
            }
        }
    }

    @Test func `A damaged version is named and never cut off, and the others are found`() async throws {
        for text in ["one", "two"] { try await store().accept(Array(text.utf8), of: Self.profile) }
        let last = try octets().count
        try await store().accept(Array("three".utf8), of: Self.profile)
        let whole = try octets()
        for place in whole.indices {
            var damaged = whole
            damaged[place] ^= 0x40
            try directory().replaceFile(name, with: damaged)
            let error = await #expect(throws: PlatformError.self, "octet \(place)") {
                try await store().archive(of: Self.profile)
            }
            #expect(error?.code == .corrupt, "octet \(place)")
            let newest = try await store().restoreLatest(of: Self.profile, options: CallOptions()) { _ in true }
            // In the last frame, what was changed may be the content, or something beside it.
            let expected = place < last ? ["three"] : ["three", "two"]
            #expect(expected.contains { newest == Array($0.utf8) }, "octet \(place)")
            #expect(try octets() == damaged)
            // Appending would cut off what cannot be told from a version that was not written to its end.
            if place >= last, newest == Array("two".utf8) {
                try? await store().accept([1], of: Self.profile)
                #expect(try octets().starts(with: damaged), "octet \(place)")
            }
        }
    }
}
