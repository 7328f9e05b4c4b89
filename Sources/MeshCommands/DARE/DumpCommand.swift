import ArgumentParser
import MeshCore
import MeshDARE
import MeshEncoding
import MeshPlatforms

struct DumpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dump", abstract: "Show what an envelope or a sequence is made of, without verifying anything.",
        discussion:
            "No private key is needed. Content metadata, which are octets in the file, are shown as what they say.")

    @OptionGroup var shared: SharedOptions
    @Argument(help: "The envelope or sequence; - for standard input.") var file = "-"
    @Option(
        name: .customLong("frame"),
        help: ArgumentHelp("Show this frame of a sequence only (can be repeated).", valueName: "number"))
    var frames: [Int] = []

    func run() async throws {
        let console = try CommandEnvironment.required.console
        let input = try InputFile(file, console)
        let (path, wanted, isJSON) = (file, frames, shared.json)
        try await DAREWork.run("reading", total: input.size) { progress in
            if try EnvelopeHead(input).isSequence {
                let sequence = try SequenceFile(input, path: path, progress)
                try Self.dump(sequence, wanted, asJSON: isJSON, on: console, progress)
            } else {
                try Self.dumpEnvelope(input, asJSON: isJSON, on: console, progress)
            }
        }
    }

    // MARK: Envelopes

    private static func dumpEnvelope(
        _ input: InputFile, asJSON isJSON: Bool, on console: any Console, _ progress: Progress
    ) throws {
        let shape = try EnvelopeShape(input, progress)
        if isJSON {
            console.print([
                "kind": "envelope", "header": .object(shape.members.readableHeader), "body": .integer(shape.bodyCount),
                "trailer": .object(shape.members.trailer),
            ])
        } else {
            console.print("envelope, body of \(shape.bodyCount) octets")
            show("header", shape.members.readableHeader, on: console)
            show("trailer", shape.members.trailer, on: console)
        }
    }

    // MARK: Sequences

    private static func dump(
        _ file: SequenceFile, _ wanted: [Int], asJSON isJSON: Bool, on console: any Console, _ progress: Progress
    ) throws {
        guard let sequence = try DARESequence.open(file.name, in: file.directory, .read) else { return }
        let type = sequence.knownType?.rawValue ?? "unknown"
        var list = JSONList("frames", on: console)
        if isJSON {
            list.begin(["kind": "sequence", "type": .string(type), "count": .integer(sequence.count)])
        } else {
            console.print("sequence of type \(type), \(sequence.count) frames")
        }
        func show(_ frame: SequenceFrame) throws {
            try progress.advance(to: frame.end)
            let members = try frame.members
            if isJSON {
                list.add(json(frame, members))
            } else {
                console.print(
                    "frame \(frame.index) at \(frame.position), \(frame.end - frame.position) octets: "
                        + "header \(frame.headerOctets.count), payload \(frame.payload.count), trailer \(frame.trailerOctets.count)"
                )
                Self.show("header", members.readableHeader, on: console)
                Self.show("trailer", members.trailer, on: console)
            }
        }
        if wanted.isEmpty {
            var frames = try sequence.frames()
            while let frame = try frames.next() { try show(frame) }
        } else {
            for index in wanted { try show(try sequence.frame(at: index)) }
        }
        if isJSON { list.end() }
    }

    private static func json(_ frame: SequenceFrame, _ members: EnvelopeMembers) -> JSONValue {
        [
            "index": .integer(frame.index), "position": .integer(frame.position),
            "length": .integer(frame.end - frame.position),
            "header": .object(members.readableHeader), "payload": .integer(frame.payload.count),
            "trailer": .object(members.trailer),
        ]
    }

    private static func show(_ what: String, _ members: JSONObject, on console: any Console) {
        guard !members.isEmpty else { return }
        let text = String(decoding: JSONValue.object(members).compact, as: UTF8.self)
        console.print("  \(what) \(SafeText.line(text, atMost: .max))")
    }
}

extension EnvelopeMembers {
    /// The header with what its content metadata say in place of their octets.
    var readableHeader: JSONObject {
        var header = header
        if header["ContentMetaData"] != nil, let meta = try? contentMeta {
            header["ContentMetaData"] = .object(meta.members)
        }
        return header
    }
}
