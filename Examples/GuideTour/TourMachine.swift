import ArgumentParser
import MeshCore
import MeshInMemory
import MeshLinuxPlatform
import MeshPlatforms

/// What a machine of the tour keeps its keys and profiles in. This is the only place that knows.
enum MachineKind: String, CaseIterable, ExpressibleByArgument, Sendable {
    /// Memory: gone with the process.
    case memory
    /// A home directory, with key files.
    case files
    /// A home directory, with the keys in the keyring of the session.
    case keyring

    /// The machine called `name`, in a test mode of its own, with its files below `directory`.
    func open(_ name: String, below directory: String) async throws -> any MeshPlatform {
        let test = try TestName("guide-tour-\(name)")
        let environment = MeshLinux.processEnvironment.merging(["MESH_TEST_HOME": "\(directory)/\(name)"]) { $1 }
        switch self {
        case .memory: return MeshMachineCached(mode: .test(test))
        case .files:
            return try await MeshLinux.initialize(test: test, keyStore: "files-clear", environment: environment)
        case .keyring:
            return try await MeshLinux.initialize(test: test, keyStore: "secret-service", environment: environment)
        }
    }

    /// For a person.
    var words: String {
        switch self {
        case .memory: "in memory"
        case .files: "files, with key files"
        case .keyring: "files, with the keys in the keyring"
        }
    }
}
