import MeshDARE

extension StoreName {
    /// The right by which a device reads and writes the store; nil for those that the portal reads, too, and only
    /// administrators write: it acts by what they say (`schema-08` §5).
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
        }
    }

    /// The right by which a device writes the store.
    public var writersRight: Right { right ?? .administrator }
}
