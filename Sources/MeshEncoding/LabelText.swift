extension String {
    /// The text as it is compared with the labels that are known somewhere, all of which are shorter than 64 octets: cut off
    /// there, where it equals none of them.
    ///
    /// Swift compares texts as Unicode does, in a time that grows as the square of the number of marks that follow one
    /// letter; so texts of others are not compared whole. See also ``ExactText``.
    package var asLabel: String { utf8.count <= 64 ? self : String(decoding: utf8.prefix(64), as: UTF8.self) }
}
