import ArgumentParser
import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding

struct SealCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seal", abstract: "Put content into an envelope: encrypted, signed, or both.",
        discussion: """
            Anyone can read an envelope without recipients. Of a signed envelope the content is signed, encrypted or not; what \
            is said about it (content type, file name, annotations) is not.
            """)

    @OptionGroup var shared: SharedOptions
    @OptionGroup var profile: ProfileOption
    @OptionGroup var recipients: RecipientOptions
    @OptionGroup var signing: SigningOptions
    @Argument(help: "The content; - for standard input.") var file = "-"
    @Option(name: .shortAndLong, help: "Where the envelope is written; - for standard output.") var output = "-"
    @Flag(help: "Replace the file that is there.") var force = false
    @Option(help: "How the envelope is written: json-b, or json for readers that know nothing else.")
    var encoding = EnvelopeEncodingArgument.jsonB
    @Option(help: ArgumentHelp("Say what the content is: a media type.", valueName: "type")) var contentType: String?
    @Option(help: ArgumentHelp("Say what file it was. The name of FILE is not told by itself.", valueName: "name"))
    var filename: String?
    @Option(
        name: .customLong("annotation"),
        help: ArgumentHelp("Add a line, encrypted like the content (can be repeated).", valueName: "text"))
    var annotations: [String] = []

    func run() async throws {
        try OutputRule.check(output, json: shared.json)
        let environment = try CommandEnvironment.required
        var sealer = EnvelopeSealer(
            recipients: try await recipients.keys(shared), signers: try await signing.keys(shared, profile))
        sealer.statesDigest = true
        sealer.annotations = annotations.map { Array($0.utf8) }
        if contentType != nil || filename != nil {
            var meta = ContentMeta()
            meta.contentType = contentType
            meta.filename = filename
            sealer.contentMeta = meta
        }
        let input = try InputFile(file, environment.console)
        let target = try OutputFile(output, replaces: force, environment.console)
        defer { target.discard() }
        let (ready, encoding) = (sealer, encoding.encoding)
        let sealed = try await DAREWork.run("sealing", total: input.size) { progress in
            let sealed = try ready.seal(
                from: { buffer in
                    try progress.advance(to: input.count)
                    return try input.read(into: buffer)
                },
                to: { try target.write($0) }, encoding: encoding)
            try target.commit()
            return sealed
        }
        report(sealed, ready, on: environment.console)
    }

    private func report(_ sealed: SealedStream, _ sealer: EnvelopeSealer, on console: any Console) {
        guard shared.json else {
            let recipients = sealer.recipients.map(\.udf.text)
            let signers = sealer.signers.map(\.publicKey.udf.text)
            console.printError(
                recipients.isEmpty
                    ? "Not encrypted: anyone can read it." : "Encrypted to \(recipients.joined(separator: ", ")).")
            if !signers.isEmpty { console.printError("Signed by \(signers.joined(separator: ", ")).") }
            return
        }
        console.print([
            "output": .string(output), "plaintext": .integer(sealed.plaintextCount), "body": .integer(sealed.bodyCount),
            "recipients": .array(sealer.recipients.map { .string($0.udf.text) }),
            "signers": .array(sealer.signers.map { .string($0.publicKey.udf.text) }),
        ])
    }
}

/// How an envelope is written.
enum EnvelopeEncodingArgument: String, ExpressibleByArgument, CaseIterable {
    case json
    case jsonB = "json-b"

    var encoding: EnvelopeEncoding { self == .json ? .json : .jsonB }
}

/// Content and an answer in JSON cannot both go to standard output.
enum OutputRule {
    static func check(_ output: String, json: Bool) throws {
        guard output == "-", json else { return }
        throw UsageError(
            "The content and the answer in JSON cannot both go to standard output.",
            remedy: "Name a file with --output, or leave out --json.")
    }
}
