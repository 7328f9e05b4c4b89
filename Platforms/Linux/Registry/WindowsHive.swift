import MeshCore
import MeshPlatforms

/// A hive of the Mesh in the registry of Windows (platform specification §3), as it lies in a ``RegistryExport``, and
/// what it is in the registry of this package (§14).
///
/// | Windows | here |
/// |---|---|
/// | `Accounts\(Default)`, `Accounts\<account>` | `Accounts`, `Accounts/Entries/<account in lower case>` |
/// | `PersonalProfiles\(Default)` | `PersonalProfiles` |
/// | `PersonalProfiles\<UDF>` as a key with `(Default)`, `Archive`, `Portals`, `Web`, `SSH`, `Network`, `Mail`, or as a value | `PersonalProfiles/Entries/<UDF>` with `File`, `Archive`, `Portals`, and `Defaults` |
/// | `ApplicationProfiles\<UDF>` | `ApplicationProfiles/Entries/<UDF>` with `File` |
/// | `ApplicationProfiles\<type, ten characters or fewer>` | `ApplicationProfiles/Defaults/<type>` |
/// | `DeviceProfiles` or `ThisDevice`: `(Default)`, `<UDF>` | `DeviceProfiles`, `DeviceProfiles/Entries/<UDF>` with `File` |
public struct WindowsHive: Equatable, Sendable {
    /// A value of the registry of this package.
    public struct Entry: Equatable, Sendable {
        /// The key.
        public let path: RegistryPath
        /// The name of the value; nil for the unnamed one.
        public let name: String?
        /// The value.
        public let value: RegistryValue
    }

    /// The name of the hive: `MathematicalMesh`, `CryptoMesh` or `CryptoMeshTest`.
    public let name: String
    /// Whether the data are a test's; nil if the export does not tell, and the person has to be asked.
    public let isTest: Bool?
    /// What is in it.
    public let entries: [Entry]
    /// What has no place here, each in words: left out, and to be told to the person.
    public let leftOut: [String]

    private static let names = ["MathematicalMesh", "CryptoMesh", "CryptoMeshTest"]
    /// The hives in `export`.
    ///
    /// Whether `CryptoMesh` is a test's is only certain where there is a `MathematicalMesh` too (ruling D2 of §13).
    ///
    /// - Parameter mapPath: the path here of a file that the hive names by its path on Windows; nil to leave it out.
    public static func hives(
        in export: RegistryExport, mapPath: (_ windowsPath: String) -> String?
    ) -> [WindowsHive] {
        let present = names.filter { name in export.keys.contains { location(of: $0.path)?.hive == name } }
        return present.map { name in
            let isTest: Bool? =
                switch name {
                case "MathematicalMesh": false
                case "CryptoMeshTest": true
                default: present.contains("MathematicalMesh") ? true : nil
                }
            var reader = WindowsHiveReader()
            for key in export.keys {
                guard let (hive, path) = location(of: key.path), hive == name else { continue }
                for value in key.values { reader.read(value, at: path, mapPath: mapPath) }
            }
            return WindowsHive(name: name, isTest: isTest, entries: reader.entries, leftOut: reader.leftOut)
        }
    }

    /// Sets everything of the hive in `transaction`. What is there already and is not in the hive stays.
    ///
    /// - Throws: ``PlatformError`` as `RegistryTransaction.set`.
    public func write(to transaction: inout any RegistryTransaction) throws {
        for entry in entries { try transaction.set(entry.value, entry.name, at: entry.path) }
    }

    /// The hive and the names below it; nil for a key of something else.
    private static func location(of path: [String]) -> (hive: String, path: [String])? {
        guard path.count >= 3, ["HKEY_CURRENT_USER", "HKCU"].contains(path[0].uppercased()),
            path[1].lowercased() == "software",
            let name = names.first(where: { $0.lowercased() == path[2].lowercased() })
        else { return nil }
        return (name, Array(path.dropFirst(3)))
    }
}
