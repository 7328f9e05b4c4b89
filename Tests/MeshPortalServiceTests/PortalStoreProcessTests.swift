import Glibc
import MeshCore
import MeshHomeDirectory
import MeshPlatforms
import MeshPortalService
import MeshTestSupport
import Testing

/// Killed processes, and several at a time, on a portal's store in files.
@Suite struct PortalStoreProcessTests {
    static let partition = PortalPartition.account(UDF(type: .digestSHA2, value: [UInt8](repeating: 5, count: 32)))
    static let exerciser = Child.program("mesh-portal-store-exerciser")

    /// A portal that processes work on.
    final class Root: Sendable {
        let scratch: Scratch
        let path: String
        init() throws {
            scratch = try Scratch()
            path = "\(scratch.path)/portal"
        }

        var containers: FileContainerStore {
            FileContainerStore(HomeDirectory(mode: .test("exerciser"), path: path))
        }

        func exercise(_ prefix: [String] = [], _ arguments: [String]) async throws -> Child.End {
            try await Child.finish(prefix + [PortalStoreProcessTests.exerciser, path] + arguments)
        }

        /// What somebody finds who opens the store now.
        func content() async throws -> Content {
            let store = DAREPortalStore(containers)
            let records = try await store.records("", after: nil, limit: .max, in: partition)
            let frames = try await store.frames(of: "MMM_Device", from: 0, limit: .max, octets: .max, in: partition)
            let state = try await store.state(of: "MMM_Device", in: partition)
            #expect(state.count == frames.count)
            return Content(records: records, frames: frames)
        }
    }

    struct Content: Hashable, Sendable {
        let records: [PortalRecord]
        let frames: [[UInt8]]
    }

    /// What is done by the process that is killed, and what was done before.
    enum Flow: String, CaseIterable, Sendable {
        case firstCommit, commit, compaction, firstAppend, append, removal

        var before: [[String]] {
            switch self {
            case .firstCommit: []
            case .commit: [["count", "2", "x"], ["append", "2"]]
            // One less than a compaction needs.
            case .compaction: [["count", "127", "x"]]
            case .firstAppend: [["count", "1", "x"]]
            case .append: [["append", "2"]]
            case .removal: [["count", "2", "x"], ["append", "3"]]
            }
        }

        var arguments: [String] {
            switch self {
            case .firstCommit, .commit, .compaction: ["count", "1", "x"]
            case .firstAppend: ["append", "2"]
            case .append: ["append", "3"]
            case .removal: ["remove"]
            }
        }

        func prepare() async throws -> Root {
            let root = try Root()
            for arguments in before {
                let end = try await root.exercise([], arguments)
                try #require(end.code == 0, "\(end.output)")
            }
            return root
        }
    }

    /// The calls that change something. To die before another call is to die before the next of these.
    static let changing = [
        "mkdirat", "pwrite64", "fsync", "fdatasync", "renameat", "renameat2", "unlinkat", "ftruncate",
    ]

    @Test(.enabled(if: Child.canTrace), arguments: Flow.allCases)
    func `Killed at any changing system call, a store has all of the change or none`(flow: Flow) async throws {
        let example = try await flow.prepare()
        let old = try await example.content()
        let end = try await example.exercise([], flow.arguments)
        #expect(end.code == 0, "\(end.output)")
        let new = try await example.content()
        #expect(old != new)
        var kills = 0
        var counts = [0, 0]
        for call in Self.changing {
            for number in 1...200 {
                let root = try await flow.prepare()
                let tracer = [
                    "/usr/bin/strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(call)", "-e",
                    "inject=\(call):signal=KILL:when=\(number)",
                ]
                let end = try await root.exercise(tracer, flow.arguments)
                if end.signal == 0, end.code == 0 { break }
                #expect(end.signal == SIGKILL || end.code == 128 + SIGKILL, "\(call) \(number): \(end.output)")
                kills += 1
                let found = try await root.content()
                #expect(found == old || found == new, "\(flow), killed at \(call) \(number)")
                counts[found == new ? 1 : 0] += 1
                // The next one works, and leaves nothing behind.
                let next = try await root.exercise([], flow.arguments)
                #expect(next.code == 0, "\(flow), after a kill at \(call) \(number): \(next.output)")
                let last = try await root.content()
                if found == old || flow == .removal { #expect(last == new, "\(flow), \(call) \(number)") }
                try expectNoRests(root, "\(flow), killed at \(call) \(number)")
            }
        }
        print("\(flow): \(kills) kills, \(counts[0]) left the old state, \(counts[1]) the new one")
        // Fewer would mean that the tracer did not see the work.
        #expect(kills >= 3 && counts[0] > 0)
    }

    private func expectNoRests(_ root: Root, _ when: String) throws {
        let account = try #require(Self.partition.account)
        let names = try root.containers.directory(of: account, create: false)?.names() ?? []
        #expect(names.allSatisfy { ["account.dcat", "MMM_Device.dcat"].contains($0) }, "\(names) \(when)")
    }

    @Test func `A removed account leaves no file behind`() async throws {
        let root = try await Flow.removal.prepare()
        #expect(try root.containers.accounts().count == 1)
        let store = DAREPortalStore(root.containers)
        #expect(try await store.remove(Self.partition))
        #expect(try root.containers.accounts().isEmpty)
        #expect(try await !store.remove(Self.partition))
    }

    @Test func `Of several processes that want a name, exactly one gets it`() async throws {
        let root = try Root()
        let (processes, names) = (4, 25)
        let won = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<processes {
                group.addTask {
                    let end = try await root.exercise([], ["claim", "\(names)", "owner \(number)"])
                    #expect(end.code == 0, "\(end.output)")
                    let first = end.output.split(separator: "\n").first ?? ""
                    return Int(first.dropFirst(4)) ?? -1_000
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(won == names)
        let records = try await DAREPortalStore(root.containers).records("name/", after: nil, limit: .max, in: .portal)
        #expect(records.count == names)
        #expect(records.allSatisfy { $0.version == 1 })
    }

    @Test func `Several processes that count and append lose nothing`() async throws {
        let root = try Root()
        try await withThrowingTaskGroup(of: Child.End.self) { group in
            for number in 0..<4 {
                // Enough for some compactions.
                group.addTask { try await root.exercise([], ["count", "100", "\(number)"]) }
                group.addTask { try await root.exercise([], ["append", "\(number + 1)"]) }
            }
            for try await end in group { #expect(end.code == 0, "\(end.output)") }
        }
        let content = try await root.content()
        let counts = Dictionary(
            uniqueKeysWithValues: content.records.map { ($0.key, String(decoding: $0.octets, as: UTF8.self)) })
        #expect(counts["count/all"] == "400")
        for number in 0..<4 { #expect(counts["count/\(number)"] == "100") }
        #expect(content.frames.count == 10)
    }
}
