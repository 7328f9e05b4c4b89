import MeshCore
import MeshEncoding

/// A JSON object with secrets in it: the secret texts are apart, in locked memory, and in the object stands a number for each.
///
/// Neither reading nor writing ever makes a `String` of a secret.
struct SecretJSON {
    /// The object, with the index of the secret where a secret text stands.
    var value: JSONValue
    /// The secret texts, in the order they stand in.
    var secrets: [SharedSecret]

    /// The members that hold secrets, wherever they stand.
    static let names: [[UInt8]] = ["ActivationKey", "Private", "SaltedPin"].map { Array($0.utf8) }
    private static let maximumSecrets = 128

    /// Nothing yet.
    init() {
        value = .null
        secrets = []
    }

    /// Reads JSON text.
    ///
    /// - Throws: ``ProfileError`` `malformed`: also for names or secret texts that are written with escapes, which nobody has a
    ///   reason to do.
    init(reading text: borrowing SecretBytes) throws(ProfileError) {
        var found: [SharedSecret] = []
        let plain = try text.withUnsafeBytes { (text) throws(ProfileError) in
            try SecretJSON.replace(text) { (secret, plain: inout [UInt8]) throws(ProfileError) in
                guard found.count < SecretJSON.maximumSecrets, !secret.contains(0x5C) else {
                    throw SecretJSON.malformed
                }
                plain += Array(String(found.count).utf8)
                found.append(SharedSecret(SecretBytes(copying: secret)))
            }
        }
        do {
            value = try JSONValue(parsing: plain)
        } catch {
            throw ProfileError(.malformed, "What was sealed is no JSON.", cause: error)
        }
        secrets = found
    }

    /// Adds a secret text; the value stands for it in ``value``.
    mutating func add(_ text: consuming SecretBytes) -> JSONValue {
        secrets.append(SharedSecret(text))
        return .string(String(secrets.count - 1))
    }

    /// The secret text that `reference` stands for.
    func secret(_ reference: JSONValue?) -> SharedSecret? {
        guard let index = reference?.string.flatMap({ Int($0) }), secrets.indices.contains(index) else { return nil }
        return secrets[index]
    }

    /// The JSON text with the secrets in their places.
    func text() throws(ProfileError) -> SecretBytes {
        var parts: [Part] = []
        try value.compact.withUnsafeBufferPointer { (plain) throws(ProfileError) in
            try SecretJSON.scan(UnsafeRawBufferPointer(plain)) { (part, isSecret) throws(ProfileError) in
                if isSecret {
                    guard let secret = secret(.string(String(decoding: part, as: UTF8.self))) else {
                        throw SecretJSON.malformed
                    }
                    parts.append(.secret(secret))
                } else {
                    parts.append(.plain(Array(part)))
                }
            }
        }
        return SecretBytes(count: parts.reduce(0) { $0 + $1.count }) { target in
            var rest = target[...]
            for part in parts {
                part.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: rest).copyMemory(from: $0) }
                rest = rest.dropFirst(part.count)
            }
        }
    }

    /// A piece of JSON text.
    private enum Part {
        case plain([UInt8])
        case secret(SharedSecret)

        var count: Int {
            switch self {
            case .plain(let octets): octets.count
            case .secret(let secret): secret.bytes.count
            }
        }

        func withUnsafeBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
            switch self {
            case .plain(let octets): octets.withUnsafeBytes(body)
            case .secret(let secret): secret.bytes.withUnsafeBytes(body)
            }
        }
    }

    private static let malformed = ProfileError(.malformed, "What was sealed is not written as such an object is.")

    private static func replace(
        _ text: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer, inout [UInt8]) throws(ProfileError) -> Void
    ) throws(ProfileError) -> [UInt8] {
        var plain: [UInt8] = []
        plain.reserveCapacity(text.count)
        try scan(text) { (part, isSecret) throws(ProfileError) in
            if isSecret { try body(part, &plain) } else { plain += part }
        }
        return plain
    }

    /// Gives out the text in parts: what stands between the quotes of a secret, and everything else.
    private static func scan(
        _ text: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer, Bool) throws(ProfileError) -> Void
    ) throws(ProfileError) {
        var (position, start) = (0, 0)
        var isSecretNext = false
        func isSpace(_ octet: UInt8) -> Bool { octet == 0x20 || (0x09...0x0D).contains(octet) }
        while position < text.count {
            let octet = text[position]
            position += 1
            guard octet == 0x22 else {
                // Between the name and its value there is a colon and white space, and nothing else.
                if octet != 0x3A, !isSpace(octet) { isSecretNext = false }
                continue
            }
            let first = position
            while position < text.count, text[position] != 0x22 { position += text[position] == 0x5C ? 2 : 1 }
            guard position < text.count else { throw malformed }
            let string = UnsafeRawBufferPointer(rebasing: text[first..<position])
            if isSecretNext {
                try body(UnsafeRawBufferPointer(rebasing: text[start..<first]), false)
                try body(string, true)
                start = position
            }
            position += 1
            var next = position
            while next < text.count, isSpace(text[next]) { next += 1 }
            let isName = next < text.count && text[next] == 0x3A
            if isName, string.contains(0x5C) { throw malformed }
            isSecretNext = isName && names.contains { $0.elementsEqual(string) }
        }
        try body(UnsafeRawBufferPointer(rebasing: text[start...]), false)
    }
}
