/// A DNS name as locators and strong internet names carry it: letters, digits and dashes, and no address in its place.
public struct DomainName: Hashable, Sendable, CustomStringConvertible {
    /// The name in lower case, without a dot at the end.
    public let description: String

    /// Reads a name.
    ///
    /// - Throws: ``LocatorError`` `invalidDomain` for an empty name or label, one that is too long (253 and 63 octets), any
    ///   other character (so also user information, a port, an IPv6 address), and an IPv4 address.
    public init(_ text: String) throws(LocatorError) {
        var octets = Array(text.utf8).map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }
        if octets.last == 0x2E { octets.removeLast() }
        let labels = octets.split(separator: 0x2E, omittingEmptySubsequences: false)
        let areValid = labels.allSatisfy { label in
            (1...63).contains(label.count) && label.first != 0x2D && label.last != 0x2D
                && label.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
        }
        // A name whose last label is a number, or starts like one in hexadecimal, would be read as an IPv4 address.
        let isAddress = labels.last.map { last in
            last.allSatisfy { (0x30...0x39).contains($0) } || last.starts(with: [0x30, 0x78])
        }
        guard areValid, isAddress == false, octets.count <= 253 else {
            throw LocatorError(
                .invalidDomain, "The address does not have a DNS name where it must have one.",
                remedy: "Use a name such as example.com, without user, port or IP address.")
        }
        description = String(decoding: octets, as: UTF8.self)
    }
}
