import Glibc
import MeshCore
import MeshFiles
import MeshHomeDirectory
import MeshPlatforms
import MeshRegistry

/// What the tests have done in a process that they kill, hinder or run beside another:
/// `mesh-registry-exerciser ROOT count N NAME`: counts `NAME` and `all` up, N times
/// `mesh-registry-exerciser ROOT accept UDF TEXT`: accepts a profile
/// `mesh-registry-exerciser ROOT replace NAME TEXT`: replaces a file
///
/// Says `ok`, or the code of the error, and ends with 0 or 1.
@main struct Exerciser {
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            try await run(arguments)
            print("ok")
        } catch let error as PlatformError {
            print(error.codeName)
            exit(1)
        } catch {
            print("\(error)")
            exit(1)
        }
    }

    static func run(_ arguments: [String]) async throws {
        guard arguments.count == 4 else {
            throw PlatformError(.invalidArgument, store: "exerciser", "Four arguments are needed.")
        }
        let home = HomeDirectory(mode: .test("exerciser"), path: arguments[0])
        switch arguments[1] {
        case "count":
            let registry = JSONRegistry(mode: home.mode, path: home.path) { try home.root(create: $0) }
            let name = arguments[3]
            for _ in 0..<(Int(arguments[2]) ?? 0) {
                try await registry.modify(options: CallOptions(deadline: .seconds(60))) { transaction in
                    for name in [name, "all"] {
                        let path = RegistryPath(literal: "Count")
                        guard case .integer(let count) = try transaction.value(name, at: path) ?? .integer(0) else {
                            throw PlatformError(.corrupt, store: "exerciser", "The count is no number.")
                        }
                        try transaction.set(.integer(count + 1), name, at: path)
                    }
                }
            }
        case "accept":
            let store = FileProfileStore(home)
            try await store.accept(Array(arguments[3].utf8), of: try UDF(parsing: arguments[2]))
        case "replace":
            try home.root(create: true)?.replaceFile(arguments[2], with: Array(arguments[3].utf8))
        default:
            throw PlatformError(.invalidArgument, store: "exerciser", "There is no such exercise.")
        }
    }
}

extension Registry {
    func modify(
        options: CallOptions, _ body: @Sendable (inout any RegistryTransaction) throws -> Void
    ) async throws {
        try await modify(expecting: nil, options: options, body)
    }
}
