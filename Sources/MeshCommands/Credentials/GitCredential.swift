import MeshCore
import MeshPlatforms
import MeshSessions

/// What git says of a credential on standard input: lines of `name=value` up to an empty one (gitcredentials, git-credential).
struct GitCredential {
    private(set) var networkProtocol: String?
    private(set) var host: String?
    private(set) var path: String?
    private(set) var username: String?
    private(set) var password: SharedSecret?

    private static let largest = 1 << 16

    /// Reads standard input up to its end or an empty line. Blocks.
    ///
    /// - Throws: ``UsageError`` for what is no such message. No value is in the error.
    init(reading console: any Console) throws {
        var count = 0
        let input = try SecretBytes(count: Self.largest) { (buffer) throws in
            while count < buffer.count {
                let got = try console.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
                if got == 0 { break }
                count += got
                if Self.isWhole(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { break }
            }
        }
        guard count < Self.largest else { throw UsageError("What git says is too long.") }
        let length = count
        self = try input.withUnsafeBytes { try GitCredential(UnsafeRawBufferPointer(rebasing: $0[..<length])) }
    }

    private static func isWhole(_ octets: UnsafeRawBufferPointer) -> Bool {
        octets.elementsEqual([0x0A]) || octets.suffix(2).elementsEqual([0x0A, 0x0A])
    }

    private init(_ octets: UnsafeRawBufferPointer) throws(UsageError) {
        for line in octets.split(separator: 0x0A, omittingEmptySubsequences: false) {
            if line.isEmpty { break }
            guard let equals = line.firstIndex(of: UInt8(ascii: "=")), !line.contains(0) else {
                throw UsageError("This is nothing that git says of credentials.")
            }
            let value = UnsafeRawBufferPointer(rebasing: line[(equals + 1)...])
            // Lists (wwwauth[], capability[]), and names that this version does not know, are passed over.
            switch String(decoding: line[..<equals], as: UTF8.self) {
            case "protocol": networkProtocol = try Self.text(value)
            case "host": host = try Self.text(value)
            case "path": path = try Self.text(value)
            case "username": username = try Self.text(value)
            case "password": password = SharedSecret(SecretBytes(copying: value))
            case "url": try read(url: value)
            default: continue
            }
        }
    }

    /// Where the credential is for; nil if it is not said by protocol and host.
    var place: CredentialPlace? {
        guard let networkProtocol, !networkProtocol.isEmpty, let host, !host.isEmpty else { return nil }
        return CredentialPlace(
            networkProtocol: networkProtocol, host: host, path: path.flatMap { $0.isEmpty ? nil : $0 },
            username: username.flatMap { $0.isEmpty ? nil : $0 })
    }

    /// `protocol://username:password@host/path`; what it does not say is nil from now on, as git has it.
    private mutating func read(url: UnsafeRawBufferPointer) throws(UsageError) {
        let mark = Array("://".utf8)
        guard let start = (0..<max(0, url.count - 2)).first(where: { url[$0..<($0 + 3)].elementsEqual(mark) }),
            start > 0
        else { throw UsageError("The URL that git says is none.") }
        let rest = url[(start + 3)...]
        let slash = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
        let at = rest[..<slash].lastIndex(of: UInt8(ascii: "@"))
        networkProtocol = try Self.text(UnsafeRawBufferPointer(rebasing: url[..<start]))
        (username, password) = (nil, nil)
        if let at {
            let user = rest[..<at]
            let colon = user.firstIndex(of: UInt8(ascii: ":"))
            username = try Self.text(Self.unescaped(user[..<(colon ?? user.endIndex)]))
            if let colon { password = SharedSecret(try Self.unescaped(user[(colon + 1)...])) }
        }
        host = try Self.text(Self.unescaped(rest[(at.map { $0 + 1 } ?? rest.startIndex)..<slash]))
        path = nil
        if slash < rest.endIndex {
            var end = rest.endIndex
            while end > slash + 1, rest[end - 1] == UInt8(ascii: "/") { end -= 1 }
            if end > slash + 1 { path = try Self.text(Self.unescaped(rest[(slash + 1)..<end])) }
        }
    }

    private static func text(_ octets: UnsafeRawBufferPointer) throws(UsageError) -> String {
        guard let text = String(validating: octets, as: UTF8.self) else {
            throw UsageError("What git says is no text (UTF-8).")
        }
        return text
    }

    private static func text(_ octets: borrowing SecretBytes) throws(UsageError) -> String {
        try octets.withUnsafeBytes { (octets) throws(UsageError) in try text(octets) }
    }

    private static func unescaped(_ octets: Slice<UnsafeRawBufferPointer>) throws(UsageError) -> SecretBytes {
        var count = 0
        let all = try SecretBytes(count: octets.count) { (target) throws(UsageError) in
            var rest = octets
            while let octet = rest.popFirst() {
                var octet = octet
                if octet == UInt8(ascii: "%") {
                    guard let high = rest.popFirst().flatMap(hex), let low = rest.popFirst().flatMap(hex) else {
                        throw UsageError("A % in the URL that git says is not followed by two hexadecimal digits.")
                    }
                    octet = high << 4 | low
                }
                guard octet != 0x0A, octet != 0 else { throw UsageError("The URL that git says hides a line end.") }
                target[count] = octet
                count += 1
            }
        }
        return all.duplicate(0..<count)
    }

    private static func hex(_ octet: UInt8) -> UInt8? {
        Character(UnicodeScalar(octet)).hexDigitValue.flatMap { UInt8(exactly: $0) }
    }

    /// Answers git. Each value is a line: one that has a line end in it is none that git can take.
    ///
    /// - Throws: ``UsageError`` for such a value; ``PlatformError`` `inputOutput`.
    static func write(username: String?, _ password: borrowing SecretBytes, to console: any Console) throws {
        func isLine(_ octets: some Sequence<UInt8>) -> Bool {
            octets.allSatisfy { $0 != 0x0A && $0 != 0x0D && $0 != 0 }
        }
        guard isLine((username ?? "").utf8), password.withUnsafeBytes({ isLine($0) }) else {
            throw UsageError("The name or password has a line end in it, which git cannot take.")
        }
        var head = username.map { "username=\($0)\n" } ?? ""
        head += "password="
        let size = password.count
        let answer = SecretBytes(count: head.utf8.count + size + 1) { target in
            target.copyBytes(from: head.utf8)
            password.withUnsafeBytes { octets in
                UnsafeMutableRawBufferPointer(rebasing: target[head.utf8.count...]).copyMemory(from: octets)
            }
            target[target.count - 1] = 0x0A
        }
        try answer.withUnsafeBytes { try console.writeContent($0) }
    }
}
