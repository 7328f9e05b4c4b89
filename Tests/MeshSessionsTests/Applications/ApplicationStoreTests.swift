import MeshCore
import MeshDARE
import MeshPlatforms
import MeshPortalService
import MeshProfiles
import Testing

@testable import MeshSessions

/// What applications of their own kind keep.
struct ApplicationStoreTests {
    private struct Note: Codable, Sendable, Equatable {
        var title: String
        var lines: [String] = []
        var stars: Int?
        var photo: [UInt8] = []
    }

    @Test func valuesAreOnAllDevicesThatHaveTheRight() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let reader = try await den.connect(den.session(), to: alice)
        let other = try await den.connect(den.session(), to: alice, rights: [.member])
        let notes = try await alice.application("com.example.notes", of: Note.self)
        let note = Note(title: "Milk \u{1F95B}", lines: ["one", "", "\"two\"\n"], stars: -3, photo: [0, 255, 1])
        try await notes.add(note, as: "a/b")
        let secret = try await alice.application("com.example.vault", of: [String: Int].self, readers: .web)
        try await secret.add(["pin": 1234], as: "a/b")
        // A value may be anything that can be coded, and names do not run into one another.
        try await alice.application("com.example", of: Int.self).add(7, as: "notes")
        _ = try await alice.sync()
        _ = try await reader.sync()
        _ = try await other.sync()
        for session in [alice, reader, other] {
            let kept = try await session.application("com.example.notes", of: Note.self)
            #expect(try await kept.values().map(\.value) == [note])
            #expect(try await kept.find("a/b")?.value == note)
            #expect(try await session.application("com.example", of: Int.self).find("notes")?.value == 7)
        }
        #expect(
            try await reader.application("com.example.vault", of: [String: Int].self, readers: .web).values().count == 1
        )
        await #expect(throws: SessionError(.rightMissing, "")) {
            try await other.application("com.example.vault", of: [String: Int].self, readers: .web)
        }
        let frames = den.store.contents.frames(of: "MMM_Application", in: .account(alice.udf))
        #expect(frames.allSatisfy { $0.ranges(of: Array("Milk".utf8)).isEmpty })
    }

    @Test func aStaleCopyIsRefused() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let notes = try await alice.application("com.example.notes", of: Note.self)
        try await notes.add(Note(title: "one"), as: "n")
        var old = try #require(try await notes.find("n"))
        try await notes.update(Note(title: "two"), as: "n", from: old.version)
        old.value.title = "three"
        do {
            try await notes.update(old.value, as: "n", from: old.version)
            Issue.record("it was taken")
        } catch let error as ApplicationStore<Note>.StaleValue {
            #expect(error.ours?.title == "three" && error.theirs?.value.title == "two")
            try await notes.update(old.value, as: "n", from: error.theirs?.version)
        }
        #expect(try await notes.find("n")?.value.title == "three")
        await #expect(throws: CatalogError(.alreadyExists, "")) { try await notes.add(old.value, as: "n") }
        await #expect(throws: CatalogError(.invalidEntry, "")) {
            try await alice.application("com.example.notes", of: Int.self).find("n")
        }
        for name in ["", "a/b", String(repeating: "x", count: 129)] {
            await #expect(throws: CatalogError(.invalidKey, "")) { try await alice.application(name, of: Note.self) }
        }
        await #expect(throws: CatalogError(.invalidKey, "")) { try await notes.add(old.value, as: "") }
        await #expect(throws: SessionError(.rightMissing, "")) {
            try await alice.application("x", of: Note.self, readers: Right(rawValue: "none"))
        }
        try await notes.remove("n", from: nil)
        #expect(try await notes.values().isEmpty)
    }
}
