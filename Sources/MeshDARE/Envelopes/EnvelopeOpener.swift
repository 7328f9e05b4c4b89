import MeshCore
import MeshCryptography
import MeshEncoding

/// Takes the content of an envelope that is opened in pieces, before it is known whether the content may be used.
///
/// After any number of pieces comes ``commit()``, or ``discard()``, which also comes after a commit that throws. What was
/// written must not be used, and best not be seen, before ``commit()``: write to a temporary file, and rename it then.
public protocol PlaintextSink {
    /// Takes the next piece: unverified.
    mutating func write(_ octets: UnsafeRawBufferPointer) throws
    /// Everything that can be verified was: the content may be used.
    mutating func commit() throws
    /// The envelope is not what it must be: everything that was written is to be thrown away.
    mutating func discard()
}

/// How envelopes of any length are opened, in constant memory (`dare-12` §3).
public struct EnvelopeOpener: Sendable {
    /// The private keys to open an entry of `recipients` with.
    public var keys = DecryptionKeys.none
    /// The seed of a key exchange that stands somewhere else.
    public var seed: BaseSeed?
    /// Who must have signed; nil: nobody, and what is opened says nothing about who made it. A list without keys is not the
    /// same: nothing is signed by one of them.
    public var signers: [PublicKey]?
    /// Whether all of them must have signed, or one.
    public var rule = SignerRule.all

    /// Opens with `keys` what all of `signers` signed.
    public init(keys: DecryptionKeys = .none, signers: [PublicKey]? = nil) {
        self.keys = keys
        self.signers = signers
    }

    /// How much memory header and trailer may take, however long the body is: some ten thousand recipients.
    private static var options: JSONReadingOptions {
        var options = JSONReadingOptions.envelope
        options.memory = .octets(12 << 20)
        return options
    }

    /// What source or sink threw: it may be an error of the same type as the reader's own.
    private struct CallersFailure: Error {
        let cause: any Error

        static func marking<R>(_ body: () throws -> R) throws(CallersFailure) -> R {
            do {
                return try body()
            } catch {
                throw CallersFailure(cause: error)
            }
        }
    }

    /// Opens the envelope that `source` gives, in JSON or JSON-B.
    ///
    /// The content is written as it is decrypted. When the trailer is there, the digest and the signatures are checked, in
    /// this order, and only then the padding or the tag: an error tells nothing about a body that was changed. Then the sink
    /// is told to commit, or after an error to discard. Blocks as long as `source` and `sink` do.
    ///
    /// - Throws: ``DAREError`` as ``DAREEnvelope/open(with:seed:reportsInvalidDigest:)`` and
    ///   ``DAREEnvelope/verify(by:rule:)``; what `source` and `sink` throw.
    public func open(from source: OctetSource, into sink: inout some PlaintextSink) throws -> StreamedEnvelope {
        do {
            let opened = try read(source, opens: true) { try sink.write($0) }
            try sink.commit()
            return opened
        } catch {
            sink.discard()
            throw error
        }
    }

    /// Verifies the digest, and the signatures of ``signers`` unless that is nil, without decrypting anything. Annotations
    /// are not read.
    ///
    /// - Throws: as ``open(from:into:)``.
    public func verify(from source: OctetSource) throws -> StreamedEnvelope {
        try read(source, opens: false) { _ in }
    }

    /// - Parameters:
    ///   - opens: whether anything is decrypted.
    ///   - write: takes the content.
    private func read(
        _ source: OctetSource, opens: Bool, _ write: OctetSink
    ) throws -> StreamedEnvelope {
        do {
            return try withoutActuallyEscaping(source) { source in
                let reader = JSONReader(options: EnvelopeOpener.options) {
                    try CallersFailure.marking { try [UInt8](room: streamPieceSize) { try source($0) } }
                }
                return try read(reader, opens: opens) { octets in try CallersFailure.marking { try write(octets) } }
            }
        } catch let failure as CallersFailure {
            throw failure.cause
        } catch let error as JSONError {
            throw DAREError(.malformed, "The envelope is neither JSON nor JSON-B.", cause: error)
        }
    }

