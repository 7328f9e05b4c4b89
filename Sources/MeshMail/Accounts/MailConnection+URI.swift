import MeshCore

// As a URI: `scheme://[user@]host[:port]`.
//
// The scheme says what is spoken, and how it is kept from others: imaps, pop3s and smtps with TLS from the start (ports 993, 995,
// 465), imap+starttls, pop3+starttls and smtp+starttls with TLS after the beginning (143, 110, 587), imap, pop3 and smtp without
// (143, 110, 25). In the name of the user, everything but letters, digits and "-._~" is written as % and two hexadecimal digits.
extension MailConnection: CustomStringConvertible {
    /// The connection as a URI. The port is always said.
    public var uri: String {
        let user = username.map { "\(Self.escaped($0))@" } ?? ""
        return "\(Form(service, security).scheme)://\(user)\(host):\(port)"
    }

    public var description: String { uri }

    /// Reads a URI.
    ///
    /// - Throws: ``MailAccountError`` `invalidConnection`, which names the part. A password in the URI is refused.
    public init(parsing text: String) throws(MailAccountError) {
        guard let colon = text.firstRange(of: "://"),
            let form = Form(scheme: MailText.lowercased(String(text[..<colon.lowerBound])))
        else {
            throw Self.invalid(
                "The connection does not begin with one of \(Form.all.map { "\($0.scheme)://" }.joined(separator: ", ")).",
                "Write it as imaps://alice@imap.example.com or smtp+starttls://mail.example.com:587.")
        }
        var rest = text[colon.upperBound...]
        if rest.last == "/" { rest = rest.dropLast() }
        var username: String?
        if let at = rest.lastIndex(of: "@") {
            guard !rest[..<at].contains(":") else {
                throw Self.invalid(
                    "There is a password in the connection.",
                    "Leave it out, and keep it with the credentials: meshclient credential add.")
            }
            guard let user = Self.unescaped(rest[..<at]) else {
                throw Self.invalid("The name of the user in the connection is not written as in a URI.")
            }
            username = user
            rest = rest[rest.index(after: at)...]
        }
        var port: Int?
        if let colon = rest.lastIndex(of: ":") {
            let digits = rest[rest.index(after: colon)...]
            guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                throw Self.invalid("The port of the connection is no number between 1 and 65535.")
            }
            port = Int(digits)
            rest = rest[..<colon]
        }
        try self.init(form.service, host: String(rest), port: port, security: form.security, username: username)
    }

    private static func isPlain(_ octet: UInt8) -> Bool {
        MailText.isLetterOrDigit(octet) || "-._~".utf8.contains(octet)
    }

    private static func escaped(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var octets: [UInt8] = []
        for octet in text.utf8 {
            octets += isPlain(octet) ? [octet] : [UInt8(ascii: "%"), digits[Int(octet >> 4)], digits[Int(octet & 15)]]
        }
        return String(decoding: octets, as: UTF8.self)
    }

    private static func unescaped(_ text: Substring) -> String? {
        var octets: [UInt8] = []
        var rest = text.utf8[...]
        while let octet = rest.popFirst() {
            guard octet == UInt8(ascii: "%") else {
                // Many write such names as they are: what is meant is plain.
                octets.append(octet)
                continue
            }
            guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                return nil
            }
            octets.append(high << 4 | low)
        }
        return String(validating: octets, as: UTF8.self)
    }

    private static func digit(_ octet: UInt8) -> UInt8? {
        switch octet {
        case 0x30...0x39: octet - 0x30
        case 0x41...0x46: octet - 0x41 + 10
        case 0x61...0x66: octet - 0x61 + 10
        default: nil
        }
    }
}
