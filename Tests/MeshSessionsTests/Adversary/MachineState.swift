import MeshCore
import MeshPlatforms

/// Everything that a machine keeps, octet by octet, but for the keys themselves, of which it has the names.
struct MachineState: Equatable {
    private var files: [String: [UInt8]] = [:]
    private var registry: [String: RegistryValue] = [:]
    private var profiles: [String: [[UInt8]]] = [:]
    private var keys: [String] = []

    init(_ platform: any MeshPlatform) async throws {
        if let root = try platform.containers.root(create: false) { try add(root, "root") }
        for account in try platform.containers.accounts() {
            guard let directory = try platform.containers.directory(of: account, create: false) else { continue }
            try add(directory, account.text)
        }
        registry = try await platform.registry.read { reader in
            var found: [String: RegistryValue] = [:]
            var paths = [RegistryPath.root]
            while let path = paths.popLast() {
                for name in reader.valueNames(at: path) { found["\(path):\(name)"] = try reader.value(name, at: path) }
                found["\(path):"] = try reader.value(nil, at: path)
                paths += try reader.keyNames(at: path).map { try path.appending($0) }
            }
            return found
        }
        for profile in try await platform.profiles.list() {
            profiles[profile.text] = try await platform.profiles.archive(of: profile)
            profiles["latest " + profile.text] = try await platform.profiles.latest(of: profile).map { [$0] }
        }
        keys = try await platform.keys.list().items.map(\.identifier.text).sorted()
    }

    private mutating func add(_ directory: any ContainerDirectory, _ name: String) throws {
        for file in try directory.names() {
            guard let opened = try directory.openFile(file, .read) else { continue }
            var octets = [UInt8](repeating: 0, count: try opened.length())
            _ = try octets.withUnsafeMutableBytes { try opened.read(at: 0, into: $0) }
            files["\(name)/\(file)"] = octets
        }
    }

    /// How much there is: so that a test knows that it compared something.
    var count: Int { files.count + registry.count + profiles.count + keys.count }

    /// What differs, for a message.
    func difference(from other: MachineState) -> String {
        let names = Set(files.keys).union(other.files.keys).filter { files[$0] != other.files[$0] }
        let values = Set(registry.keys).union(other.registry.keys).filter { registry[$0] != other.registry[$0] }
        let kept = Set(profiles.keys).union(other.profiles.keys).filter { profiles[$0] != other.profiles[$0] }
        return "files \(names.sorted()), registry \(values.sorted()), profiles \(kept.sorted()), "
            + "keys \(Set(keys).symmetricDifference(other.keys).sorted())"
    }
}
