import MeshCore
import MeshDARE
import MeshFiles
import MeshPlatforms

/// The archive of a profile: a DARE sequence with one frame for each accepted version, oldest first (platform specification
/// §14).
///
/// Frames have digests and check values, so that a damaged version is found and named. Versions behind damage are found
/// from the end.
struct ProfileArchive {
    /// What the first frame says it is.
    static let contentType = "application/mmm-profile-archive"

    /// The versions, and nil for one that is damaged.
    private(set) var versions: [[UInt8]?] = []
    /// The number of the first version that is not as it was written; 0 is what stands before them; nil: all are.
    private(set) var firstDamaged: Int?
    /// Whether a writer that was killed has left something behind the last version.
    private(set) var isTorn = false

    /// Reads the archive called `name`; nil if it is not there.
    ///
    /// - Throws: ``PlatformError`` `corrupt` if it does not begin as an archive does.
    init?(_ name: String, in directory: any ContainerDirectory) throws {
        guard let salvage = try SequenceSalvage(name, in: directory) else { return nil }
        for (number, piece) in salvage.pieces.enumerated() {
            switch piece {
            case .frame(let frame) where number == 0 && frame.index == 0:
                if !frame.isIntact { note(0) }
            case .frame(let frame):
                versions.append(frame.payload)
                if !frame.isIntact { note(versions.count) }
            case .damage(let damage) where damage.isTorn && number > 0:
                isTorn = true
            case .damage:
                // What stands in the place of the first frame is no version.
                if number > 0 { versions.append(nil) }
                note(versions.count)
            }
        }
        if salvage.pieces.isEmpty { note(0) }
    }

    private mutating func note(_ version: Int) { firstDamaged = firstDamaged ?? version }

    /// Appends a version, durably; makes the archive if it is not there. A tail that a killed writer left is cut off.
    ///
    /// - Throws: ``PlatformError`` `noSpace`, `readOnly`, `inputOutput`, `corrupt`.
    static func append(_ version: [UInt8], to name: String, in directory: any ContainerDirectory) throws {
        // A version that was whole once is not to be taken for what a killed writer left.
        if try SequenceSalvage.endsInFrame(name, in: directory) == false,
            let archive = try ProfileArchive(name, in: directory), !archive.isTorn
        {
            throw damaged(archive.versions.count, "\(directory.path)/\(name)")
        }
        do {
            let sequence = try DARESequence.open(name, in: directory) ?? create(name, in: directory)
            try sequence.append(FrameContent(version), durability: .record)
        } catch let error as DAREError {
            throw PlatformError(
                .corrupt, store: "\(directory.path)/\(name)", "The archive cannot be appended to.",
                remedy: "Restore it from a backup, or move it away; the latest profile does not need it.", cause: error)
        }
    }

    /// Version `number` of the archive at `path` is damaged.
    static func damaged(_ number: Int, _ path: String) -> PlatformError {
        PlatformError(
            .corrupt, store: path,
            number > 0 ? "Version \(number) in the archive is damaged." : "The archive does not begin as one does.",
            remedy: "Restore the file from a backup, or move it away; the latest profile does not need it.")
    }

    private static func create(_ name: String, in directory: any ContainerDirectory) throws -> DARESequence {
        var meta = ContentMeta()
        meta.contentType = contentType
        return try DARESequence.create(name, in: directory, SequenceOptions(.chain, meta: meta))
    }
}
