extension EntryVersion {
    /// The version as a text that ``init(token:)`` reads, for a program that keeps it between two runs, or is in another language.
    public var token: String { "\(frame.map(String.init) ?? ""):\(change ?? "")" }

    /// Reads a ``token``; nil for a text that is none.
    public init?(token: String) {
        guard let colon = token.firstIndex(of: ":") else { return nil }
        let (first, second) = (token[..<colon], token[token.index(after: colon)...])
        let frame = Int(first)
        guard first.isEmpty || frame.map({ $0 >= 0 && String($0) == first }) == true, !(first.isEmpty && second.isEmpty)
        else { return nil }
        self.init(frame: frame, change: second.isEmpty ? nil : String(second))
    }
}
