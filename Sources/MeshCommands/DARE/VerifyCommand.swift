import ArgumentParser
import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Look whether an envelope or a whole sequence is as it was written.",
        discussion: """
            Every frame of a sequence is looked at, on all cores. What is wrong is told with the frame and the reason; the exit \
            code is \(ToolStatus.unverified.rawValue) then. No private key is needed.

            Digests and check values show accidents. Only signatures show that nobody changed the file on purpose: name the \
            signers with --from.
            """)

    @OptionGroup var shared: SharedOptions
    @OptionGroup var signers: SignerOptions
    @Argument(help: "The envelope or sequence; - for standard input.") var file = "-"
    @Option(help: ArgumentHelp("How many threads hash; without it as many as there are cores.", valueName: "number"))
    var threads: Int?

    func validate() throws {
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads takes 1 to 1024.") }
    }

    func run() async throws {
        let console = try CommandEnvironment.required.console
        let input = try InputFile(file, console)
        let head = try await DAREWork.run("reading") { _ in try EnvelopeHead(input) }
        let keys = try await signers.keys(shared)
        if head.isSequence {
            try await verifySequence(input, keys, console)
        } else {
            try await verifyEnvelope(input, keys, console)
        }
    }

    // MARK: Envelopes

    private func verifyEnvelope(_ input: InputFile, _ keys: [PublicKey], _ console: any Console) async throws {
        let verified = try await DAREWork.run("verifying", total: input.size) { progress in
            try EnvelopeOpener(signers: signers.isGiven ? keys : nil).verify { buffer in
                try progress.advance(to: input.count)
                return try input.read(into: buffer)
            }
        }
        let signatures = (try? verified.members.signatures.count) ?? 0
        if shared.json {
            console.print([
                "kind": "envelope", "intact": .bool(verified.digest == .valid),
                "digest": .string(verified.digest.rawValue),
                "body": .integer(verified.bodyCount), "signatures": .integer(signatures),
                "signers": .array(verified.signers.map { .string($0.udf.text) }),
            ])
        } else {
            switch verified.digest {
            case .absent:
                console.print("The envelope can be read, and has no digest: whether it was changed is not known.")
            default: console.print("The body has its digest: \(verified.bodyCount) octets.")
            }
            if !verified.signers.isEmpty {
                console.print("Signed by \(verified.signers.map(\.udf.text).joined(separator: ", ")).")
            } else if signatures > 0 {
                console.print("\(counted(signatures, "signature")), not checked: name the signers with --from.")
            }
        }
    }

    // MARK: Sequences

    private func verifySequence(_ input: InputFile, _ keys: [PublicKey], _ console: any Console) async throws {
        let (path, threads) = (file, threads)
        let report = try await DAREWork.run("verifying", total: input.size) { progress in
            let sequence = try SequenceFile(input, path: path, progress)
            let options = SequenceVerificationOptions(
                signers: keys, workers: threads, progress: { done, _ in try? progress.advance(to: done) },
                isCancelled: { progress.isStopped })
            return try SequenceVerifier.verify(sequence.name, in: sequence.directory, options)
        }
        guard let report else { return }
        var problem: VerificationError?
        if !report.isIntact {
            problem = VerificationError(
                "\(counted(report.faultCount, "fault")) in \(counted(report.frames, "frame")).",
                remedy: "Get the file again from a copy; frames without a fault can still be read.")
        } else if !keys.isEmpty, !report.isSigned {
            problem = VerificationError("Not every frame is signed by one of those who were named with --from.")
        }
        if shared.json {
            console.print(Self.json(report, isVerified: problem == nil))
        } else {
            Self.words(report, hasSigners: !keys.isEmpty).forEach { console.print($0) }
        }
        if let problem { throw problem }
    }

    private static func words(_ report: SequenceVerification, hasSigners: Bool) -> [String] {
        var lines = report.faults.map {
            "frame \($0.index) at \($0.position): \($0.reason.name): \(SafeText.line($0.detail))"
        }
        if report.faultCount > report.faults.count {
            lines.append("and \(report.faultCount - report.faults.count) more")
        }
        let extent = "\(counted(report.frames, "frame")), \(counted(report.octets, "octet"))"
        lines.append(report.isIntact ? "intact: \(extent)" : "damaged: \(extent)")
        // What digests cover says nothing of a file in which some are wrong.
        guard report.isIntact else { return lines }
        lines.append("payloads  \(report.coversPayloads ? "all have their digest" : "not all have a digest")")
        lines.append("headers   \(report.coversHeaders ? "all have their check value" : "not all have a check value")")
        lines.append("order     \(report.coversOrder ? "shown by linked digests" : "not shown by digests")")
        if report.validSignatures + report.unknownSignatures > 0 || hasSigners {
            var line = "signed    \(counted(report.validSignatures, "valid signature"))"
            if report.unknownSignatures > 0 { line += ", \(report.unknownSignatures) by keys that were not named" }
            if let frame = report.signedThrough { line += "; everything up to frame \(frame) is signed" }
            lines.append(line)
        }
        return lines
    }

    private static func json(_ report: SequenceVerification, isVerified: Bool) -> JSONValue {
        var object = JSONObject()
        object["kind"] = "sequence"
        object["verified"] = .bool(isVerified)
        object["intact"] = .bool(report.isIntact)
        object["frames"] = .integer(report.frames)
        object["octets"] = .integer(report.octets)
        object["faultCount"] = .integer(report.faultCount)
        object["faults"] = .array(
            report.faults.map {
                [
                    "frame": .integer($0.index), "position": .integer($0.position), "reason": .string($0.reason.name),
                    "detail": .string($0.detail),
                ]
            })
        object["coversPayloads"] = .bool(report.coversPayloads)
        object["coversHeaders"] = .bool(report.coversHeaders)
        object["coversOrder"] = .bool(report.coversOrder)
        var links = JSONObject()
        for mode in LinkMode.allCases { links[mode.rawValue] = report.links[mode].map { .integer($0) } }
        object["links"] = .object(links)
        object["validSignatures"] = .integer(report.validSignatures)
        object["unknownSignatures"] = .integer(report.unknownSignatures)
        object["signedThrough"] = report.signedThrough.map { .integer($0) }
        object["apex"] = report.apex.map { .binary($0) }
        return .object(object)
    }
}

extension SequenceVerification {
    /// Whether every frame after frame 0 is covered by a valid signature: its own, or a later one for all before it.
    var isSigned: Bool { signedThrough == frames - 1 || validSignatures >= frames - 1 }
}

/// A sequence that is not as it should be. What is wrong was printed.
struct VerificationError: MeshError {
    let codeName = "verification-failed"
    let message: String
    let remedy: String?
    var cause: (any Error)? { nil }

    init(_ message: String, remedy: String? = nil) {
        self.message = message
        self.remedy = remedy
    }
}
