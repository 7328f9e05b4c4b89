import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPlatforms
import MeshPortals
import MeshProfiles

/// An export that was opened and verified, except for its containers: those are verified by who reads them.
struct ExportedProfile: Sendable {
    let manifest: ExportManifest
    /// The versions of the profile, the newest last.
    let versions: [VerifiedProfile<ProfileUser>]
    /// The newest version.
    let profile: VerifiedProfile<ProfileUser>
    /// The device of the account by which the machine acted.
    let device: ConnectedDevice?
    let addresses: [AccountAddress]
    let masterSeed: SecretSeed?
    let deviceSeed: SecretSeed?
    let requests: [CatalogedMachine]
    private let archive: Archive

    /// Opens the export in the file called `name`, and verifies it. Blocks.
    ///
    /// - Throws: ``SessionError`` `wrongSecret`, `exportDamaged`; ``PlatformError`` `notFound` and others; `CancellationError`.
    init(_ name: String, in directory: any ContainerDirectory, _ secret: ExportSecret, _ work: TransferWork) throws {
        do {
            try self.init(opening: name, in: directory, secret, work)
        } catch let error as DAREError where [.wrongRecipient, .noRecipients].contains(error.code) {
            throw SessionError(
                .wrongSecret, "The export does not open with this secret.",
                remedy: "Give the secret that was given out with this very file.", cause: error)
        } catch let error as PlatformError where error.code == .corrupt {
            throw Self.damaged("It cannot be read.", error)
        } catch
            where error is DAREError || error is ArchiveError || error is ProfileError || error is UDFError
            || error is PortalError || error is CryptographyError
        {
            throw Self.damaged("A part of it is not what it should be.", error)
        }
    }

    private init(
        opening name: String, in directory: any ContainerDirectory, _ secret: ExportSecret, _ work: TransferWork
    ) throws {
        try Self.verify(name, in: directory, work)
        let keys = SequenceKeys(DecryptionKeys([secret.decryption]))
        guard let archive = try Archive.open(name, in: directory, .read, keys: keys) else { throw Self.absent(name) }
        let reader = PartReader(archive)
        manifest = try reader.manifest(signedBy: secret.signature.publicKey)
        let (profile, device) = (manifest.profile, manifest.device)
        versions = try manifest.versions.map { part in
            try VerifiedProfile<ProfileUser>(verifying: reader.octets(of: part), as: profile)
        }
        guard let newest = versions.last else { throw Self.damaged("It has no version of the profile.") }
        self.profile = newest
        addresses = try manifest.addresses.map { try AccountAddress($0) }
        masterSeed = try manifest.masterKey.map { try reader.seed($0, ProfileUser.self, of: profile) }
        deviceSeed = try manifest.deviceKey.map { key in
            guard let device else { throw Self.damaged("It has the key of a device, and no device.") }
            return try reader.seed(key, ProfileDevice.self, of: device)
        }
        self.device = try manifest.entry.map { members in
            let entry = CatalogedDevice(tag: CatalogedDevice.tags[0], content: members)
            return try ConnectedDevice(verifying: entry, of: newest)
        }
        guard self.device?.udf == device else { throw Self.damaged("Its device is not that of the account.") }
        requests = manifest.pending.map { CatalogedMachine(tag: CatalogedMachine.Kind.pending.rawValue, content: $0) }
        guard requests.allSatisfy({ ConnectionRequest($0)?.profile.udf == profile }) else {
            throw Self.damaged("A request for connection in it is none to this account.")
        }
        if let deviceSeed, let entry = manifest.entry {
            _ = try AccountKeys(
                opening: CatalogedDevice(tag: CatalogedDevice.tags[0], content: entry), of: newest, seed: deviceSeed)
        }
        try reader.requireNothingElse(manifest)
        self.archive = archive
    }

    /// Every octet of the file, as far as it can be verified without knowing what is in it.
    private static func verify(_ name: String, in directory: any ContainerDirectory, _ work: TransferWork) throws {
        let options = SequenceVerificationOptions(
            progress: { done, total in try? work.advance("file", done, of: total, isVerifying: true) },
            isCancelled: { work.isOver })
        guard let report = try SequenceVerifier.verify(name, in: directory, options) else { throw absent(name) }
        guard report.isIntact, report.coversPayloads, report.coversHeaders, report.coversOrder else {
            let fault = report.faults.first.map { "Frame \($0.index) of it: \($0.detail)" }
            throw damaged(fault ?? "Its digests do not cover everything.")
        }
    }

