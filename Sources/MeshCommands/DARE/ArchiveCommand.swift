import ArgumentParser
import MeshCore
import MeshDARE
import MeshEncoding
import MeshPlatforms

struct ArchiveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "archive", abstract: "Files and directories in a DARE archive.",
        discussion: """
            The names of files, their times and sizes can be read by anyone who has the archive, also where the contents are \
            encrypted. Links are never followed.
            """,
        subcommands: [Create.self, List.self, Extract.self, Append.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an archive of files and directories.",
            discussion: "The archive appears when everything is in it; before, and after an error, there is nothing.")

        @OptionGroup var shared: SharedOptions
        @OptionGroup var profile: ProfileOption
        @OptionGroup var policy: PolicyOptions
        @OptionGroup var added: AddedFiles
        @Flag(help: "Replace the file that is there.") var force = false

        func run() async throws {
            let environment = try CommandEnvironment.required
            let (policy, signer) = try await policy.policy(shared, profile, signature: .isolated)
            let added = added
            let output = try OutputFile(added.archive, replaces: force, environment.console)
            defer { output.discard() }
            guard output.descriptor != nil else {
                throw UsageError("An archive cannot be written to standard output.", remedy: "Name a file.")
            }
            let report = try await DAREWork.run("archiving") { progress in
                let made = try Archive.create(
                    added.archive, in: NewContainer(output), policy: policy, keys: SequenceKeys(signer: signer))
                let report = try Additions(made, added, replaces: false, environment.files, progress)
                try output.commit()
                return report
            }
            report.print(added.archive, asJSON: shared.json, on: environment.console)
        }
    }

    struct Append: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put more files and directories into an archive, or newer ones.",
            discussion: """
                Each file is in the archive whole or not at all; those that were put in before an error stay. What is replaced \
                stays in the file, though it is no longer listed.
                """)

        @OptionGroup var shared: SharedOptions
        @OptionGroup var profile: ProfileOption
        @OptionGroup var opening: OpeningKeys
        @OptionGroup var signing: SigningOptions
        @OptionGroup var added: AddedFiles
        @Flag(help: "Replace nothing: a file that is in the archive already is an error.") var noReplace = false

        func run() async throws {
            let environment = try CommandEnvironment.required
            let (added, replaces, files) = (added, !noReplace, environment.files)
            let (folder, name) = try FilePath.split(added.archive)
            let known = try await DAREWork.run("reading") { _ in
                try DARESequence.open(name, in: files.containers(folder), .read)?.policy
            }
            guard let known else { throw added.missing }
            let keys = try await PolicyOptions.appendingKeys(signing, to: known, shared, profile, opening)
            let report = try await DAREWork.run("archiving") { progress in
                guard let opened = try Archive.open(name, in: files.containers(folder), keys: keys) else {
                    throw added.missing
                }
                return try Additions(opened, added, replaces: replaces, files, progress)
            }
            report.print(added.archive, asJSON: shared.json, on: environment.console)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List what is in an archive. Contents are not read, and nothing is verified.")

        @OptionGroup var shared: SharedOptions
        @Argument(help: "The archive; - for standard input.") var archive = "-"

        func run() async throws {
            let console = try CommandEnvironment.required.console
            let input = try InputFile(archive, console)
            let path = archive
            let (files, problems) = try await DAREWork.run("reading", total: input.size) { progress in
                let file = try SequenceFile(input, path: path, progress)
                guard let opened = try Archive.open(file.name, in: file.directory, .read) else {
                    return ([ArchiveFile](), [ArchiveError]())
                }
                return (try opened.files(), try opened.problems)
            }
            if shared.json {
                var list = JSONList("files", on: console)
                list.begin(["problems": .array(problems.map { .string($0.message) })])
                for file in files { list.add(Self.json(file)) }
                list.end()
            } else {
                for file in files {
                    let size = file.isDirectory ? "directory" : String(file.storedSize)
                    let time = file.attributes.modified?.description ?? String(repeating: " ", count: 20)
                    let blanks = String(repeating: " ", count: max(0, 12 - size.count))
                    console.print("\(blanks)\(size)  \(time)  \(SafeText.line(file.path.text, atMost: .max))")
                }
                for problem in problems {
                    console.printError("Refused: \(SafeText.line(problem.message, atMost: 500))")
                }
            }
        }

        private static func json(_ file: ArchiveFile) -> JSONValue {
            var object = JSONObject()
            object["path"] = .string(file.path.text)
            object["directory"] = .bool(file.isDirectory)
            object["storedSize"] = .integer(file.storedSize)
            object["modified"] = file.attributes.modified.map { .string($0.description) }
            object["executable"] = .bool(file.attributes.isExecutable)
            object["frame"] = .integer(file.frame)
            return .object(object)
        }
    }

    struct Extract: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take files and directories out of an archive, into a new directory.",
            discussion: """
                The directory appears when everything was read and found to be as it was put in; before, and after an error, \
                there is nothing. Names that lead elsewhere, links, and names that another name hides are refused.
                """)

        @OptionGroup var shared: SharedOptions
        @OptionGroup var profile: ProfileOption
        @OptionGroup var opening: OpeningKeys
        @Argument(help: "The archive; - for standard input.") var archive: String
        @Argument(help: "Only these files, and directories with what is below them.") var paths: [String] = []
        @Option(name: .shortAndLong, help: "The new directory.") var output: String
        @Option(help: ArgumentHelp("Refuse archives with more octets than this in all.", valueName: "octets"))
        var most: Int?

        func validate() throws {
            if let most, most < 0 { throw ValidationError("--most takes a number of octets.") }
        }

        func run() async throws {
            let environment = try CommandEnvironment.required
            let input = try InputFile(archive, environment.console)
            let path = archive
            let file = try await DAREWork.run("reading", total: input.size) { progress in
                try SequenceFile(input, path: path, progress)
            }
            let policy = try await DAREWork.run("reading") { _ in
                try DARESequence.open(file.name, in: file.directory, .read)?.policy
            }
            let keys = try await opening.keys(
                shared, profile, needsKeys: policy?.encryption != SequencePolicy.Encryption.none)
            var limits = ArchiveLimits()
            if let most { limits.largestTotal = most }
            let wanted = try paths.map { try ArchivePath(recorded: $0) }
            let (output, accepted, files) = (output, limits, environment.files)
            let count = try await DAREWork.run("extracting", total: input.size) { progress in
                guard
                    let opened = try Archive.open(file.name, in: file.directory, .read, keys: SequenceKeys(keys))
                else { return 0 }
                let destination = try files.archiveDestination(output)
                defer { destination.abandon() }
                var done = 0
                return try opened.extract(
                    to: destination, wanted.isEmpty ? nil : wanted, limits: accepted
                ) { _, size in
                    try progress.advance(to: done)
                    done += size
                }
            }
            if shared.json {
                environment.console.print(["output": .string(output), "files": .integer(count)])
            } else {
                environment.console.printError("Extracted \(counted(count, "file")) into \(output).")
            }
        }
    }
}

