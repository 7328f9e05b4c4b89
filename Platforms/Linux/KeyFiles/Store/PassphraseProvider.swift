import MeshCore
import MeshPlatforms

/// What a passphrase is asked for.
public struct PassphraseRequest: Hashable, Sendable {
    /// Why it is needed.
    public enum Purpose: Hashable, Sendable {
        /// To open a store that is sealed. Ask once.
        case unlock
        /// To seal a new store. Ask twice: nobody can open it if it was mistyped.
        case create
        /// To seal a store anew. Ask twice.
        case change
    }

    /// Why it is needed.
    public var purpose: Purpose
    /// The store, by its name.
    public var store: String
    /// The directory that holds the keys.
    public var directory: String

    /// A request for `purpose` of `store` in `directory`.
    public init(_ purpose: Purpose, store: String, directory: String) {
        self.purpose = purpose
        self.store = store
        self.directory = directory
    }
}

/// Where a passphrase comes from: a terminal, a window, standard input, a test.
///
/// Asked at most once per unlocking, and never while another question of the same store is open. The task is cancelled
/// when nobody waits for the answer any more; an implementation should then take its question back.
public protocol PassphraseProvider: Sendable {
    /// Whether asking shows something to a person. If not, it may be asked wherever prompts are not allowed.
    var isInteractive: Bool { get }

    /// The passphrase, in whatever encoding, not empty; nil if the person does not give one.
    ///
    /// - Throws: a ``PlatformError`` `promptImpossible` if nobody can be asked; other errors are taken for that.
    func passphrase(for request: PassphraseRequest) async throws -> SecretBytes?
}

/// A passphrase that is known from the start.
public struct GivenPassphrase: PassphraseProvider {
    private let secret: SharedSecret

    /// Gives `secret` whenever asked.
    public init(_ secret: SharedSecret) { self.secret = secret }

    public var isInteractive: Bool { false }

    public func passphrase(for request: PassphraseRequest) async throws -> SecretBytes? { secret.bytes.duplicate() }
}

/// A passphrase that a person is asked for.
public struct PassphrasePrompt: PassphraseProvider {
    private let ask: @Sendable (PassphraseRequest) async throws -> SecretBytes?

    /// Asks by `ask`, which answers as ``PassphraseProvider/passphrase(for:)`` does.
    public init(_ ask: @escaping @Sendable (PassphraseRequest) async throws -> SecretBytes?) { self.ask = ask }

    public var isInteractive: Bool { true }

    public func passphrase(for request: PassphraseRequest) async throws -> SecretBytes? { try await ask(request) }
}
