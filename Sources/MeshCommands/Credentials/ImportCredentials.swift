import ArgumentParser
import MeshCore
import MeshEncoding
import MeshPlatforms
import MeshSessions
import Synchronization

struct ImportCredentials: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Add the passwords that a browser or password manager has exported.",
        discussion: """
            CSV of Chrome, Chromium, Edge, Firefox, KeePassXC and Bitwarden, JSON of Bitwarden that is not encrypted, and other CSV \
            whose first line names the columns, as title,url,username,password,notes,totp. What the file has besides goes into the \
            notes of the credentials.

            What is here already is passed over. Where there is another password for the same service and name, it stays, unless \
            you say --replace; exit code \(ToolStatus.refused.rawValue) then. A mistake in the file is found before anything is \
            imported. After Ctrl-C, import the file again: it goes on where it ended. Other devices have the credentials after the \
            next meshclient sync.

            The file holds your passwords in clear text: delete it as soon as you have looked at what was imported.
            """)

    @OptionGroup var shared: SharedOptions
    @Argument(help: "The file that was exported; - is standard input.") var file: String
    @Option(
        help: ArgumentHelp(
            "Its format, if it is not to be recognised: "
                + CredentialFileFormat.allCases.map(\.rawValue).joined(separator: ", ") + ".", valueName: "format"))
    var format: String?
    @Flag(help: "Take the password of the file where there is another here; the one before stays in the history.")
    var replace = false
    @Flag(help: "Only say what would be done.") var dryRun = false
    @Option(help: "The profile: fingerprint, the beginning of one, name or account.") var profile: String?

    func validate() throws {
        if let format, CredentialFileFormat(rawValue: format) == nil {
            throw ValidationError("There is no format '\(format)'.")
        }
    }

    func run() async throws {
        let environment = try CommandEnvironment.required
        let console = environment.console
        // All of it, before a key store could take a line of it for its passphrase.
        let imported = try await read(console)
        let personal = try await shared.personalSession(profile, atTerminal: file == "-")
        let (replaces, isTrial) = (replace, dryRun)
        let progress = Progress("importing", total: nil, on: console)
        let kept = Mutex(CredentialImportReport())
        let report: CredentialImportReport
        do {
            report = try await environment.interruption.cancelling {
                try await personal.importCredentials(from: imported, replaces: replaces, isTrial: isTrial) { report in
                    kept.withLock { $0 = report }
                    progress.tell("importing: \(report.seen) of \(imported.count)")
                }
            }
            progress.clear()
        } catch {
            progress.clear()
            let count = kept.withLock { $0.changed }
            if !isTrial, count > 0 {
                console.printError("\(counted(count, "credential")) of the file are kept; import it again to go on.")
            }
            throw error
        }
        if shared.json { console.print(json(report, imported)) } else { tell(report, imported, on: console) }
        if !report.conflicts.isEmpty { throw ExitCode(ToolStatus.refused.rawValue) }
    }

    private func read(_ console: any Console) async throws -> CredentialFile {
        let (path, wanted) = (file, format.flatMap(CredentialFileFormat.init))
        return try await BlockingCalls(store: path).run(deadline: .seconds(86_400)) {
            let input = try InputFile(path, console)
            var length = 0
            var bytes = SecretBytes(count: max(1 << 16, min((input.size ?? 0) + 1, CredentialFile.largest))) {
                (_: UnsafeMutableRawBufferPointer) in
            }
            while true {
                let got = try bytes.withUnsafeMutableBytes { buffer in
                    try input.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[length...]))
                }
                if got == 0 { break }
                length += got
                guard length == bytes.count else { continue }
                guard length <= CredentialFile.largest else { break }
                let larger = SecretBytes(count: length * 2) { target in
                    bytes.withUnsafeBytes { target.copyMemory(from: $0) }
                }
                bytes = larger
            }
            return try CredentialFile(bytes, length: length, format: wanted)
        }
    }

    // MARK: What is said

    private func json(_ report: CredentialImportReport, _ imported: CredentialFile) -> JSONValue {
        func list(_ items: [CredentialImportReport.Item]) -> JSONValue {
            .array(
                items.map { item in
                    var object: JSONObject = ["line": .integer(item.line)]
                    object["key"] = item.key.map { .string($0) }
                    return .object(object)
                })
        }
        return [
            "format": .string(imported.format.rawValue), "dryRun": .bool(dryRun), "added": .integer(report.added),
            "replaced": .integer(report.replaced), "completed": .integer(report.completed),
            "duplicates": .integer(report.duplicates), "conflicts": list(report.conflicts),
            "unusable": list(report.unusable), "others": list(report.others),
            "strangeCodes": list(report.strangeCodes),
        ]
    }

    private func tell(_ report: CredentialImportReport, _ imported: CredentialFile, on console: any Console) {
        let would = dryRun ? "would be " : ""
        var parts = [
            "\(counted(report.added, "credential")) \(dryRun ? "would be" : report.added == 1 ? "is" : "are") added"
        ]
        if report.replaced > 0 { parts.append("\(report.replaced) \(would)replaced") }
        if report.completed > 0 { parts.append("\(report.completed) \(would)completed") }
        if report.duplicates > 0 {
            parts.append("\(report.duplicates) \(report.duplicates == 1 ? "was" : "were") here already")
        }
        console.print(parts.joined(separator: ", ") + ".")
        list(
            report.conflicts,
            replace
                ? "The file has two passwords for the same service and name; the first is taken:"
                : "Another password is here for the same service and name, and stays (--replace takes that of the file):",
            on: console)
        list(
            report.strangeCodes, "What makes their one-time codes could not be understood; it is in the notes:",
            on: console)
        list(report.unusable, "Left out, as they say no service, or nothing else:", on: console)
        list(report.others, "Left out, as they are no names and passwords (notes, cards):", on: console)
        guard !dryRun else { return }
        let isComplete = report.conflicts.isEmpty && report.unusable.isEmpty && report.others.isEmpty
        let name = file == "-" ? "The file" : shown(file)
        console.printError(
            "\(name) holds passwords in clear text: delete it\(isComplete ? " now" : " when you need it no more").")
    }

    /// So many are listed for a person.
    private static let longest = 20

    private func list(_ items: [CredentialImportReport.Item], _ words: String, on console: any Console) {
        guard !items.isEmpty else { return }
        console.printError(words)
        for item in items.prefix(Self.longest) {
            console.printError("  line \(item.line)\(item.key.map { ": \(shown($0))" } ?? "")")
        }
        if items.count > Self.longest {
            console.printError("  and \(items.count - Self.longest) more (--json lists all)")
        }
    }
}

extension CredentialImportReport {
    /// How many credentials are not what they were.
    fileprivate var changed: Int { added + replaced + completed }
}
