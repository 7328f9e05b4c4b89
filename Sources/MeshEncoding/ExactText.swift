import Glibc

/// A text that equals another only if its octets do, as names in JSON and keys of catalogs are compared.
///
/// Swift's own comparison holds texts to be equal that Unicode does (`\u{212A}` and `K`), and takes a time that grows as the
/// square of the number of marks that follow one letter: hours for a name of some megabytes.
package struct ExactText: Hashable, Sendable {
    package let text: String

    package init(_ text: String) { self.text = text }

    @inline(__always)
    package static func == (left: ExactText, right: ExactText) -> Bool { left.text.hasOctets(of: right.text) }

    @inline(__always)
    package func hash(into hasher: inout Hasher) {
        hasher.combine(text.utf8.count)
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension String {
    /// Whether both texts have the same octets.
    @inline(__always)
    package func hasOctets(of other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        var (left, right) = (self, other)
        return left.withUTF8 { left in
            right.withUTF8 { right in
                guard let start = left.baseAddress, let other = right.baseAddress else { return true }
                // Both have as many octets as are compared.
                return memcmp(start, other, left.count) == 0
            }
        }
    }
}
