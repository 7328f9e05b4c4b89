/// Something that reads octets of strangers: what fuzzing and the replay of its findings run.
public struct FuzzTarget: Sendable {
    /// Its name, by which corpus and failures are filed.
    public let name: String
    /// Reads one input. Whatever the octets are, it returns: errors are caught, and only what must never happen traps.
    public let run: @Sendable (_ input: [UInt8]) -> Void
    /// Inputs that our own writer makes, for the corpus to begin with where no published ones lead far enough.
    public let seeds: @Sendable () throws -> [[UInt8]]

    init(
        _ name: String, seeds: @escaping @Sendable () throws -> [[UInt8]] = { [] },
        _ run: @escaping @Sendable (_ input: [UInt8]) -> Void
    ) {
        self.name = name
        self.seeds = seeds
        self.run = run
    }

    /// The most memory that reading an input of `count` octets may take.
    public static func memoryLimit(_ count: Int) -> Int { 4 * count + (16 << 20) }

    /// All of them.
    public static let all: [FuzzTarget] =
        texts + values + streams + envelopes + sequences + stores + frames + keys + ssh + mail + passwords + portals
        + connections

    /// The one called `name`.
    public static func named(_ name: String) -> FuzzTarget? { (all + planted).first { $0.name == name } }

    /// What the replay must notice: a trap, more memory than an input may take, and time.
    private static let planted = [
        FuzzTarget("planted-trap") { input in require(input.isEmpty, "as planned") },
        FuzzTarget("planted-memory") { input in
            let much = [UInt8](repeating: 1, count: memoryLimit(input.count) + 1)
            if !input.isEmpty { require(much.allSatisfy { $0 == 1 }, "memory does not hold") }
        },
        FuzzTarget("planted-time") { input in
            guard !input.isEmpty else { return }
            // Work, not waiting: some 10^8 steps.
            var state: UInt64 = 1
            for _ in 0..<100_000_000 { state = state &* 6_364_136_223_846_793_005 &+ 1 }
            require(state != 0, "the state is odd or even")
        },
    ]
}

/// Stops the program: what `condition` says must hold for every input.
func require(_ condition: Bool, _ message: @autoclosure () -> String) {
    if !condition { fatalError("broken: \(message())") }
}
