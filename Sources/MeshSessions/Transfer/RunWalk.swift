import MeshCore
import MeshDARE
import MeshEncoding
import MeshProfiles

/// Goes through the frames of a copy of one of the account's stores, from the first on, and verifies its runs.
struct RunWalk {
    private let store: StoreName
    private var verifier: RunVerifier
    /// The frames after the last complete run.
    private var frames: [[UInt8]] = []
    /// Who may sign; of the device catalog, as far as the walk has come.
    private(set) var book: DeviceBook

    /// - Parameter book: the devices of the account; for the device catalog itself it starts with none.
    init(_ store: StoreName, of account: VerifiedProfile<ProfileUser>, _ book: DeviceBook) {
        self.store = store
        self.book = store == .device ? DeviceBook(account) : book
        verifier = RunVerifier(RunScope(account: account.udf, store: store.containerName))
    }

    /// How far complete runs go.
    var covered: FrameRunState { verifier.covered }
    /// Whether frames were taken that belong to no complete run.
    var isWithinRun: Bool { !frames.isEmpty }

    /// Takes the next frame.
    ///
    /// - Returns: the frames of the run that it completes; nil if it completes none.
    /// - Throws: ``ReplicaError``; ``DAREError`` `malformed`.
    mutating func take(_ frame: [UInt8]) throws -> [[UInt8]]? {
        frames.append(frame)
        let (taken, book, start) = (frames, book, verifier.covered.count)
        func content(_ index: Int) throws -> [UInt8] { try SequenceFrame.payload(ofVerbatim: taken[index - start]) }
        guard let run = try verifier.take(frame, signer: { try book.key(for: $0, of: store, content: content) }) else {
            return nil
        }
        if store == .device { try self.book.follow(run, content: content) }
        frames = []
        return taken
    }
}

/// Divides octets that come in pieces into the frames that they are.
struct FrameSplitter {
    /// The most octets of a frame that is read.
    static let largestFrame = 1 << 28
    private var rest: [UInt8] = []

    /// Whether the octets end within a frame.
    var isWithinFrame: Bool { !rest.isEmpty }

    /// Takes the next piece, and gives the frames that it completes to `body`.
    ///
    /// - Throws: ``SessionError`` `exportDamaged` for what is no frame; what `body` throws.
    mutating func take(_ piece: UnsafeRawBufferPointer, _ body: ([UInt8]) throws -> Void) throws {
        rest.append(contentsOf: piece)
        var place = 0
        while let size = try size(at: place), size <= rest.count - place {
            try body(Array(rest[place..<place + size]))
            place += size
        }
        rest.removeFirst(place)
    }

    /// The size of the frame that begins there; nil if its head is not there yet.
    private func size(at place: Int) throws -> Int? {
        let head = Array(rest[place...].prefix(JBCDFrame.largestHead))
        let extent: JBCDFrame.Extent
        do throws(JBCDError) {
            extent = try head.withUnsafeBufferPointer { (octets) throws(JBCDError) in
                try JBCDFrame.frameHead(UnsafeRawBufferPointer(octets))
            }
        } catch {
            if error.code == .truncated, head.count < JBCDFrame.largestHead { return nil }
            throw ExportedProfile.damaged("A container in it is no sequence of frames.", error)
        }
        guard extent.frameSize <= Self.largestFrame else {
            throw ExportedProfile.damaged("A container in it has a frame of \(extent.frameSize) octets.")
        }
        return extent.frameSize
    }
}