/// What is to be put into an archive.
struct AddedFiles: ParsableArguments {
    @Argument(help: "The archive.") var archive: String
    @Argument(help: "What is put into it, each under its own name.") var paths: [String]
    @Flag(
        help: "Leave out links and what else is neither a file nor a directory; without it, such things are an error."
    )
    var skipOthers = false

    var missing: PlatformError {
        PlatformError(
            .notFound, store: archive, "There is no such archive.",
            remedy: "Look whether the path is right, or make it with `meshclient dare archive create`.")
    }
}

/// What was put into an archive.
private struct Additions: Sendable {
    private let count: Int
    private let octets: Int
    private let skipped: [ArchiveSkip]

    /// Puts what is at `paths` into `archive`. Blocks.
    init(
        _ archive: Archive, _ added: AddedFiles, replaces: Bool, _ files: CommandFiles, _ progress: Progress
    ) throws {
        var (count, octets) = (0, 0)
        var skipped: [ArchiveSkip] = []
        for path in added.paths {
            let source = try files.archiveSource(path)
            skipped += try archive.add(source, skipsOthers: added.skipOthers, replaces: replaces) { _, size in
                try progress.advance(to: octets)
                count += 1
                octets += size
            }
        }
        (self.count, self.octets, self.skipped) = (count, octets, skipped)
    }

    func print(_ archive: String, asJSON isJSON: Bool, on console: any Console) {
        if isJSON {
            console.print([
                "archive": .string(archive), "added": .integer(count), "octets": .integer(octets),
                "skipped": .array(skipped.map { ["path": .string($0.path), "kind": .string($0.kind)] }),
            ])
        } else {
            for skip in skipped { console.printError("Left out: \(SafeText.line(skip.path)) (\(skip.kind))") }
            console.printError(
                "Added \(counted(count, "entry", "entries")), \(counted(octets, "octet")), to \(archive).")
        }
    }
}
