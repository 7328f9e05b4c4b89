import MeshCore
import MeshPlatforms
import Testing

@testable import MeshCommands

/// Programs that are given secrets, and listened to.
struct ChildProgramTests {
    private func secret(_ octets: some Collection<UInt8>) -> SharedSecret { SharedSecret(SecretBytes(copying: octets)) }

    private func text(_ end: borrowing ChildProgram.End) -> String {
        end.output.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }

    @Test func whatIsGivenArrivesHoweverLongItIs() throws {
        let long = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let end = try ChildProgram(["/bin/cat"], patience: .seconds(60)).run([0: secret(long)], output: 1 << 21)
        #expect(end.status == 0 && !end.isCut && end.errors.isEmpty)
        #expect(end.output.withUnsafeBytes { $0.elementsEqual(long) })
        // Two at once, under numbers of their own, with what is said to complain.
        let both = try ChildProgram(
            ["/bin/sh", "-c", "cat <&3; cat; cat <&7; echo no >&2; exit 3"], patience: .seconds(60)
        ).run([7: secret("seven".utf8), 0: secret("zero".utf8), 3: secret("three".utf8)], output: 100, errors: 100)
        #expect(both.status == 3 && text(both) == "threezeroseven")
        #expect(both.errors == Array("no\n".utf8))
        let nothing = try ChildProgram(["/bin/cat"]).run([0: secret([])], output: 10)
        #expect(nothing.status == 0 && text(nothing).isEmpty)
        try ChildProgram(["/bin/cat"]).take(secret(long.prefix(100)))
    }

    @Test func whoDoesNotListenDoesNoHarm() throws {
        let long = [UInt8](repeating: 1, count: 1 << 20)
        let end = try ChildProgram(["/bin/true"], patience: .seconds(60)).run([0: secret(long), 5: secret(long)])
        #expect(end.status == 0)
        let deaf = try ChildProgram(["/bin/sh", "-c", "exec <&-; echo done"], patience: .seconds(60)).run(
            [0: secret(long)], output: 100)
        #expect(deaf.status == 0 && text(deaf) == "done\n")
        // Who talks on is ended, and who does not end too.
        let talking = try ChildProgram(["/usr/bin/yes"], patience: .seconds(60)).run([:], output: 1000, errors: 10)
        #expect(talking.isCut && talking.output.count == 1000)
        #expect(throws: PlatformError(.timedOut, store: "", "")) {
            _ = try ChildProgram(["/usr/bin/tail", "-f", "/dev/null"], patience: .milliseconds(20)).run([:])
        }
        #expect(throws: PlatformError(.unavailable, store: "", "")) { _ = try ChildProgram(["/nowhere"]).run([:]) }
        // What stays in the background holds nobody up.
        let started = try ChildProgram(
            ["/bin/sh", "-c", "tail -f /dev/null & echo $!"], patience: .seconds(60)
        ).run([:], output: 100, errors: 100)
        #expect(started.status == 0)
        let id = text(started).filter { $0 != "\n" }
        _ = try ChildProgram(["/bin/kill", id]).run([:])
        let killed = try ChildProgram(["/bin/sh", "-c", "kill -9 $$"]).run([:])
        #expect(killed.status == nil)
        #expect(ChildProgram.find("cat", in: ".:bin:/nowhere:/bin") == "/bin/cat")
        #expect(ChildProgram.find("cat", in: "bin:.") == nil)
    }
}
