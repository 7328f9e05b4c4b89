import ArgumentParser
import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPlatforms
import Synchronization

struct LogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Records in a sequence that only grows.",
        discussion: """
            Any number of programs may append to a log and list it at the same time. A directory called locks appears beside it.
            """,
        subcommands: [Append.self, List.self])

    /// When a record counts as appended.
    enum Durability: String, ExpressibleByArgument, CaseIterable {
        case record
        case grouped
        case close

        var durability: FrameLog.Durability {
            switch self {
            case .record: .record
            case .grouped: .grouped
            case .close: .atClose
            }
        }
    }

    struct Append: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Append each line of the input as a record. The log is made if it is not there.",
            discussion: """
                When the command has succeeded, every record is durable. --durability says when one is before that: 'record', each \
                by itself; 'grouped', those that came in together, and with what other programs append at that moment; \
                'close', all of them at the end.

                Who can read a log, who signs it and what type it has is decided when it is made.
                """)

        @OptionGroup var shared: SharedOptions
        @OptionGroup var profile: ProfileOption
        @OptionGroup var opening: OpeningKeys
        @OptionGroup var policy: PolicyOptions
        @Argument(help: "The log.") var log: String
        @Argument(help: "The records; - for standard input.") var input = "-"
        @Flag(help: "Append the whole input as one record.") var whole = false
        @Option(help: "When a record is durable: record, grouped or close.") var durability = Durability.grouped
        @Option(help: "The type of a new log: List, Digest, Chain, Tree or Merkle.") var type: SequenceTypeArgument?
        @Option(help: "How the headers of a new log are written: json or json-b.")
        var encoding: EnvelopeEncodingArgument?

        func run() async throws {
            let environment = try CommandEnvironment.required
            let (folder, name) = try FilePath.split(log)
            let files = environment.files
            let known = try await DAREWork.run("reading") { _ in
                try DARESequence.open(name, in: files.containers(folder), .read)?.policy
            }
            var keys = SequenceKeys.none
            var options: SequenceOptions?
            if let known {
                guard policy.recipients.isEmpty, type == nil, encoding == nil else {
                    throw UsageError(
                        "The log is there already: its recipients, type and encoding were decided when it was made.",
                        remedy: "Leave these options out, or append to another log.")
                }
                keys = try await PolicyOptions.appendingKeys(policy.signing, to: known, shared, profile, opening)
            } else {
                let (made, signer) = try await policy.policy(shared, profile, signature: .last)
                keys.signer = signer
                options = SequenceOptions(
                    type?.type ?? .chain, encoding: encoding == .jsonB ? .jsonB : .json, policy: made)
            }
            let source = try InputFile(input, environment.console)
            let tally = Tally()
            let writer = LogWriter(durability: durability.durability, isWhole: whole, tally: tally)
            let (readyKeys, readyOptions) = (keys, options)
            do {
                try await DAREWork.run("appending", total: source.size) { progress in
                    let sequence = try LogWriter.openOrCreate(
                        name, in: files.containers(folder), readyOptions, readyKeys)
                    try writer.write(source, to: sequence, progress)
                }
            } catch {
                let count = tally.value.count
                if count > 0 { environment.console.printError("Appended before this: \(counted(count, "record")).") }
                throw error
            }
            report(tally.value, on: environment.console)
        }

        private func report(_ tally: Tally.Value, on console: any Console) {
            if shared.json {
                var object: JSONObject = ["log": .string(log), "appended": .integer(tally.count)]
                object["first"] = tally.frames.map { .integer($0.lowerBound) }
                object["last"] = tally.frames.map { .integer($0.upperBound) }
                console.print(.object(object))
            } else if let frames = tally.frames {
                console.printError(
                    "Appended \(counted(tally.count, "record")), \(tally.count == 1 ? "frame" : "frames from") \(frames.lowerBound)"
                        + (tally.count == 1 ? "." : " to \(frames.upperBound)."))
            } else {
                console.printError("There was nothing to append.")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the records of a log, each followed by a line end.",
            discussion: "A record whose digest does not fit is an error. The whole log is verified by: dare verify.")

        @OptionGroup var shared: SharedOptions
        @OptionGroup var profile: ProfileOption
        @OptionGroup var opening: OpeningKeys
        @Argument(help: "The log; - for standard input.") var log = "-"
        @Option(help: ArgumentHelp("The first frame to print.", valueName: "frame")) var start = 1
        @Option(help: ArgumentHelp("How many records to print at most.", valueName: "number")) var count: Int?

        func validate() throws {
            if start < 0 || count.map({ $0 < 0 }) ?? false { throw ValidationError("Frames are counted from 0.") }
        }

        func run() async throws {
            let console = try CommandEnvironment.required.console
            let source = try InputFile(log, console)
            let path = log
            let (file, policy) = try await DAREWork.run("reading", total: source.size) { progress in
                let file = try SequenceFile(source, path: path, progress)
                return (file, try DARESequence.open(file.name, in: file.directory, .read)?.policy)
            }
            let keys = try await opening.keys(
                shared, profile, needsKeys: policy?.encryption != SequencePolicy.Encryption.none)
            let (start, most, isJSON) = (start, count ?? .max, shared.json)
            try await DAREWork.run("reading", total: source.size) { progress in
                guard
                    let sequence = try DARESequence.open(file.name, in: file.directory, .read, keys: SequenceKeys(keys))
                else { return }
                var list = JSONList("records", on: console)
                if isJSON { list.begin(["count": .integer(sequence.count)]) }
                guard start < sequence.count else {
                    if isJSON { list.end() }
                    return
                }
                var frames = try sequence.frames(from: start)
                var printed = 0
                while printed < most, let frame = try frames.next() {
                    try progress.advance(to: frame.end)
                    guard try !frame.info.isMeta else { continue }
                    printed += 1
                    let content = try sequence.content(of: frame)
                    if isJSON {
                        list.add(try Self.json(frame, content))
                    } else {
                        try (content + [0x0A]).withUnsafeBytes { try console.writeContent($0) }
                    }
                }
                if isJSON { list.end() }
            }
        }

        private static func json(_ frame: SequenceFrame, _ content: [UInt8]) throws -> JSONValue {
            var object: JSONObject = ["index": .integer(frame.index), "position": .integer(frame.position)]
            object["received"] = try frame.members.received.map { .string($0.description) }
            if let text = String(validating: content, as: UTF8.self) {
                object["text"] = .string(text)
            } else {
                object["octets"] = .binary(content)
            }
            return .object(object)
        }
    }
}

