import MeshCryptography

/// Whose messages may change the states of others.
public struct SpoolStateRule: Sendable {
    private let check: @Sendable (DAREEnvelope) -> Bool

    /// Those that `check` says yes to, which is given the envelope they came in.
    public init(_ check: @escaping @Sendable (DAREEnvelope) -> Bool) { self.check = check }

    /// Those that one of `keys` has signed: the keys of the person's own devices.
    public static func signed(by keys: [PublicKey]) -> SpoolStateRule {
        SpoolStateRule { envelope in (try? envelope.verify(by: keys, rule: .any)) != nil }
    }

    /// All: only for a spool that nobody else can put messages into.
    public static let anyone = SpoolStateRule { _ in true }

    func allows(_ envelope: DAREEnvelope) -> Bool { check(envelope) }
}
