/// Words of a peer, made fit to be shown.
public enum PortalText {
    /// At most `limit` characters of `text`, without any that cannot be seen, change the direction of others or the line; nil
    /// if nothing is left.
    public static func shown(_ text: String?, limit: Int = 200) -> String? {
        guard let text else { return nil }
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(limit) {
            switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
                shown.append(" ")
            case _ where scalar.properties.isDefaultIgnorableCodePoint: continue
            default: shown.append(scalar)
            }
        }
        let words = String(shown).split(separator: " ").joined(separator: " ")
        return words.isEmpty ? nil : words
    }
}
