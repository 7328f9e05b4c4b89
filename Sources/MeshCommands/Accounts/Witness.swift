import MeshSessions

/// A witness, as a person gives it: letter case, dashes and blanks do not count, everything else does, all of it.
struct Witness: Equatable {
    private let letters: String

    init(_ text: String) { letters = text.uppercased().filter { $0 != "-" && !$0.isWhitespace } }

    /// The request among `pending` that has exactly this witness.
    ///
    /// - Throws: ``WitnessError`` if none has: also for the beginning of one.
    func request(in pending: [PendingConnection]) throws(WitnessError) -> PendingConnection {
        if let found = pending.first(where: { Witness($0.witness) == self }) { return found }
        let isBeginning = pending.contains { self.isBeginning(of: $0.witness) }
        throw WitnessError(isBeginning: isBeginning && !letters.isEmpty)
    }

    /// Whether `text` begins so.
    func isBeginning(of text: String) -> Bool { Witness(text).letters.hasPrefix(letters) }
}
