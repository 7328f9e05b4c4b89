import CFuzzing
import Glibc
import MeshFuzzTargets

/// Fuzzes one target where libFuzzer is linked in (see scripts/fuzz), and replays inputs that are kept, in any build:
///
///     mesh-fuzz list
///     mesh-fuzz replay [--seconds LIMIT] TARGET FILE|DIRECTORY…
///     mesh-fuzz seeds TARGET DIRECTORY          writes the inputs that our own writer makes
///     mesh-fuzz TARGET [libFuzzer's arguments]
@main
enum Main {
    static func main() {
        var arguments = Array(CommandLine.arguments.dropFirst())
        switch arguments.first {
        case nil: fail("name a target, or say list or replay TARGET PATH…")
        case "list"?:
            for target in FuzzTarget.all { print(target.name) }
        case "replay"?:
            var limit = Replay.timeLimit
            if arguments.count > 2, arguments[1] == "--seconds" {
                guard let seconds = Double(arguments[2]) else { fail("--seconds wants a number") }
                limit = seconds
                arguments.removeSubrange(1...2)
            }
            guard arguments.count > 1 else { fail("replay needs a target") }
            let replay = Replay(target(arguments[1]), timeLimit: limit)
            for path in arguments.dropFirst(2) { replay.run(path) }
        case "seeds"?:
            guard arguments.count == 3 else { fail("seeds needs a target and a directory") }
            writeSeeds(of: target(arguments[1]), to: arguments[2])
        default:
            guard mesh_fuzz_is_available() == 1 else { fail("this build has no libFuzzer: run scripts/fuzz") }
            // libFuzzer starts the program again to merge inputs, with its own arguments alone.
            if arguments[0].hasPrefix("-"), let name = getenv("MESH_FUZZ_TARGET") {
                selected = target(String(cString: name))
            } else {
                selected = target(arguments.removeFirst())
                setenv("MESH_FUZZ_TARGET", selected.name, 1)
            }
            fuzz([CommandLine.arguments[0]] + arguments)
        }
    }

    /// The target that is fuzzed.
    // Set once, before libFuzzer makes its first call; the program has one thread that reads it.
    nonisolated(unsafe) fileprivate static var selected = FuzzTarget.all[0]

    private static func target(_ name: String) -> FuzzTarget {
        guard let target = FuzzTarget.named(name) else { fail("there is no target \(name)") }
        return target
    }

    private static func writeSeeds(of target: FuzzTarget, to directory: String) {
        do {
            for (number, seed) in try target.seeds().enumerated() {
                guard let file = fopen("\(directory)/seed-\(number)", "wb") else {
                    fail("\(directory) cannot be written to")
                }
                fwrite(seed, 1, seed.count, file)
                fclose(file)
            }
        } catch {
            fail("\(error)")
        }
    }

    private static func fuzz(_ arguments: [String]) {
        var pointers = arguments.map { strdup($0) }
        pointers.append(nil)
        exit(
            mesh_fuzz_run(Int32(arguments.count), &pointers) { octets, count in
                Main.selected.run(Array(UnsafeBufferPointer(start: octets, count: count)))
                return 0
            })
    }
}

/// Ends the program for a wrong command line, or an input that breaks what must hold.
func fail(_ message: String) -> Never {
    Array("mesh-fuzz: \(message)\n".utf8).withUnsafeBytes { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    exit(1)
}
