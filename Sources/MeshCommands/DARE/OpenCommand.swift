import ArgumentParser
import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPlatforms

struct OpenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "open", abstract: "Take the content out of an envelope.",
        discussion: """
            A file appears only when everything was read, decrypted, and found to be as the envelope says: before, nothing of it \
            is seen. On standard output the content appears piece by piece before that: whoever reads it there must throw it \
            away if this command fails.

            Without --from, nobody's signature is demanded: that something could be decrypted does not tell who wrote it.
            """)

    @OptionGroup var shared: SharedOptions
    @OptionGroup var profile: ProfileOption
    @OptionGroup var opening: OpeningKeys
    @OptionGroup var signers: SignerOptions
    @Argument(help: "The envelope; - for standard input.") var file = "-"
    @Option(name: .shortAndLong, help: "Where the content is written; - for standard output.") var output = "-"
    @Flag(help: "Replace the file that is there.") var force = false

    func run() async throws {
        try OutputRule.check(output, json: shared.json)
        let environment = try CommandEnvironment.required
        let input = try InputFile(file, environment.console)
        let head = try await DAREWork.run("reading") { _ in try EnvelopeHead(input) }
        guard !head.isSequence else {
            throw PlatformError(
                .invalidArgument, store: input.name, "It is a sequence, not an envelope.",
                remedy: "Look at it with: dare dump, dare log list, dare archive list.")
        }
        let opener = EnvelopeOpener(
            keys: try await opening.keys(shared, profile, needsKeys: head.isEncrypted),
            signers: signers.isGiven ? try await signers.keys(shared) : nil)
        let target = try OutputFile(output, replaces: force, environment.console)
        defer { target.discard() }
        let opened = try await DAREWork.run("opening", total: input.size) { progress in
            var sink = target
            return try opener.open(
                from: { buffer in
                    try progress.advance(to: input.count)
                    return try input.read(into: buffer)
                }, into: &sink)
        }
        if shared.json {
            environment.console.print(Self.json(opened, output))
        } else {
            Self.words(opened).forEach { environment.console.printError($0) }
        }
    }

    private static func json(_ opened: StreamedEnvelope, _ output: String) -> JSONValue {
        var object = JSONObject()
        object["output"] = .string(output)
        object["plaintext"] = .integer(opened.plaintextCount)
        object["digest"] = .string(opened.digest.rawValue)
        object["signers"] = .array(opened.signers.map { .string($0.udf.text) })
        object["witnessed"] = .array(opened.witnessed.map { .string($0.udf.text) })
        object["annotations"] = .array(
            opened.annotations.map { annotation in
                String(validating: annotation, as: UTF8.self).map { .string($0) } ?? .binary(annotation)
            })
        if !opened.contentMeta.members.isEmpty { object["contentMeta"] = .object(opened.contentMeta.members) }
        return .object(object)
    }

    private static func words(_ opened: StreamedEnvelope) -> [String] {
        var lines: [String] = []
        for annotation in opened.annotations {
            lines.append("Annotation: \(SafeText.line(String(decoding: annotation, as: UTF8.self)))")
        }
        if !opened.signers.isEmpty {
            lines.append("Signed by \(opened.signers.map(\.udf.text).joined(separator: ", ")).")
        } else if let count = try? opened.members.signatures.count, count > 0 {
            lines.append("It is signed, and the signature was not checked: name the signer with --from.")
        } else if opened.digest == .absent {
            lines.append("It has neither a digest nor a signature: that nothing was changed is not known.")
        }
        return lines
    }
}

/// Text of strangers on a terminal.
enum SafeText {
    /// `text` on one line, with nothing in it that a terminal would obey, and not too long.
    static func line(_ text: String, atMost most: Int = 200) -> String {
        var line = ""
        for scalar in text.unicodeScalars.prefix(most) {
            let isShown = scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value) && !isTurning(scalar)
            line.unicodeScalars.append(isShown ? scalar : "\u{FFFD}")
        }
        return text.unicodeScalars.count > most ? line + "…" : line
    }

    /// Characters that turn the direction of writing, and so show another text than there is.
    private static func isTurning(_ scalar: Unicode.Scalar) -> Bool {
        [0x200E, 0x200F, 0x061C].contains(scalar.value) || (0x202A...0x202E).contains(scalar.value)
            || (0x2066...0x2069).contains(scalar.value)
    }
}
