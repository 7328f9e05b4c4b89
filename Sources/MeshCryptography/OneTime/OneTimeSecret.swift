import COpenSSL
import MeshCore

/// What a service and a person share to make one-time codes that hold for some seconds (TOTP, RFC 6238).
public struct OneTimeSecret: Sendable {
    /// The hash function that codes are made with.
    public enum Algorithm: String, CaseIterable, Sendable {
        case sha1 = "SHA1"
        case sha256 = "SHA256"
        case sha512 = "SHA512"

        /// Reads a name as services write it: in any case, with or without a dash.
        public init?(reading name: String) {
            self.init(rawValue: String(name.uppercased().filter { $0 != "-" }))
        }
    }

    /// The hash function.
    public let algorithm: Algorithm
    /// How many digits a code has.
    public let digits: Int
    /// How long a code holds, in seconds.
    public let period: Int
    private let key: SharedSecret

    /// Takes ownership of `key`.
    ///
    /// - Throws: ``CryptographyError`` `invalidParameter` for a key that is empty or longer than 1024 octets, digits other than
    ///   6 to 8, a period other than 1 second to a day.
    public init(
        key: consuming SecretBytes, algorithm: Algorithm = .sha1, digits: Int = 6, period: Int = 30
    ) throws(CryptographyError) {
        guard (1...1024).contains(key.count) else {
            throw CryptographyError(.invalidParameter, "The secret of one-time codes has 1 to 1024 octets.")
        }
        guard (6...8).contains(digits) else {
            throw CryptographyError(.invalidParameter, "One-time codes have 6 to 8 digits, not \(digits).")
        }
        guard (1...86_400).contains(period) else {
            throw CryptographyError(.invalidParameter, "A one-time code holds from one second to a day.")
        }
        self.key = SharedSecret(key)
        self.algorithm = algorithm
        self.digits = digits
        self.period = period
    }

    /// Reads the secret that a service shows as text: Base32 in any case; blanks, dashes and padding do not count.
    ///
    /// - Throws: ``CryptographyError`` `invalidKey`; as ``init(key:algorithm:digits:period:)``.
    public init(
        base32 text: borrowing SecretBytes, algorithm: Algorithm = .sha1, digits: Int = 6, period: Int = 30
    ) throws(CryptographyError) {
        try self.init(key: Self.key(base32: text), algorithm: algorithm, digits: digits, period: period)
    }

    private static func key(base32 text: borrowing SecretBytes) throws(CryptographyError) -> SecretBytes {
        var letters = 0
        let plain = text.withUnsafeBytes { text in
            SecretBytes(count: text.count) { target in
                for octet in text where octet != 0x20 && octet != 0x2D && octet != 0x3D {
                    target[letters] = octet
                    letters += 1
                }
            }
        }
        var written: Int?
        let octets = plain.withUnsafeBytes { plain in
            SecretBytes(count: letters) {
                written = Base32.decode(UnsafeRawBufferPointer(rebasing: plain[0..<letters]), into: $0)
            }
        }
        guard let written else {
            throw CryptographyError(
                .invalidKey, "The secret of one-time codes has a character other than A to Z and 2 to 7.",
                remedy: "Copy it again from where the service shows it.")
        }
        return octets.duplicate(0..<written)
    }

    /// Lends the octets of the secret.
    public func withKey<R: ~Copyable, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try key.bytes.withUnsafeBytes { (octets) throws(E) in try body(octets) }
    }

    /// The code that holds at `time`; before 1970, the first one.
    public func code(at time: Timestamp) -> OneTimeCode {
        let seconds = max(0, time.secondsSince1970)
        let counter = UInt64(seconds / Int64(period))
        let text = code(counter: counter)
        return OneTimeCode(text: SharedSecret(text), secondsLeft: period - Int(seconds % Int64(period)))
    }

    /// The code of a counter (RFC 4226 §5.3).
    private func code(counter: UInt64) -> SecretBytes {
        let digits = digits
        let mac = authenticated((0..<8).map { UInt8(truncatingIfNeeded: counter >> (56 - 8 * UInt64($0))) })
        return mac.withUnsafeBytes { mac -> SecretBytes in
            let offset = Int(mac[mac.count - 1] & 15)
            var value = (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(mac[offset + $1]) } & 0x7FFF_FFFF
            return SecretBytes(count: digits) { text in
                for place in (0..<digits).reversed() {
                    text[place] = 0x30 + UInt8(value % 10)
                    value /= 10
                }
            }
        }
    }

    private func authenticated(_ data: [UInt8]) -> SecretBytes {
        switch algorithm {
        case .sha256: return HMAC.authenticate(data, key: key.bytes, hash: .sha256)
        case .sha512: return HMAC.authenticate(data, key: key.bytes, hash: .sha512)
        case .sha1:
            return key.bytes.withUnsafeBytes { key in
                SecretBytes(count: 20) { output in
                    data.withUnsafeBytes { data in
                        requireLibrary(
                            mesh_hmac_sha1(key.baseAddress, key.count, data.baseAddress, data.count, output.octets)
                                == 1,
                            "HMAC")
                    }
                }
            }
        }
    }
}

/// A one-time code. It is a secret as long as it holds.
public struct OneTimeCode: Sendable {
    private let text: SharedSecret
    /// How long it still holds, in seconds.
    public let secondsLeft: Int

    init(text: SharedSecret, secondsLeft: Int) {
        self.text = text
        self.secondsLeft = secondsLeft
    }

    /// Lends the digits.
    public func withText<R: ~Copyable, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try text.bytes.withUnsafeBytes { (octets) throws(E) in try body(octets) }
    }
}
