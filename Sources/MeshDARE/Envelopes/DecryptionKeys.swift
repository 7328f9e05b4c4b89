import MeshCore
import MeshCryptography

/// The private keys that somebody opens envelopes with.
///
/// Keys that a store lends for one operation are put in for the length of that operation:
/// ``Recipient/keyIdentifier`` tells beforehand which are wanted.
public struct DecryptionKeys: Sendable {
    /// The keys, in the order they are tried in where an envelope does not name one of them.
    public let keys: [PrivateKey]

    /// These keys. Those that cannot agree are never tried.
    public init(_ keys: [PrivateKey]) { self.keys = keys }

    /// How often it is tried to open an entry, at the cost of an operation on a curve. (Entries are found by the names of the
    /// keys at almost none, however many there are.)
    public static let maximumTrials = 256

    /// No key: what is encrypted stays closed.
    public static let none = DecryptionKeys([])

    /// Finds the base seed: by the keys that the entries name; if they name none of these, by every key on the curve of
    /// an entry, because old entries name keys in ways that nobody can compute (`dare-12` §4).
    ///
    /// - Throws: ``DAREError`` `noRecipients`; `wrongRecipient` when none of the keys opens it; `corruptKeyExchange`
    ///   when one is named and does not; `unsupportedAlgorithm` or `malformed` when no entry could be used at all;
    ///   `tooCostly` when ``maximumTrials`` were in vain and there are more.
    public func openSeed(_ recipients: [Recipient]) throws(DAREError) -> (seed: BaseSeed, info: KeyWrapInfo) {
        guard !recipients.isEmpty else {
            throw DAREError(
                .noRecipients, "It is encrypted, and names nobody who could open it.",
                remedy: "It may belong to a sequence whose key exchange stands in an earlier frame: open that.")
        }
        var trials = 0
        func countTrial() throws(DAREError) {
            trials += 1
            guard trials <= DecryptionKeys.maximumTrials else {
                throw DAREError(
                    .tooCostly, "It names more recipients than are tried, and none of the first is one of the keys.",
                    remedy: "Ask for an envelope in which your key is called by its fingerprint.")
            }
        }
        var named: DAREError?
        let names = keys.map { KeyNames($0.publicKey) }
        for recipient in recipients {
            guard let identifier = recipient.keyIdentifier.flatMap({ UDF($0) }) else { continue }
            for (key, names) in zip(keys, names) where names.contains(identifier) {
                try countTrial()
                do {
                    return try recipient.unwrap(with: key)
                } catch {
                    named = named ?? error
                }
            }
        }
        if let named { throw named }
        var unusable: DAREError?
        var usable = 0
        for recipient in recipients {
            let algorithm: KeyAlgorithm
            do {
                algorithm = try recipient.exchange().algorithm
            } catch {
                unusable = unusable ?? error
                continue
            }
            usable += 1
            for key in keys where key.algorithm == algorithm {
                try countTrial()
                if let opened = try? recipient.unwrap(with: key) { return opened }
            }
        }
        if usable == 0, let unusable { throw unusable }
        throw DAREError(
            .wrongRecipient,
            keys.isEmpty
                ? "It is encrypted, and no private key was given." : "It was sealed to others: no key here opens it.",
            remedy: "Open it with the key of \(DecryptionKeys.names(of: recipients)).")
    }

    /// The first few names of keys, as far as they are fingerprints: nothing else of the input is repeated.
    private static func names(of recipients: [Recipient]) -> String {
        let names = recipients.prefix(4).compactMap { $0.keyIdentifier.flatMap { UDF($0)?.text } }
        return names.isEmpty ? "a recipient" : names.joined(separator: " or ")
    }
}

/// The fingerprints of a key, computed once for many entries that name keys.
private struct KeyNames {
    private let fingerprints: [UDF]

    init(_ key: PublicKey) {
        fingerprints = [KeyInfoForm.draft, .release].map { key.fingerprint(form: $0, bits: 512) }
    }

    /// As ``PublicKey/matches(_:)``.
    func contains(_ identifier: UDF) -> Bool { fingerprints.contains { $0.matches(identifier) } }
}