    private func read(_ reader: JSONReader, opens: Bool, _ write: OctetSink) throws -> StreamedEnvelope {
        let isWrapped = try begin(reader)
        var members = EnvelopeMembers(header: try object(reader, "header"))
        let key = opens ? try members.payloadKey(with: keys, seed: seed) : nil
        let algorithm = try members.digestAlgorithm
        let digest = RunningDigest(algorithm)
        var body = StreamedBody()
        if let key { body.decrypt(with: try key.seed.cipher(.decrypt, key.algorithm, salt: key.salt)) }
        if try reader.peek() != .end {
            try reader.beginOctets()
            while let piece = try reader.nextOctets() {
                try piece.withUnsafeBytes { piece in
                    digest.update(piece)
                    if opens { try body.take(piece, write) } else { body.skip(piece) }
                }
            }
        }
        if try reader.peek() != .end { members.trailer = try object(reader, "trailer") }
        try end(reader, isWrapped)
        guard try members.digestAlgorithm == algorithm else {
            throw DAREError(.unsupportedAlgorithm, "The trailer names another digest than the header.")
        }
        return try finish(members, digest: digest.finalize(), body: body, opens: opens, under: key, write)
    }

    private func finish(
        _ members: EnvelopeMembers, digest: [UInt8], body: consuming StreamedBody, opens: Bool,
        under key: PayloadKey?, _ write: OctetSink
    ) throws -> StreamedEnvelope {
        let state = try members.digestState(computed: digest)
        if state == .invalid { throw EnvelopeMembers.mismatch }
        var signatures: [VerifiedSignature] = []
        if let signers {
            signatures = try members.verifySignatures(computed: digest, by: signers, rule: rule)
        }
        let digests = try members.signedDigests(computed: digest)
        let witnessed = try members.witnessed(signatures, digests: digests, under: key)
        let header = opens ? try members.uncloakedHeader(under: key) : members.header
        let annotations = opens ? try members.annotations(under: key) : []
        let contentMeta = try EnvelopeMembers(header: header, trailer: members.trailer).contentMeta
        let tag = try members.requiredTag(key?.algorithm ?? .none)
        let bodyCount = body.count
        let plaintextCount = try body.finish(tag: tag, write)
        return StreamedEnvelope(
            members: members, header: header, annotations: annotations, contentMeta: contentMeta, digest: state,
            signers: signatures.map(\.signer), witnessed: witnessed, bodyCount: bodyCount,
            plaintextCount: plaintextCount)
    }

    // MARK: The list

    /// Goes to the header.
    ///
    /// - Returns: whether the list is a member of an object.
    private func begin(_ reader: JSONReader) throws -> Bool {
        let isWrapped = try reader.peek() == .object
        if isWrapped {
            _ = try reader.next()
            guard try skip(reader, to: "DareEnvelope") else { throw notAList }
        }
        guard try reader.peek() == .array else { throw notAList }
        _ = try reader.next()
        return isWrapped
    }

    private func end(_ reader: JSONReader, _ isWrapped: Bool) throws {
        guard try reader.next() == .end else { throw notAList }
        if isWrapped { _ = try skip(reader, to: nil) }
        try reader.finish()
    }

    /// Passes over members of an object up to the one called `name`, or over all that are left.
    ///
    /// - Returns: whether it is there; if not, the object has ended.
    private func skip(_ reader: JSONReader, to name: String?) throws -> Bool {
        while case .name(let found) = try reader.next() {
            if found == name { return true }
            try reader.skipValue()
        }
        return false
    }

    private func object(_ reader: JSONReader, _ name: String) throws -> JSONObject {
        guard try reader.peek() == .object, let object = try reader.readValue().object else {
            throw DAREError(.malformed, "The \(name) is no object.")
        }
        return object
    }

    private var notAList: DAREError {
        DAREError(.malformed, "An envelope is a list of a header, a body and a trailer.")
    }
}
