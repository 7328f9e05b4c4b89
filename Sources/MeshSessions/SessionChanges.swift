import MeshCore

/// What an operation changed, in the order in which it did.
public struct SessionChanges: Sendable, Equatable {
    /// One thing that is different now.
    public struct Change: Sendable, Hashable, CustomStringConvertible {
        /// What kind of thing.
        public enum Subject: String, Sendable {
            case profile, account, device, connection, request, pin, store, share, key, publication, contact, host
        }
        /// What became of it.
        public enum Effect: String, Sendable {
            case created, updated, removed, published, downloaded, accepted, rejected
        }
        public let subject: Subject
        public let effect: Effect
        /// Which one: a fingerprint, an address, the name of a store.
        public let name: String

        public init(_ subject: Subject, _ effect: Effect, _ name: String) {
            self.subject = subject
            self.effect = effect
            self.name = name
        }
        public var description: String { "\(subject.rawValue) \(name): \(effect.rawValue)" }
    }

    /// The changes.
    public private(set) var list: [Change] = []

    /// No change.
    public init() {}

    /// These changes.
    public init(_ list: [Change]) { self.list = list }

    /// Whether nothing is different.
    public var isEmpty: Bool { list.isEmpty }

    /// Adds a change.
    public mutating func note(_ subject: Change.Subject, _ effect: Change.Effect, _ name: String) {
        list.append(Change(subject, effect, name))
    }

    /// Adds the changes of a part of the operation.
    public mutating func note(_ others: SessionChanges) { list += others.list }
}
