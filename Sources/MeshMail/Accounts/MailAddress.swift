import MeshCore

/// The address of a mail account: `alice@example.com` (RFC 5321 §4.1.2, without quoted names; RFC 6531 for letters beyond ASCII in
/// the name).
///
/// Addresses are compared without regard to case.
public struct MailAddress: Hashable, Sendable, CustomStringConvertible {
    /// The address as it was written.
    public let text: String
    /// The address in lower case, by which it is found.
    public var canonical: String { MailText.lowercased(text) }
    /// What stands before the `@`.
    public var name: String { String(text.prefix { $0 != "@" }) }
    /// What stands after the `@`.
    public var domain: String { String(text.drop { $0 != "@" }.dropFirst()) }
    public var description: String { text }

    /// Reads an address.
    ///
    /// - Throws: ``MailAccountError`` `invalidAddress`.
    public init(_ text: String) throws(MailAccountError) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, Self.isName(parts[0]), MailText.isHost(String(parts[1])) else {
            throw MailAccountError(
                .invalidAddress, "This is no mail address.",
                remedy: "Write the address alone, a name and a domain: alice@example.com.")
        }
        self.text = text
    }

    private static func isName(_ name: Substring) -> Bool {
        let atoms = name.split(separator: ".", omittingEmptySubsequences: false)
        return name.utf8.count <= 64 && MailText.isLine(String(name), atMost: 64)
            && atoms.allSatisfy { atom in
                !atom.isEmpty
                    && atom.utf8.allSatisfy {
                        MailText.isLetterOrDigit($0) || $0 > 0x7F || "!#$%&'*+-/=?^_`{|}~".utf8.contains($0)
                    }
            }
    }

    /// Equal when the canonical forms are.
    public static func == (left: Self, right: Self) -> Bool { left.canonical == right.canonical }
    public func hash(into hasher: inout Hasher) { hasher.combine(canonical) }
}
