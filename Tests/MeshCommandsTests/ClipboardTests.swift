import Foundation
import MeshCommands
import MeshCore
import MeshPlatforms
import Testing

/// The clipboard, through programs that stand for those of a desktop.
struct ClipboardTests {
    private let scratch: Scratch
    private let tool = Tool(portals: TestPortals(), portalVariable: "dir:/portal")
    private static let secret = "open sesame'\"\\ é"

    init() async throws {
        scratch = try Scratch()
        let programs = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Programs")
        for name in ["wl-copy", "wl-paste"] {
            try scratch.makeLink(name, to: programs.appending(path: name).path)
        }
        for (command, answers) in [
            (["portal", "create", "/portal", "--domain", "example.com"], []),
            (["account", "create", "alice@example.com"], []),
            (["credential", "add", "example.com", "--username", "alice"], [Self.secret]),
        ] {
            let run = await tool(command, answers: answers)
            try #require(run.status == 0, "\(run.errors)")
        }
    }

    /// Runs `credential copy`; `meanwhile` is what happens while the password is on the clipboard.
    private func copy(
        _ arguments: String..., display: String? = "wayland-0",
        meanwhile: @escaping @Sendable (Interruption) async throws -> Void = { _ in }
    ) async -> ToolRun {
        let interruption = Interruption()
        let path = scratch.path
        return await tool(["credential", "copy", "example.com"] + arguments) { environment in
            environment.interruption = interruption
            environment.pause = { _ in try await meanwhile(interruption) }
            environment.clipboard = {
                try ProgramClipboard {
                    ["WAYLAND_DISPLAY": display, "PATH": "relative:\(path):/bin:/usr/bin"][$0] ?? nil
                }
            }
        }
    }

    private var arguments: String { String(decoding: scratch.read("arguments") ?? [], as: UTF8.self) }

    @Test func thePasswordIsThereForSomeTime() async throws {
        let scratch = scratch
        let run = await copy("--seconds", "7") { _ in
            #expect(scratch.read("board") == Array(Self.secret.utf8))
        }
        #expect(run.status == 0, "\(run.errors)")
        #expect(scratch.read("board") == nil)
        #expect(run.output.isEmpty && !run.errors.contains("sesame"))
        #expect(run.errors.contains("for 7 seconds") && run.errors.contains("cleared"))
        // Not where everybody can read it.
        #expect(arguments == "wl-copy \nwl-paste --no-newline\nwl-copy --clear\n")
    }

    @Test func whatWasCopiedSinceStays() async throws {
        let scratch = scratch
        for other in ["something", Self.secret + "x", String(Self.secret.dropLast()), ""] {
            let run = await copy("--json") { _ in try scratch.write(Array(other.utf8), to: "board") }
            #expect(run.status == 0, "\(run.errors)")
            #expect(run.output.contains("\"cleared\": false"))
            #expect(scratch.read("board") == Array(other.utf8))
        }
    }

    @Test func anInterruptionClearsAtOnce() async throws {
        let run = await copy("--json") { interruption in
            #expect(interruption.interrupt())
            try await Task.sleep(for: .seconds(3600))
        }
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.contains("\"interrupted\": true") && run.output.contains("\"cleared\": true"))
        #expect(scratch.read("board") == nil)
    }

    @Test func withoutAClipboardTheRemedyIsSaid() async throws {
        let none = await copy(display: nil)
        #expect(none.status == ToolStatus.failed.rawValue)
        #expect(none.errors.contains("--to FILE"))
        let run = await copy("--seconds", "0")
        #expect(run.status == ToolStatus.usage.rawValue)
        #expect(throws: PlatformError(.unsupported, store: "", "")) {
            _ = try ProgramClipboard { ["DISPLAY": ":0", "PATH": scratch.path][$0] }
        }
        #expect(await copy("--code").status == ToolStatus.notFound.rawValue)
        #expect(scratch.read("arguments") == nil)
    }

    @Test func aProgramThatFailsIsAnError() async throws {
        try FileManager.default.removeItem(atPath: scratch("wl-copy"))
        try scratch.makeLink("wl-copy", to: "/bin/false")
        let run = await copy()
        #expect(run.status != 0 && run.errors.contains("has failed"))
    }
}
