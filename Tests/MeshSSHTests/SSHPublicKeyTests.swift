import MeshCore
import MeshCryptography
import MeshPlatforms
import MeshSSHTestSupport
import Testing

@testable import MeshSSH

struct SSHPublicKeyTests {
    static let key = try? SSHPrivateKey.generate(comment: "alice@example.com", random: SeededRandomSource(seed: 1))
        .publicKey

    @Test func linesComeBack() throws {
        let key = try #require(Self.key)
        #expect(try SSHPublicKey(openSSHLine: key.openSSHLine) == key)
        #expect(try SSHPublicKey(openSSHLine: " \t" + key.openSSHLine + "\r\n") == key)
        #expect(try SSHPublicKey(openSSHLine: key.commented("").openSSHLine).comment == "")
        #expect(try SSHPublicKey(openSSHLine: key.commented("two words").openSSHLine).comment == "two words")
    }

    @Test(arguments: [
        "", "short", String(repeating: "x", count: 61), String(repeating: "x", count: 62),
        String(repeating: "long ", count: 200), String(repeating: "\u{1F511}", count: 250), "ends with \\",
        "a \"quoted\" word", "colon: inside", "BEGIN",
    ])
    func armourComesBack(comment: String) throws {
        let key = try #require(Self.key).commented(comment)
        let text = key.rfc4716
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) { #expect(line.utf8.count <= 72) }
        #expect(try SSHPublicKey(rfc4716: text) == key)
        #expect(try SSHPublicKey(rfc4716: text.replacing("\n", with: "\r\n")) == key)
        #expect(try SSHPublicKey(rfc4716: text.replacing("\n", with: "\r")) == key)
    }

    /// The form of the examples in RFC 4716 §3.6: headers in any order, private ones, a continued one.
    @Test func readsHeaders() throws {
        let key = try #require(Self.key)
        let body = Base64.standard.encode(key.wire)
        let text = """
            ---- BEGIN SSH2 PUBLIC KEY ----
            Subject: me
            x-command: /home/me/bin/lock-in-guest.sh and \\
            more: words
            Comment: This is my public key for use on \\
            servers which I don't like.
            \(body.prefix(40))
            \(body.dropFirst(40))
            ---- END SSH2 PUBLIC KEY ----

            """
        let read = try SSHPublicKey(rfc4716: text)
        #expect(read.wire == key.wire)
        #expect(read.comment == "This is my public key for use on servers which I don't like.")
    }

    /// What is put into a list of keys must not become a second line of it.
    @Test func commentsStayOnOneLine() throws {
        let key = try #require(Self.key)
        for comment in ["a\nssh-ed25519 AAAA evil", "a\r\nb", "a\u{85}b", "a\u{2028}b", "a\u{0}b", "\u{1B}[2J"] {
            let line = key.commented(comment).openSSHLine
            #expect(!line.contains { $0.isNewline })
            #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 })
            #expect(try SSHPublicKey(openSSHLine: line).wire == key.wire)
        }
        #expect(key.commented(String(repeating: "\u{1F511}", count: 1000)).comment.utf8.count == 1024)
    }

    @Test func refusesDamage() throws {
        let key = try #require(Self.key)
        let parts = key.openSSHLine.split(separator: " ").map(String.init)
        for line in [
            "", " ", "ssh-ed25519", parts[0] + " " + parts[1].dropLast(), "ssh-rsa " + parts[1],
            parts[0] + " " + parts[1] + "=", key.openSSHLine + "\n" + key.openSSHLine, parts[0] + " !" + parts[1],
            parts[0] + " ====", parts[0] + " AAAA",
        ] {
            #expect(code { _ = try SSHPublicKey(openSSHLine: line) } == .corrupt, "\(line)")
        }
        for length in 0..<key.wire.count {
            #expect(code { _ = try SSHPublicKey(wire: Array(key.wire.prefix(length))) } == .corrupt)
        }
        #expect(code { _ = try SSHPublicKey(wire: key.wire + [0]) } == .corrupt)
        let text = key.rfc4716
        for length in 0..<(text.utf8.count - 1) {
            let found = code { _ = try SSHPublicKey(rfc4716: String(text.prefix(length))) }
            #expect(found == .corrupt, "cut at \(length)")
        }
        #expect(
            code { _ = try SSHPublicKey(openSSHLine: String(repeating: "x", count: 70_000)) } == .tooLarge)
    }

    /// Lengths that reach beyond the end, or would overflow, at every place where a length may stand.
    @Test func refusesHostileLengths() throws {
        let key = try #require(Self.key)
        for place in 0..<(key.wire.count - 4) {
            for hostile in [[0xFF, 0xFF, 0xFF, 0xFF], [0x7F, 0xFF, 0xFF, 0xFF], [0x80, 0, 0, 0]] as [[UInt8]] {
                var wire = key.wire
                wire.replaceSubrange(place..<place + 4, with: hostile)
                if place >= 19 { continue }
                let found = code { _ = try SSHPublicKey(wire: wire) }
                #expect(found == .corrupt || found == .unsupported)
            }
        }
    }

    @Test func refusesWeakAndUnknownKeys() throws {
        func rsa(_ exponent: [UInt8], _ modulus: [UInt8]) -> [UInt8] {
            SSHWire.octets { writer in
                writer.append(string: "ssh-rsa")
                exponent.withUnsafeBytes { writer.append(integer: $0) }
                modulus.withUnsafeBytes { writer.append(integer: $0) }
            }
        }
        let odd = [UInt8](repeating: 0xFF, count: 256)
        #expect(code { _ = try SSHPublicKey(wire: rsa([1, 0, 1], odd)) } == nil)
        #expect(code { _ = try SSHPublicKey(wire: rsa([1], odd)) } == .corrupt)
        #expect(code { _ = try SSHPublicKey(wire: rsa([2], odd)) } == .corrupt)
        #expect(code { _ = try SSHPublicKey(wire: rsa([3], odd.dropLast() + [0xFE])) } == .corrupt)
        #expect(code { _ = try SSHPublicKey(wire: rsa([3], Array(odd.prefix(128)))) } == .unsupported)
        for name in ["ssh-dss", "ssh-ed448", "sk-ssh-ed25519@openssh.com", "x"] {
            let wire = SSHWire.octets {
                $0.append(string: name)
                $0.append(string: [1, 2, 3])
            }
            #expect(code { _ = try SSHPublicKey(wire: wire) } == .unsupported)
        }
    }
}
