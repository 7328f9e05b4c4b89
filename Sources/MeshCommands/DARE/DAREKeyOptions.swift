import ArgumentParser
import MeshCore
import MeshCryptography
import MeshDARE
import MeshPlatforms
import MeshSessions

/// Which profile's keys are used. Secrets are never arguments: they come out of the key store, or out of a file.
struct ProfileOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The profile whose keys are used: fingerprint, the beginning of one, name or account; without it the default one."
        ))
    var profile: String?
}

/// What sealed content is opened with.
struct OpeningKeys: ParsableArguments {
    @Option(
        name: .customLong("key-file"),
        help: ArgumentHelp(
            "Open with the private keys in this file, which must be yours alone (can be repeated). Without it, the keys of your "
                + "profile and of this device are taken from the key store.", valueName: "file"))
    var keyFiles: [String] = []

    /// The keys. The key store is asked for them only if no file is given.
    ///
    /// - Parameter needsKeys: whether there is anything to open.
    func keys(_ shared: SharedOptions, _ profile: ProfileOption, needsKeys: Bool = true) async throws -> DecryptionKeys
    {
        if !keyFiles.isEmpty {
            let files = keyFiles
            return DecryptionKeys(
                try await DAREWork.run("reading keys") { _ in try files.flatMap { try PrivateKeyFile.keys(in: $0) } })
        }
        guard needsKeys else { return .none }
        let session = MeshSession(try await shared.openKeys().platform)
        var keys: [PrivateKey] = []
        do {
            keys.append(try await session.personalSession(profile.profile).privateKey(.encrypt))
        } catch let error as PlatformError where error.code == .notFound && profile.profile == nil {
            // Nobody has a profile here: perhaps the device can open it.
        }
        do {
            keys.append(try await session.privateKey(.encrypt, of: session.device()))
        } catch let error as PlatformError where error.code == .notFound {
            // There is no device either.
        }
        return DecryptionKeys(keys)
    }
}

/// To whom content is sealed.
struct RecipientOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Encrypt to this profile or device on this machine: fingerprint, the beginning of one, name or account (can be "
                + "repeated).", valueName: "profile"))
    var to: [String] = []
    @Option(
        help: ArgumentHelp(
            "Encrypt to the public keys in this file: a signed profile, or JSON with PublicKeyECDH (can be repeated).",
            valueName: "file"))
    var toKey: [String] = []

    var isEmpty: Bool { to.isEmpty && toKey.isEmpty }

    /// The recipients' keys.
    func keys(_ shared: SharedOptions) async throws -> [PublicKey] {
        let console = try CommandEnvironment.required.console
        let files = toKey
        var keys = try await DAREWork.run("reading keys") { _ in
            try files.flatMap { try PublicKeyFile.keys(in: $0, for: .encryption, console) }
        }
        guard !to.isEmpty else { return keys }
        let session = MeshSession(try await shared.open().platform)
        for name in to {
            keys.append(
                try await session.publicKey(of: name, for: .encryption))
        }
        return keys
    }
}

/// Who must have signed.
struct SignerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Demand a signature of this profile or device on this machine (can be repeated).", valueName: "profile"))
    var from: [String] = []
    @Option(
        help: ArgumentHelp(
            "Demand a signature by the keys in this file: a signed profile, or JSON with PublicKeyECDH (can be repeated).",
            valueName: "file"))
    var fromKey: [String] = []

    /// Whether a signature is asked for at all.
    var isGiven: Bool { !from.isEmpty || !fromKey.isEmpty }

    /// The signers' keys.
    func keys(_ shared: SharedOptions) async throws -> [PublicKey] {
        let console = try CommandEnvironment.required.console
        let files = fromKey
        var keys = try await DAREWork.run("reading keys") { _ in
            try files.flatMap { try PublicKeyFile.keys(in: $0, for: .signature, console) }
        }
        guard !from.isEmpty else { return keys }
        let session = MeshSession(try await shared.open().platform)
        for name in from {
            keys.append(try await session.publicKey(of: name, for: .signature))
        }
        return keys
    }
}

/// Who signs.
struct SigningOptions: ParsableArguments {
    @Flag(help: "Sign with the signature key of your profile.") var sign = false
    @Option(
        help: ArgumentHelp(
            "Sign with the first private key in this file that can sign. The file must be yours alone.",
            valueName: "file"))
    var signKey: String?

    /// Whether anybody is to sign.
    var isGiven: Bool { sign || signKey != nil }

    /// The signers' private keys.
    func keys(_ shared: SharedOptions, _ profile: ProfileOption) async throws -> [PrivateKey] {
        var keys: [PrivateKey] = []
        if let file = signKey {
            let found = try await DAREWork.run("reading keys") { _ in try PrivateKeyFile.keys(in: file) }
            guard let key = found.first(where: { $0.algorithm.canSign }) else {
                throw PlatformError(.invalidArgument, store: file, "It has no private key that can sign.")
            }
            keys.append(key)
        }
        if sign {
            let session = MeshSession(try await shared.openKeys().platform)
            keys.append(try await session.personalSession(profile.profile).privateKey(.sign))
        }
        return keys
    }
}
