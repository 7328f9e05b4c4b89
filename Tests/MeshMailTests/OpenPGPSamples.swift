import Foundation
import MeshCore
import MeshMail
import Testing

/// Keys that many tests need, made once.
enum OpenPGPSamples {
    static let alice = Result { try OpenPGPKey.generate(name: "Alice", address: "alice@example.com", expires: nil) }

    /// The key as octets in the open.
    static func secretOctets() throws -> [UInt8] { try alice.get().withSecretOctets { Array($0) } }

    /// The packets of a key that was made here, each whole.
    static func packets() throws -> [[UInt8]] {
        var (rest, packets) = (try secretOctets()[...], [[UInt8]]())
        while let head = rest.dropFirst().first {
            // All are shorter than 192 octets, with the newer form of header.
            packets.append(Array(rest.prefix(2 + Int(head))))
            rest = rest.dropFirst(2 + Int(head))
        }
        return packets
    }
}

/// The code of the ``MailKeyError`` that `body` throws; nil if it throws nothing, or something else.
func code(_ body: () throws -> Void) -> MailKeyError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? MailKeyError)?.code
    }
}

/// The code with which the import of `octets` is refused.
func refusal(_ octets: [UInt8], _ words: String? = nil) -> MailKeyError.Code? {
    code { _ = try OpenPGPKey(importing: secret(octets), passphrase: words.map { passphrase($0) }) }
}
