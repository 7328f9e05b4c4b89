import MeshCore

/// The address of a portal account: `alice@example.com` (sessions specification §A2, §B3).
///
/// Addresses are compared without regard to case (platform specification D15): ``canonical`` is what stores and signatures
/// use, ``display`` what the person wrote.
public struct AccountAddress: Hashable, Sendable, CustomStringConvertible {
    /// The address as it was written.
    public let display: String
    /// The part before the `@`, in lower case.
    public let name: String
    /// The part after the `@`, in lower case: the domain of the portal.
    public let domain: String

    /// The address in the form that is stored, compared and signed: lower case.
    public var canonical: String { "\(name)@\(domain)" }
    public var description: String { display }

    /// Reads an address. Whether the portal takes the name is for the portal to say (``AccountNameRules``).
    ///
    /// - Throws: ``PortalError`` `invalidAddress` if it has no single `@` between a name and a domain, or a domain that is
    ///   none.
    public init(_ text: String) throws(PortalError) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, text.utf8.count <= 320,
            !text.unicodeScalars.contains(where: { $0.value <= 0x20 || $0.value == 0x7F })
        else {
            throw PortalError(
                .invalidAddress, "This is no account address.", remedy: "Write a name and a domain: alice@example.com.")
        }
        let domain = parts[1].lowercased()
        let labels = domain.split(separator: ".", omittingEmptySubsequences: false)
        let isDomain = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
        }
        guard isDomain, domain.utf8.count <= 253 else {
            throw PortalError(
                .invalidAddress, "The account address has no domain after the @.",
                remedy: "Write the domain of the portal: alice@example.com.")
        }
        display = text
        name = parts[0].lowercased()
        self.domain = domain
    }

    /// Equal when the canonical forms are.
    public static func == (left: Self, right: Self) -> Bool { left.canonical == right.canonical }
    public func hash(into hasher: inout Hasher) { hasher.combine(canonical) }
}
