import Glibc
import MeshCore
import MeshHomeDirectory
import MeshKeyFiles
import MeshPlatforms
import MeshRegistry

#if SecretService
    import MeshSecretService
#endif

/// Linux, from where the guide's programs start: `MeshLinux.initialize()`.
public enum MeshLinux {
    /// The members of the process's environment that choose home directory, key store and bus.
    public static var processEnvironment: [String: String] {
        var environment = HomePaths.processEnvironment
        for name in [KeyStoreSelection.variable, busVariable] {
            if let value = getenv(name) { environment[name] = String(cString: value) }
        }
        return environment
    }

    private static let busVariable = "DBUS_SESSION_BUS_ADDRESS"

    /// Opens this machine.
    ///
    /// The key store is chosen in this order: `keyStore`, `MESH_KEYSTORE`, the store pinned in the registry, the first safe
    /// one that answers. A store that was named and cannot be used is an error, and so is having none: nothing weaker is
    /// taken in its place.
    ///
    /// - Parameters:
    ///   - test: the name of a test, whose data are kept apart and can be erased; nil for a person's own data.
    ///   - keyStore: `secret-service`, `files` or `files-clear`.
    ///   - environment: the environment of the process, if not the real one.
    ///   - passphrase: who is asked for the passphrase of key files.
    ///   - needsKeys: if false, a machine without a usable key store is opened all the same: what needs no key works, and
    ///     each call of the key store throws the reason.
    /// - Throws: ``PlatformError`` `noUsableKeyStore` with every candidate and why not, `storeChanged`, and what opening the
    ///   chosen store throws. Ends within the deadline of the stores (2 s each).
    public static func initialize(
        test: TestName? = nil, keyStore: String? = nil,
        environment: [String: String] = processEnvironment, passphrase: (any PassphraseProvider)? = nil,
        needsKeys: Bool = true
    ) async throws -> LinuxPlatform {
        try await initialize(
            mode: test.map { .test($0) } ?? .production, keyStore: keyStore, environment: environment,
            passphrase: passphrase, needsKeys: needsKeys)
    }

    /// As ``initialize(test:keyStore:environment:passphrase:needsKeys:)``, for a mode that is only known when the program runs.
    public static func initialize(
        mode: PlatformMode, keyStore: String? = nil,
        environment: [String: String] = processEnvironment, passphrase: (any PassphraseProvider)? = nil,
        needsKeys: Bool = true
    ) async throws -> LinuxPlatform {
        let home = try HomeDirectory(mode: mode, environment: environment)
        let registry = JSONRegistry(mode: mode, path: home.path) { try home.root(create: $0) }
        let selection = KeyStoreSelection(candidates(home: home, environment: environment, passphrase: passphrase))
        do {
            let selected = try await selection.select(explicit: keyStore, environment: environment, registry: registry)
            return LinuxPlatform(home: home, keys: selected.store, registry: registry, keyStoreReason: selected.reason)
        } catch let error as PlatformError where !needsKeys && error.code != .invalidArgument {
            return LinuxPlatform(home: home, keys: UnavailableKeyStore(error), registry: registry)
        }
    }

    /// The key stores of this machine, the most preferred first.
    public static func candidates(
        home: HomeDirectory, environment: [String: String] = processEnvironment,
        passphrase: (any PassphraseProvider)? = nil
    ) -> [KeyStoreCandidate] {
        var candidates: [KeyStoreCandidate] = []
        #if SecretService
            candidates.append(
                KeyStoreCandidate(name: SecretServiceKeyStore.name, isAutomatic: true) {
                    var options = SecretServiceKeyStore.Options()
                    options.busAddress = environment[busVariable]
                    return try await SecretServiceKeyStore.open(mode: home.mode, options: options)
                })
        #endif
        candidates += KeyFileStore.candidates(
            mode: home.mode, path: home.path, directory: { try home.root(create: $0) }, provider: passphrase)
        return candidates
    }
}