    static func damaged(_ what: String, _ cause: (any Error)? = nil) -> SessionError {
        SessionError(
            .exportDamaged, "This is no export of a profile as it was made. \(what)",
            remedy: "Nothing was changed here. Get the file again from a copy, or export the profile again.",
            cause: cause)
    }

    private static func absent(_ name: String) -> PlatformError {
        PlatformError(.notFound, store: name, "There is no such file.", remedy: "Look whether the path is right.")
    }

    /// Lends the frames of a container, one after the other. Blocks.
    ///
    /// - Throws: ``SessionError`` `exportDamaged`; what `body` throws.
    func frames(of container: ExportManifest.Container, _ body: ([UInt8]) throws -> Void) throws {
        var splitter = FrameSplitter()
        try archive.read(PartReader(archive).file(container.path)) { piece in try splitter.take(piece, body) }
        guard !splitter.isWithinFrame else { throw Self.damaged("\(container.path) in it ends within a frame.") }
    }
}

/// Reads the parts of an export.
private struct PartReader {
    private let archive: Archive
    /// The largest part that is read whole.
    private static let largest = 4 << 20
    private static let largestSeed = 4096

    init(_ archive: Archive) { self.archive = archive }

    func file(_ path: String) throws -> ArchiveFile {
        guard let file = try archive.find(ArchivePath(recorded: path)), !file.isDirectory else {
            throw ExportedProfile.damaged("It lacks its part \(path).")
        }
        return file
    }

    func manifest(signedBy key: PublicKey) throws -> ExportManifest {
        try VerifiedAssertion<ExportManifest>(verifying: whole(file(ExportWriter.manifestPath)), by: key).content
    }

    func octets(of part: ExportManifest.Part) throws -> [UInt8] {
        let octets = try whole(try file(part.path))
        try octets.withUnsafeBytes { try check($0, part) }
        return octets
    }

    func seed<Content: ProfileContent>(
        _ key: ExportManifest.Key, _ type: Content.Type, of udf: UDF
    ) throws -> SecretSeed {
        // The octets never are in memory that is not wiped.
        guard key.part.size <= Self.largestSeed else { throw ExportedProfile.damaged("A key in it is too long.") }
        var place = 0
        var text = SecretBytes(count: key.part.size) { _ in }
        try archive.read(try file(key.part.path)) { piece in
            guard piece.count <= text.count - place else { throw ExportedProfile.damaged("A key in it is too long.") }
            text.withUnsafeMutableBytes { target in
                UnsafeMutableRawBufferPointer(rebasing: target[place...]).copyMemory(from: piece)
            }
            place += piece.count
        }
        try text.withUnsafeBytes { try check($0, key.part) }
        let seed = try SecretSeed(parsing: text)
        guard key.udf == udf, seed.specifier == type.seedType, try type.key(.profile, from: seed).publicKey.udf == udf
        else { throw ExportedProfile.damaged("A key in it is not that of \(udf).") }
        return seed
    }

    private func check(_ octets: UnsafeRawBufferPointer, _ part: ExportManifest.Part) throws(SessionError) {
        guard ExportManifest.Part(part.path, octets) == part else {
            throw ExportedProfile.damaged("Its part \(part.path) is another one.")
        }
    }

    private func whole(_ file: ArchiveFile) throws -> [UInt8] {
        guard file.storedSize <= Self.largest else { throw ExportedProfile.damaged("A part of it is too large.") }
        var content: [UInt8] = []
        try archive.read(file) { content.append(contentsOf: $0) }
        return content
    }

    /// What the manifest does not name is not of the export.
    func requireNothingElse(_ manifest: ExportManifest) throws {
        let named =
            manifest.versions.map(\.path) + [manifest.masterKey, manifest.deviceKey].compactMap { $0?.part.path }
            + manifest.containers.map(\.container.path) + [ExportWriter.manifestPath]
        guard try archive.problems.isEmpty, Set(try archive.files().map(\.path.text)) == Set(named) else {
            throw ExportedProfile.damaged("It has parts that its manifest does not name.")
        }
    }
}
