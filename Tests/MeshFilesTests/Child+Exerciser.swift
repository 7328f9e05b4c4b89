import MeshTestSupport

extension Child {
    /// The program that does what these tests have done in other processes.
    static let exerciser = program("mesh-registry-exerciser")

    /// Runs the exerciser to its end, behind `prefix` (a tracer, say).
    static func exercise(_ prefix: [String], _ arguments: [String]) async throws -> End {
        try await finish(prefix + [exerciser] + arguments)
    }
}