/// The type of a sequence on the command line, in any case of letters.
struct SequenceTypeArgument: ExpressibleByArgument {
    let type: SequenceType

    init?(argument: String) {
        guard let type = SequenceType.allCases.first(where: { $0.rawValue.lowercased() == argument.lowercased() })
        else {
            return nil
        }
        self.type = type
    }

    static var allValueStrings: [String] { SequenceType.allCases.map(\.rawValue) }
}

/// What was appended so far; told also when the person gives up.
private final class Tally: Sendable {
    struct Value: Sendable {
        var count = 0
        var frames: ClosedRange<Int>?
    }
    private let state = Mutex(Value())

    var value: Value { state.withLock { $0 } }

    func add(_ frames: Range<Int>) {
        guard let last = frames.last else { return }
        state.withLock { state in
            state.count += frames.count
            state.frames = (state.frames?.lowerBound ?? frames.lowerBound)...last
        }
    }
}

/// Appends the records of an input.
private struct LogWriter: Sendable {
    let durability: FrameLog.Durability
    let isWhole: Bool
    let tally: Tally

    static func openOrCreate(
        _ name: String, in directory: any ContainerDirectory, _ options: SequenceOptions?, _ keys: SequenceKeys
    ) throws -> DARESequence {
        if let options {
            return try DARESequence.create(name, in: directory, options, keys: keys)
        }
        guard let sequence = try DARESequence.open(name, in: directory, keys: keys) else {
            throw PlatformError(.changedUnderneath, store: directory.path, "The log went away meanwhile.")
        }
        return sequence
    }

    func write(_ source: InputFile, to sequence: DARESequence, _ progress: Progress) throws {
        var splitter = LineSplitter(source.name)
        var all: [UInt8] = []
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)
        defer { piece.deallocate() }
        while case let count = try source.read(into: piece), count > 0 {
            try progress.advance(to: source.count)
            let octets = UnsafeRawBufferPointer(rebasing: piece[..<count])
            if isWhole {
                all += octets
                guard all.count <= LineSplitter.longest else {
                    throw PlatformError(
                        .tooLarge, store: source.name, "A record can have \(LineSplitter.longest) octets at most.",
                        remedy: "Put it into an archive: dare archive append.")
                }
            } else {
                try append(splitter.add(octets), to: sequence)
            }
        }
        if isWhole {
            try append([all], to: sequence)
        } else if let last = splitter.finish() {
            try append([last], to: sequence)
        }
        if durability == .atClose { try sequence.synchronize() }
    }

    private func append(_ records: [[UInt8]], to sequence: DARESequence) throws {
        guard !records.isEmpty else { return }
        let contents = records.map { record in
            var content = FrameContent(record)
            content.received = SystemClock().now
            return content
        }
        if durability == .record {
            for content in contents {
                let index = try sequence.append(content, durability: durability)
                tally.add(index..<index + 1)
            }
        } else {
            tally.add(try sequence.append(durability: durability) { try $0.append(contents) })
        }
    }
}
