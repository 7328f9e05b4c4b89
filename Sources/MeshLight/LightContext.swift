import MeshCore
internal import MeshKeyFiles
internal import MeshLinuxPlatform
import MeshPlatforms
internal import MeshPortalDirectory
internal import MeshPortalService
import MeshPortals
internal import MeshSessions

/// What the functions of this module work on (sessions specification §A5): a machine, and the way to its portals.
///
/// There are no objects besides: free functions take it, and give values. What makes, recovers and administers accounts is not
/// here; a program that uses this module connects to an account that its person has. It holds no keys between calls.
public struct LightContext: Sendable {
    let session: MeshSession

    /// A context on a machine. Nothing is read, and nothing is sent yet.
    public init(_ platform: any MeshPlatform, portal: (any MeshPortal)? = nil) {
        session = MeshSession(platform, portal: portal)
    }
}

/// Opens this machine.
///
/// - Parameters:
///   - home: the directory of the person's data; nil: `MESH_HOME`, else `~/.mmm`.
///   - keyStore: `secret-service`, `files` or `files-clear`; nil: as `MeshLinux.initialize` chooses.
///   - portal: the directory of a portal; nil: none, for what needs none.
///   - passphrase: that of `files`.
/// - Throws: ``PlatformError``; ``PortalError``.
public func openLight(
    home: String? = nil, keyStore: String? = nil, portal: String? = nil, passphrase: SharedSecret? = nil
) async throws -> LightContext {
    var environment = MeshLinux.processEnvironment
    if let home { environment["MESH_HOME"] = home }
    let platform = try await MeshLinux.initialize(
        keyStore: keyStore, environment: environment, passphrase: passphrase.map { GivenPassphrase($0) })
    guard let portal else { return LightContext(platform) }
    let service = try await PortalDirectory(portal).open()
    return LightContext(platform, portal: MeshPortalDirect([service.domain: service]))
}
