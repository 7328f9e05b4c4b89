import ArgumentParser
import MeshCore
import MeshEncoding
import MeshPlatforms
import MeshSessions

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Look at everything, change nothing, and say what to do.",
        discussion: "Exit code 0 if nothing is wrong, 1 if something is. Warnings do not count.")

    @OptionGroup var shared: SharedOptions

    func run() async throws {
        let environment = try CommandEnvironment.required
        let opened = try await shared.open()
        let candidates = try environment.candidates(try shared.request(needsKeys: false))
        let findings = await MeshSession(opened.platform).diagnose(candidates)
        if shared.json {
            environment.console.print(["findings": .array(findings.map(Self.json))])
        } else {
            for finding in findings {
                environment.console.print(
                    "\(finding.severity.rawValue.padded(8)) \(finding.subject): \(finding.message)")
                if finding.severity != .ok, let remedy = finding.remedy {
                    environment.console.print("         \(remedy)")
                }
            }
        }
        if findings.contains(where: { $0.severity == .problem }) { throw ExitCode(ToolStatus.failed.rawValue) }
    }

    private static func json(_ finding: Finding) -> JSONValue {
        var object = JSONObject()
        object["severity"] = .string(finding.severity.rawValue)
        object["subject"] = .string(finding.subject)
        object["code"] = .string(finding.code)
        object["message"] = .string(finding.message)
        object["remedy"] = finding.remedy.map { .string($0) }
        return .object(object)
    }
}

struct EraseTestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "erase-test", abstract: "Erase all data of a test, keys in the keyring too.",
        discussion: "Needs --mode test:NAME. Production data are never erased as a whole.")

    @OptionGroup var shared: SharedOptions

    func run() async throws {
        let environment = try CommandEnvironment.required
        try shared.platformMode().requireTest(store: "platform")
        let opened = try await shared.openKeys()
        try await MeshSession(opened.platform).eraseTest()
        if shared.json {
            environment.console.print(["erased": .string(opened.platform.mode.description)])
        } else {
            environment.console.print("Erased everything of \(opened.platform.mode).")
        }
    }
}

extension String {
    /// Filled up with blanks.
    func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
