import MeshCore
import MeshEncoding
import MeshFiles
import MeshHomeDirectory
import MeshKeyFiles
import MeshPlatforms
import MeshPortalService

/// A portal that is a directory: what it keeps is in DARE files, the seed of its profile in a key file beside them, and the
/// domain that it serves in `portal.json`.
///
/// Several processes may open it at a time, each with a ``PortalService`` of its own: that is how programs on one machine
/// share a portal without a network. The directory has mode 0700; whoever can write to it is the portal.
public struct PortalDirectory: Sendable {
    /// The path of the directory.
    public let path: String

    private static let description = "portal.json"
    private static let domainMember = "Domain"

    /// The portal at `path`. Nothing is opened or made yet.
    public init(_ path: String) { self.path = path }

    private var calls: BlockingCalls { BlockingCalls(store: path) }
    private static let deadline = Duration.seconds(30)

    /// Makes the portal of `domain`, in a directory that is not there yet or is empty, and opens it.
    ///
    /// - Throws: ``PlatformError`` `alreadyExists` if something is there, and others of files; ``PortalError``
    ///   `invalidAddress` for a domain that is none; ``PortalStoreError``.
    public func create(domain: String) async throws -> PortalService {
        let domain = domain.lowercased()
        try PortalService.check(domain: domain)
        let path = path
        try await calls.run(deadline: Self.deadline) {
            let home = HomeDirectory(mode: .production, path: path)
            guard let directory = try Directory.open(path, create: true) else {
                throw PlatformError(.notFound, store: path, "The directory was removed while it was in use.")
            }
            guard try directory.names().isEmpty else {
                throw PlatformError(
                    .alreadyExists, store: path,
                    try directory.status(of: Self.description) == nil
                        ? "The directory holds other files." : "There is a portal already.",
                    remedy: "Name a directory that is empty, or not there yet.")
            }
            _ = try home.root(create: true)
            try directory.createFile(
                Self.description, with: JSONValue.object([Self.domainMember: .string(domain)]).indented)
        }
        return try await open()
    }

    /// Opens the portal.
    ///
    /// - Throws: ``PlatformError`` `notFound` if there is none, `corrupt`, and others of files; ``PortalError``
    ///   `serviceFailed` if its seed is missing; ``PortalStoreError``.
    public func open() async throws -> PortalService {
        let path = path
        let home = HomeDirectory(mode: .production, path: path)
        let domain = try await calls.run(deadline: Self.deadline) {
            guard let octets = try Directory.open(path, create: false)?.readFile(Self.description, limit: 1 << 16)
            else {
                throw PlatformError(
                    .notFound, store: path, "There is no portal in this directory.",
                    remedy: "Check the path, or make one: meshclient portal create DIR --domain example.com")
            }
            guard let domain = try? JSONValue(parsing: octets)[Self.domainMember]?.string else {
                throw PlatformError(
                    .corrupt, store: "\(path)/\(Self.description)",
                    "The file does not say which domain the portal serves.",
                    remedy: #"Write {"Domain": "…"} into it, with the domain of its accounts."#)
            }
            return domain
        }
        return try await PortalService.open(
            domain: domain, store: DAREPortalStore(FileContainerStore(home)),
            keys: KeyFileStore(root: path, mode: home.mode, sealing: .clear))
    }
}
