import MeshDARE

extension StoreName {
    /// The right by which a device reads the store; nil for those that the portal reads, too, and only administrators write: it
    /// acts by what they say (`schema-08` §5).
    public var right: Right? {
        switch self {
        case .device, .access, .publication, .member: nil
        case .local: .administrator
        case .inbound, .outbound, .archive: .messages
        case .credential: .web
        case .network: .network
        case .ssh: .ssh
        case .mail: .mail
        case .application, .bookmark, .callsign, .contact, .task: .member
        case .shared(let name): Right(rawValue: name.readers)
        }
    }

    /// The right by which a device writes the store, if it may read it.
    public var writersRight: Right {
        if case .shared(let name) = self { Right(rawValue: name.writers) } else { right ?? .administrator }
    }

    /// The rights that a device needs, all of them, to write the store.
    public var rightsToWrite: [Right] { ((right.map { [$0] } ?? []) + [writersRight]).unique }

    /// The store in which applications keep what devices with the right `readers` read, and those with `writers` besides write;
    /// nil if there is none: for ``Right/threshold``, and names that are no right's.
    public static func ofApplications(readers: Right, writers: Right) -> StoreName? {
        guard readers != .administrator else { return writers.isName && writers != .threshold ? .local : nil }
        let provided: [StoreName] = [.application, .credential, .ssh, .mail, .network]
        if readers == writers, let store = provided.first(where: { $0.right == readers }) { return store }
        return SharedStoreName(readers: readers.rawValue, writers: writers.rawValue).map { .shared($0) }
    }
}
