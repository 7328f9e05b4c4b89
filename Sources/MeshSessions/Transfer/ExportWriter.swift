import MeshCore
import MeshCryptography
import MeshDARE
import MeshPlatforms
import MeshProfiles

/// Writes the export of a profile. Every call blocks.
struct ExportWriter {
    /// A private seed.
    struct Seed: Sendable {
        let udf: UDF
        let text: SharedSecret
        let item: KeyItem
    }

    /// The small parts.
    struct Parts: Sendable {
        var versions: [[UInt8]] = []
        var masterKey: Seed?
        var deviceKey: Seed?
    }

    static let manifestPath = "manifest.json"

    private let archive: Archive
    private let secret: ExportSecret
    private let profile: VerifiedProfile<ProfileUser>
    private let platform: any MeshPlatform
    private let work: TransferWork

    /// Makes the file.
    init(
        _ name: String, in directory: any ContainerDirectory, _ secret: ExportSecret,
        of profile: VerifiedProfile<ProfileUser>, on platform: any MeshPlatform, _ work: TransferWork
    ) throws {
        archive = try Archive.create(
            name, in: directory,
            policy: SequencePolicy(
                encryption: .once, algorithm: .a256GCM, recipients: [secret.decryption.publicKey]),
            keys: SequenceKeys(DecryptionKeys([secret.decryption])), random: platform.random)
        self.secret = secret
        self.profile = profile
        self.platform = platform
        self.work = work
    }

    /// Writes everything, the manifest last: what has none is no export.
    func write(
        _ begun: ExportManifest, _ parts: Parts
    ) throws -> (manifest: ExportManifest, unsent: Int) {
        var manifest = begun
        for (number, version) in parts.versions.enumerated() {
            manifest.versions.append(
                try version.withUnsafeBytes { try add("profile/\(number + 1).json", $0) })
        }
        manifest.masterKey = try parts.masterKey.map { try add("keys/profile", $0) }
        manifest.deviceKey = try parts.deviceKey.map { try add("keys/device", $0) }
        var unsent = 0
        if let directory = try platform.containers.directory(of: profile.udf, create: false) {
            var book = DeviceBook(profile)
            // What is sent meanwhile is then in both, and not in neither: the outbox comes after the stores. The device catalog
            // says who may have signed the others.
            let kept = StoreName.written(in: try directory.names())
            for store in [StoreName.device] + kept.filter({ $0 != .device }) {
                guard let container = try add(store, in: directory, &book) else { continue }
                manifest.stores.append((store, container))
            }
            (manifest.outbox, unsent) = try addOutbox(in: directory)
        }
        let signed = try VerifiedAssertion(signing: manifest, by: secret.signature, created: manifest.made)
        _ = try signed.signed.withUnsafeBytes { try add(Self.manifestPath, $0) }
        try archive.synchronize()
        return (manifest, unsent)
    }

    // MARK: Small parts

    private func add(_ path: String, _ seed: Seed) throws -> ExportManifest.Key {
        ExportManifest.Key(
            udf: seed.udf, part: try seed.text.bytes.withUnsafeBytes { try add(path, $0) }, account: seed.item.account)
    }

    private func add(_ path: String, _ octets: UnsafeRawBufferPointer) throws -> ExportManifest.Part {
        try work.advance("profile", 0, of: octets.count)
        var place = 0
        try archive.add(
            ArchivePath(recorded: path), size: octets.count, attributes: attributes, replaces: false,
            durability: .atClose
        ) { buffer in
            let count = min(buffer.count, octets.count - place)
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: octets[place..<place + count]))
            place += count
            return count
        }
        return ExportManifest.Part(path, octets)
    }

    private var attributes: ArchiveFileAttributes { ArchiveFileAttributes(modified: platform.clock.now) }

    // MARK: Containers

    /// Verifies the copy of a store, and adds it as far as it goes now.
    private func add(
        _ store: StoreName, in directory: any ContainerDirectory, _ book: inout DeviceBook
    ) throws -> ExportManifest.Container? {
        guard let sequence = try DARESequence.open(store.fileName, in: directory, wholeRuns: true) else { return nil }
        let end = try sequence.runState()
        var walk = RunWalk(store, of: profile, book)
        var done = 0
        try forEachPage(of: sequence, upTo: end) { page in
            for frame in page {
                _ = try walk.take(frame)
                done += frame.count
            }
            try work.advance(store.rawValue, done, of: end.octets, isVerifying: true)
        }
        if store == .device { book = walk.book }
        return try add(sequence, upTo: walk.covered, as: store.rawValue, path: "stores/\(store.fileName)")
    }

    private func addOutbox(in directory: any ContainerDirectory) throws -> (ExportManifest.Container?, Int) {
        guard let catalog = try Catalog.open(Outbox.fileName, in: directory) else { return (nil, 0) }
        let unsent = try catalog.count
        let sequence = try catalog.sequence
        let container = try add(sequence, upTo: sequence.runState(), as: "outbox", path: "stores/\(Outbox.fileName)")
        return (container, unsent)
    }

    private func add(
        _ sequence: DARESequence, upTo end: FrameRunState, as part: String, path: String
    ) throws -> ExportManifest.Container? {
        guard end.count > 0 else { return nil }
        var next = 0
        var page: [UInt8] = []
        var place = 0
        var done = 0
        try archive.add(
            ArchivePath(recorded: path), size: end.octets, attributes: attributes, replaces: false,
            durability: .atClose
        ) { buffer in
            if place == page.count {
                let frames = try sequence.frameOctets(from: next, limit: end.count - next, octets: Self.pageSize)
                next += frames.count
                page = Array(frames.joined())
                place = 0
            }
            let count = min(buffer.count, page.count - place)
            buffer.copyBytes(from: page[place..<place + count])
            place += count
            done += count
            try work.advance(part, done, of: end.octets)
            return count
        }
        return ExportManifest.Container(path: path, size: end.octets, point: HistoryPoint(end))
    }

    private static let pageSize = 1 << 18

    private func forEachPage(
        of sequence: DARESequence, upTo end: FrameRunState, _ body: ([[UInt8]]) throws -> Void
    ) throws {
        var next = 0
        while next < end.count {
            let frames = try sequence.frameOctets(from: next, limit: end.count - next, octets: Self.pageSize)
            guard !frames.isEmpty else { return }
            next += frames.count
            try body(frames)
        }
    }
}
