import Glibc
import MeshCore
import MeshDARE
import MeshFiles
import MeshKeyFiles
import MeshLight
import MeshLinuxPlatform
import MeshPlatforms
import MeshPortalDirectory
import MeshPortalService
import MeshPortals
import MeshProfiles
import MeshSessions
import MeshTestSupport
import Testing

/// Programs in other languages, against the shared library as it is installed: a second device of an account, each.
struct ForeignTests {
    static let sources = String(#filePath.dropLast("ForeignTests.swift".count))
    static let include = "\(sources)../../Sources/MeshLight/include"
    /// The library beside the tests, or (scripts/sanitize-light) one that is built with a sanitizer.
    static let library =
        MeshLinux.processEnvironment["MESH_LIGHT_LIBRARY"] ?? Child.program("libmeshlight.so")

    /// Compiles a program with both sanitizers, by the compiler of the toolchain, and links it with the library.
    static func compile(_ source: String, to program: String) async throws -> String {
        let folder = String(library.dropLast("/libmeshlight.so".count))
        let end = try await Child.finish([
            "/usr/bin/env", "clang", "-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic", "-g", "-O1",
            "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-I\(include)", source, "-o", program,
            "-L\(folder)", "-lmeshlight", "-lpthread", "-Wl,-rpath,\(folder)",
        ])
        try #require(end.code == 0, "\(end.output)")
        return program
    }

    @Test func cProgramUnderSanitizers() async throws {
        let scratch = try Scratch()
        let program = try await Self.compile("\(Self.sources)Programs/device.c", to: "\(scratch.path)/device")
        try await useDevice(scratch) { [program] + $0 }
    }

    @Test func pythonProgram() async throws {
        let scratch = try Scratch()
        try await useDevice(scratch) { arguments in
            [
                "/usr/bin/env", "python3", "\(Self.sources)Programs/device.py", Self.library,
                "\(Self.include)/meshlight.h",
            ]
                + arguments
        }
    }

    private func useDevice(_ scratch: Scratch, _ command: ([String]) -> [String]) async throws {
        let portal = "\(scratch.path)/portal"
        let service = try await PortalDirectory(portal).create(domain: "example.com")
        var environment = MeshLinux.processEnvironment
        environment["MESH_HOME"] = "\(scratch.path)/first"
        let platform = try await MeshLinux.initialize(
            keyStore: KeyFileStore.clearName, environment: environment)
        let alice = try await MeshSession(platform, portal: MeshPortalDirect([service.domain: service]))
            .createAccount("alice@example.com", name: "alice")
        let first = try await alice.credentials()
        var entry = CatalogedCredential(service: "example.com", networkProtocol: "https")
        entry.password = "first-secret"
        try await first.add(entry)
        let notes = Right(rawValue: "notes")
        try await alice.makeKeys(of: [notes])
        try await alice.application("com.example.notes", of: [String: Int].self, readers: notes).add(
            ["n": 1], as: "a/b")
        try await alice.application("com.example.notes", readers: notes, writers: .administrator).add(7, as: "fixed")
        _ = try await alice.sync()

        let pin = try await alice.makePIN(rights: Right.usual + [notes]).pin.bytes.withUnsafeBytes {
            String(decoding: $0, as: UTF8.self)
        }
        let machine = ["\(scratch.path)/second", portal, "alice@example.com"]
        let requested = try await Child.finish(command(["request"] + machine + [pin]))
        try #require(requested.code == 0 && requested.output.hasSuffix("requested\n"), "\(requested.output)")
        _ = try await alice.acceptProven()
        let used = try await Child.finish(command(["use"] + machine + ["https:example.com"]))
        try #require(used.code == 0 && used.output.hasSuffix("used\n"), "\(used.signal) \(used.output)")

        _ = try await alice.sync()
        #expect(try await alice.credentials().find("https:example.com")?.entry.password == "third-secret")
        #expect(try await alice.credentials().entries().count == 1)
        let kept = try await alice.application("com.example.notes", of: [String: Int].self, readers: notes).values()
        #expect(kept.map(\.key) == ["a/b"] && kept.map(\.value) == [["n": 2]])
    }

    /// What the header says is what the library has.
    @Test func headerAndLibraryAgree() async throws {
        let header = try await Child.finish(["/bin/cat", "\(Self.include)/meshlight.h"]).output
        let lines = header.split(separator: "\n")
        var codes: [String: Int32] = [:]
        for line in lines where line.hasPrefix("#define MESH_") {
            let words = line.split(separator: " ")
            guard words.count > 2, !words[1].hasPrefix("MESH_LONGEST") else { continue }
            codes[String(words[1].dropFirst("MESH_".count))] = Int32(words[2])
        }
        let expected = LightCode.allCases.map { ($0.name.replacing("-", with: "_").uppercased(), $0.rawValue) }
        #expect(codes == Dictionary(uniqueKeysWithValues: expected))

        let declared = Set(
            lines.filter { $0.hasPrefix("int mesh_") }.compactMap { $0.dropFirst(4).split(separator: "(").first })
        #expect(declared.count == 20)
        let folder = "\(Self.sources)../../Sources/MeshLight/Foreign"
        let source = try await Child.finish([
            "/bin/cat", "\(folder)/ForeignInterface.swift", "\(folder)/ForeignApplications.swift",
        ]).output
        let written = source.split(separator: "\n").filter { $0.hasPrefix("@_cdecl(") }
            .compactMap { $0.split(separator: "\"").dropFirst().first }
        #expect(Set(written) == declared)
        let symbols = try await Child.finish(["/usr/bin/env", "nm", "-D", "--defined-only", Self.library]).output
        let defined = Set(symbols.split(separator: "\n").compactMap { $0.split(separator: " ").last })
        #expect(declared.isSubset(of: defined))
    }

    /// Nothing of the package's own C is in the way of a program that uses the same names. Swift's symbols have the names of their
    /// modules in them.
    @Test func onlyTheHeadersFunctionsAreExported() async throws {
        let header = try await Child.finish(["/bin/cat", "\(Self.include)/meshlight.h"]).output
        let declared = header.split(separator: "\n").filter { $0.hasPrefix("int mesh_") }
            .compactMap { $0.dropFirst(4).split(separator: "(").first }
        let symbols = try await Child.finish(["/usr/bin/env", "nm", "-D", "--defined-only", Self.library]).output
        let names = symbols.split(separator: "\n").compactMap { $0.split(separator: " ").last }
        // Made by the linker in every library.
        let ofLinker = ["_end", "_edata", "__bss_start"]
        let own = names.filter { !$0.hasPrefix("$s") && !ofLinker.contains(String($0)) }
        #expect(own.sorted() == declared.sorted())
    }

    /// The example of the README is a program, and ends well on a machine that is connected to nothing.
    @Test func readmeExample() async throws {
        let scratch = try Scratch()
        let readme = try await Child.finish(["/bin/cat", "\(Self.sources)../../README.md"]).output
        let start = try #require(readme.firstRange(of: "```c\n")).upperBound
        let end = try #require(readme[start...].firstRange(of: "```")).lowerBound
        try scratch.put("example.c", String(readme[start..<end]))
        let program = try await Self.compile("\(scratch.path)/example.c", to: "\(scratch.path)/example")
        let run = try await Child.finish(["/usr/bin/env", "MESH_HOME=\(scratch.path)/home", program])
        #expect(run.code == Int32(UInt8(truncatingIfNeeded: LightCode.notFound.rawValue)), "\(run.output)")
    }

    /// Shows that what the other test relies on is on: the same compiler and library, with an octet read that was freed.
    @Test func sanitizersAreOn() async throws {
        let scratch = try Scratch()
        try scratch.put(
            "bad.c",
            """
            #include <meshlight.h>
            #include <stdlib.h>
            int main(void) {
                char *volatile gone = malloc(4);
                if (gone == NULL) return 0;
                gone[0] = 'k';
                free(gone);
                return mesh_create_device(0, NULL) == MESH_INVALID_HANDLE ? gone[0] : 0;
            }
            """)
        let program = try await Self.compile("\(scratch.path)/bad.c", to: "\(scratch.path)/bad")
        let end = try await Child.finish([program])
        #expect(end.code != 0 && end.output.contains("heap-use-after-free"), "\(end.output)")
    }
}
