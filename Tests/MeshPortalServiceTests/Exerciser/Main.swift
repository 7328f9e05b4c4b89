import Glibc
import MeshCore
import MeshDARE
import MeshHomeDirectory
import MeshPlatforms
import MeshPortalService

/// What the tests have done in a process that they kill, or run beside others:
/// `mesh-portal-store-exerciser ROOT count COUNT NAME`: counts up `count/all` and `count/NAME` of an account, together
/// `mesh-portal-store-exerciser ROOT claim COUNT OWNER`: makes `name/0` and so on, each with OWNER in it; says how many
/// `mesh-portal-store-exerciser ROOT append COUNT`: appends COUNT frames to a container of the account, together
/// `mesh-portal-store-exerciser ROOT remove`: removes the account
///
/// Says `ok`, or the code of the error, and ends with 0 or 1.
@main struct Exerciser {
    static let partition = PortalPartition.account(UDF(type: .digestSHA2, value: [UInt8](repeating: 5, count: 32)))
    static let log = "MMM_Device"

    static func main() async {
        do {
            try await run(Array(CommandLine.arguments.dropFirst()))
            print("ok")
        } catch let error as any MeshError {
            print("\(error.codeName) \(error)")
            exit(1)
        } catch {
            print("\(error)")
            exit(1)
        }
    }

    static func run(_ arguments: [String]) async throws {
        guard arguments.count >= 2 else { throw usage }
        let store = DAREPortalStore(FileContainerStore(HomeDirectory(mode: .test("exerciser"), path: arguments[0])))
        let count = arguments.count > 2 ? Int(arguments[2]) ?? 0 : 0
        switch (arguments[1], arguments.count) {
        case ("count", 4): for _ in 0..<count { try await countUp(arguments[3], store) }
        case ("claim", 4): print("won \(try await claim(count, arguments[3], store))")
        case ("append", 3): try await append(count, store)
        case ("remove", 2): _ = try await store.remove(partition)
        default: throw usage
        }
    }

    static var usage: PlatformError {
        PlatformError(.invalidArgument, store: "exerciser", "Other arguments are needed.")
    }

    static func isConflict(_ body: () async throws -> Void) async throws -> Bool {
        do {
            try await body()
            return false
        } catch let error as PortalStoreError where error.code == .conflict {
            return true
        }
    }

    static func countUp(_ name: String, _ store: DAREPortalStore) async throws {
        var changes: [PortalChange] = []
        repeat {
            changes = []
            for key in ["count/all", "count/\(name)"] {
                let old = try await store.record(key, in: partition)
                let count = Int(String(decoding: old?.octets ?? [], as: UTF8.self)) ?? 0
                changes.append(.put(key: key, octets: Array("\(count + 1)".utf8), expecting: old?.version ?? 0))
            }
        } while try await isConflict { try await store.commit(changes, in: partition) }
    }

    static func claim(_ count: Int, _ owner: String, _ store: DAREPortalStore) async throws -> Int {
        var won = 0
        for number in 0..<count {
            let change = PortalChange.put(key: "name/\(number)", octets: Array(owner.utf8), expecting: 0)
            if try await !isConflict({ try await store.commit([change], in: .portal) }) { won += 1 }
        }
        return won
    }

    static func append(_ count: Int, _ store: DAREPortalStore) async throws {
        repeat {
            let start = try await store.state(of: log, in: partition).count
            let contents = (1..<start + count).map { FrameContent(Array("frame \($0)".utf8)) }
            let frames = try DARESequence.prepare(new: SequenceOptions(.chain), contents).frames
            let isConflict = try await isConflict {
                _ = try await store.append(Array(frames[start...]), to: log, expecting: start, in: partition)
            }
            if !isConflict { return }
        } while true
    }
}
