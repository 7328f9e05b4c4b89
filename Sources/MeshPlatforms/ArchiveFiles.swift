import MeshCore

/// A tree of files that an archive is made of. Every call blocks.
///
/// Links are never followed, neither at the top nor below.
public protocol ArchiveSource: AnyObject {
    /// Visits everything in the tree in the order of its names, a directory before what is in it. What is neither a plain
    /// file nor a directory is visited as such, with no way to read it.
    ///
    /// - Throws: what `body` throws; ``PlatformError`` `accessDenied`, `changedUnderneath`, `inputOutput`.
    func visit(_ body: (ArchiveSourceFile) throws -> Void) throws
}

/// Something in an ``ArchiveSource``.
public struct ArchiveSourceFile {
    /// What it is.
    public enum Kind: Hashable, Sendable {
        /// A plain file.
        case file
        /// A directory.
        case directory
        /// Something else, in words: "a symbolic link".
        case other(String)
    }

    /// The names that lead to it from the top of the tree, its own last.
    public let parts: [String]
    /// What it is.
    public let kind: Kind
    /// What is kept of it besides its content.
    public let attributes: ArchiveFileAttributes
    /// The size in octets, as the system tells it.
    public let size: Int
    private let reader: (Int, UnsafeMutableRawBufferPointer) throws -> Int

    /// A visited thing.
    ///
    /// - Parameter reader: fills the buffer from an offset on and returns how many octets there were, fewer than the
    ///   buffer takes only where the file ends. Only called while the thing is visited.
    public init(
        parts: [String], kind: Kind, attributes: ArchiveFileAttributes, size: Int,
        reader: @escaping (Int, UnsafeMutableRawBufferPointer) throws -> Int
    ) {
        self.parts = parts
        self.kind = kind
        self.attributes = attributes
        self.size = size
        self.reader = reader
    }

    /// Reads octets from `offset` on into `buffer`; returns how many, fewer than asked only where the file ends.
    public func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try reader(offset, buffer)
    }
}

/// What an archive keeps of a file besides its content. Owners and the rights of others are not among it.
public struct ArchiveFileAttributes: Hashable, Sendable {
    /// When the file was made, if that is known.
    public var created: Timestamp?
    /// When it was last read.
    public var accessed: Timestamp?
    /// When its content was last changed.
    public var modified: Timestamp?
    /// Whether its owner may not change it.
    public var isReadOnly: Bool
    /// Whether its owner may run it.
    public var isExecutable: Bool

    /// Attributes; by default none are known.
    public init(
        created: Timestamp? = nil, accessed: Timestamp? = nil, modified: Timestamp? = nil, isReadOnly: Bool = false,
        isExecutable: Bool = false
    ) {
        self.created = created
        self.accessed = accessed
        self.modified = modified
        self.isReadOnly = isReadOnly
        self.isExecutable = isExecutable
    }
}

/// A new directory into which an archive is extracted. Every call blocks.
///
/// Nothing is seen under its name before ``commit()``; given up without it, what was written is removed, at once or, if
/// the process dies, by a later one.
public protocol ArchiveDestination: AnyObject {
    /// Makes the directory that `parts` lead to, and those above it. It may be there already.
    func makeDirectory(_ parts: [String]) throws
    /// Makes a file, and the directories above it; the name must be free. Links are not followed.
    ///
    /// - Parameter write: writes the content, piece after piece, with the function it is given.
    func makeFile(
        _ parts: [String], attributes: ArchiveFileAttributes,
        write: (_ append: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws
    /// Makes everything durable and gives the directory its name, replacing nothing.
    ///
    /// - Throws: ``PlatformError`` `alreadyExists`, `noSpace`, `inputOutput`.
    func commit() throws
    /// Removes what was written.
    func abandon()
}
