import MeshCore
import MeshCryptography
import MeshEncoding

/// The signature of a run: of some frames that follow each other, all of them at once. An extension of this package that
/// other readers ignore.
///
/// DARE's digests cover payloads, and whoever keeps the file can make the checks of frames anew: a changed header, which
/// says what happens to which entry, passes. The member `RunSignature` stands in the trailer of the last frame of a run,
/// right before `FrameCheck`, as `{"kid":…,"signature":…}`. It is Ed448 or Ed25519 over
///
///     "mesh run signature 1" ‖ account ‖ store ‖ first ‖ last ‖ chain digest before ‖ check before ‖ kid ‖ run digest
///
/// where each part is preceded by its size and numbers are their own 8 octets (all big endian), account is the fingerprint of
/// the account's profile, store the name of the store, first and last the numbers of the frames, and the two values before
/// those of the frame before the run (empty at frame 0): the check, which covers the headers of all frames so far, too.
/// The run digest starts with 64 octets of zero and becomes, frame by frame,
///
///     SHA-512(run digest ‖ header size (8 octets) ‖ header ‖ trailer size (8 octets) ‖ trailer)
///
/// with the trailer of the last frame only up to `"RunSignature"`. Payloads are covered by their digest in the trailer, and
/// everything else in the octets of the frames follows from these parts: ``FrameRunChecker`` sees to both. Sequences with run
/// signatures are of the type Chain with JSON headers, SHA-2-512 and frame checks; frame 0 is part of the first run.
public struct RunSignature: Sendable, Hashable {
    /// The name of the member.
    public static let memberName = "RunSignature"

    /// The signer's key, as the signature names it.
    public let signer: String
    let octets: [UInt8]

    init(signer: String, octets: [UInt8]) {
        self.signer = signer
        self.octets = octets
    }

    var member: JSONValue { ["kid": .string(signer), "signature": .binary(octets)] }

    /// The signature in a trailer, written in the one form there is, and the trailer up to it.
    static func stated(in trailer: ArraySlice<UInt8>) -> (signature: RunSignature, opening: ArraySlice<UInt8>)? {
        let checkSize = checkMark.count + FrameCheck.tailSize(.json)
        guard trailer.count > checkSize,
            trailer.dropLast(FrameCheck.tailSize(.json)).suffix(checkMark.count) == checkMark[...]
        else { return nil }
        let member = trailer.dropLast(checkSize)
        guard let quote = member.lastIndex(of: 0x22), let octets = Base64.url.decode(text(member[(quote + 1)...]))
        else {
            return nil
        }
        let named = member[...quote]
        guard named.suffix(signatureMark.count) == signatureMark[...] else { return nil }
        let name = named.dropLast(signatureMark.count)
        guard let start = name.lastIndex(of: 0x22) else { return nil }
        let signer = name[(start + 1)...]
        guard !signer.isEmpty, signer.count <= mostName, signer.allSatisfy(isPlain) else { return nil }
        let opening = name[...start]
        guard opening.suffix(memberMark.count) == memberMark[...] else { return nil }
        return (RunSignature(signer: text(signer), octets: octets), opening.dropLast(memberMark.count))
    }

    private static let checkMark = Array(#""},"FrameCheck":""#.utf8)
    private static let signatureMark = Array(#"","signature":""#.utf8)
    private static let memberMark = Array(#","RunSignature":{"kid":""#.utf8)
    private static let mostName = 256

    private static func text(_ octets: ArraySlice<UInt8>) -> String { String(decoding: octets, as: UTF8.self) }

    /// Printable, and no mark of JSON.
    private static func isPlain(_ octet: UInt8) -> Bool {
        (0x20..<0x7F).contains(octet) && octet != 0x22 && octet != 0x5C
    }

    static func unsupported(_ frame: Int) -> ReplicaError {
        ReplicaError(
            .unsupported, frame: frame,
            "Only sequences of the type Chain with JSON headers, SHA-2-512 and frame checks have run signatures.",
            remedy: "Make the sequence with the options that a catalog has.")
    }
}

/// What a run belongs to.
public struct RunScope: Sendable, Hashable {
    /// The fingerprint of the account's profile.
    public let account: UDF
    /// The name of the store, such as `MMM_Credential`.
    public let store: String

    /// The store of that name of that account.
    public init(account: UDF, store: String) {
        self.account = account
        self.store = store
    }

    /// The octets that are signed for the run of frames from the one after `before` to `last`.
    func message(
        _ digest: [UInt8], last: Int, from before: FrameRunState, signer: String
    ) -> [UInt8] {
        var message = Self.domain
        func add(_ part: some Collection<UInt8>) {
            withUnsafeBytes(of: UInt64(part.count).bigEndian) { message.append(contentsOf: $0) }
            message.append(contentsOf: part)
        }
        func add(_ number: Int) { withUnsafeBytes(of: UInt64(number).bigEndian) { message.append(contentsOf: $0) } }
        add(account.text.utf8)
        add(store.utf8)
        add(before.count)
        add(last)
        add(before.digest)
        add(before.check)
        add(signer.utf8)
        add(digest)
        return message
    }

    private static let domain = Array("mesh run signature 1".utf8)
}

/// Who signs runs, and of what.
public struct RunSigner: Sendable {
    /// What the runs belong to.
    public let scope: RunScope
    private let key: PrivateKey

    /// A signer with that key, of Ed448 or Ed25519.
    public init(_ scope: RunScope, key: PrivateKey) {
        self.scope = scope
        self.key = key
    }

    /// A signature of the same size.
    func placeholder() throws(DAREError) -> RunSignature {
        guard let size = key.algorithm.signatureSize else {
            throw DAREError(
                .wrongKey, "A \(key.algorithm) key cannot sign.", remedy: "Sign with an Ed448 or Ed25519 signature key."
            )
        }
        return RunSignature(signer: key.publicKey.udf.text, octets: [UInt8](repeating: 0, count: size))
    }

    /// Signs a run whose last frame has those records, still with the placeholder.
    func sign(
        _ run: RunDigest, last: Int, from before: FrameRunState, header: [UInt8], trailer: [UInt8]
    ) throws -> RunSignature {
        guard let (placeholder, opening) = RunSignature.stated(in: trailer[...]) else {
            throw RunSignature.unsupported(last)
        }
        let message = scope.message(
            run.with(header: header[...], trailer: opening), last: last, from: before, signer: placeholder.signer)
        return RunSignature(signer: placeholder.signer, octets: try key.sign(message))
    }
}

/// The digest of the frames of a run, as far as it has come.
struct RunDigest: Sendable {
    private var value = [UInt8](repeating: 0, count: HashAlgorithm.sha512.digestSize)

    /// Takes the next frame.
    mutating func take(header: ArraySlice<UInt8>, trailer: ArraySlice<UInt8>) {
        value = with(header: header, trailer: trailer)
    }

    /// The digest with a further frame of those records.
    func with(header: ArraySlice<UInt8>, trailer: ArraySlice<UInt8>) -> [UInt8] {
        var input = value
        input.reserveCapacity(value.count + 16 + header.count + trailer.count)
        for part in [header, trailer] {
            withUnsafeBytes(of: UInt64(part.count).bigEndian) { input.append(contentsOf: $0) }
            input.append(contentsOf: part)
        }
        return HashAlgorithm.sha512.digest(input)
    }
}
