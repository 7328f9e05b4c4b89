import MeshCore
import MeshCryptography
import MeshDARE

/// The keys to an account's stores, lent for as long as somebody works with them.
struct StoreKeys: Sendable {
    /// The account.
    let account: UDF
    /// The key that the stores are sealed to, and opened with.
    let encryption: PrivateKey
    /// The device's key, which signs the runs of frames it makes.
    let signature: PrivateKey

    /// What is kept where.
    enum Kind {
        /// The changes that wait.
        case outbox
        /// A store of the account.
        case store(StoreName)
    }

    /// How a container of the account is made and read.
    func options(_ kind: Kind, clock: any MeshClock, random: any RandomSource) -> CatalogOptions {
        var options = CatalogOptions()
        options.clock = clock
        options.random = random
        options.keys = SequenceKeys(DecryptionKeys([encryption]))
        options.policy = Self.policy(kind, encryption.publicKey)
        if case .store = kind { options.wholeRuns = true }
        return options
    }

    /// The policy that a container of the account is made with: what the portal has to read is plain, the rest is sealed once,
    /// in frame 0, to the account's key (`schema-08` §5: Access, Publication, Device and Member are read by the service).
    static func policy(_ kind: Kind, _ key: PublicKey) -> SequencePolicy {
        switch kind {
        case .store(.device), .store(.access), .store(.publication), .store(.member): .plain
        default: SequencePolicy(encryption: .once, algorithm: .a256GCM, recipients: [key])
        }
    }

    /// What the signatures of a store's runs are for.
    func scope(_ store: StoreName) -> RunScope { RunScope(account: account, store: store.containerName) }
}

extension StoreName {
    /// What the store is called in messages and run signatures: the file's name without its extension.
    public var containerName: String { "MMM_\(rawValue)" }

    /// Whether only administrators change it: what it says decides who may do what.
    var isForAdministrators: Bool { [.device, .access, .member, .publication].contains(self) }

    /// The store that messages call `containerName`.
    public init?(containerName: String) {
        guard containerName.hasPrefix("MMM_") else { return nil }
        self.init(rawValue: String(containerName.dropFirst(4)))
    }
}
