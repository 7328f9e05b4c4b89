import MeshPlatforms

extension WindowsHive {
    /// The hive called `name` that says what the registry says, in the form of 2017 (a key for each personal profile).
    ///
    /// - Parameters:
    ///   - name: `MathematicalMesh` for production, `CryptoMesh` or `CryptoMeshTest` for tests.
    ///   - mapPath: the path on Windows of a file that the registry names; nil to leave it out.
    /// - Throws: what reading a value throws.
    public static func export(
        _ reader: any RegistryReader, as name: String, mapPath: (_ path: String) -> String?
    ) throws -> RegistryExport {
        let root = ["HKEY_CURRENT_USER", "SOFTWARE", name]
        var keys = [RegistryExport.Key(root)]

        func values(_ path: [String]) throws -> [RegistryExport.NamedValue] {
            let path = try RegistryPath(path)
            return try reader.valueNames(at: path).compactMap { name in
                try reader.string(name, at: path).map { RegistryExport.NamedValue(name, .string($0)) }
            }
        }
        func unnamed(_ path: [String]) throws -> [RegistryExport.NamedValue] {
            try reader.string(nil, at: try RegistryPath(path)).map { [RegistryExport.NamedValue(nil, .string($0))] }
                ?? []
        }
        func files(_ key: String) throws -> [RegistryExport.NamedValue] {
            try reader.keyNames(at: try RegistryPath([key, "Entries"])).compactMap { profile in
                try reader.string("File", at: try RegistryPath([key, "Entries", profile])).flatMap(mapPath).map {
                    RegistryExport.NamedValue(profile, .string($0))
                }
            }
        }

        keys.append(.init(root + ["Accounts"], try unnamed(["Accounts"]) + values(["Accounts", "Entries"])))
        keys.append(.init(root + ["PersonalProfiles"], try unnamed(["PersonalProfiles"])))
        for profile in reader.keyNames(at: try RegistryPath(["PersonalProfiles", "Entries"])) {
            let path = try RegistryPath(["PersonalProfiles", "Entries", profile])
            var found: [RegistryExport.NamedValue] = []
            for (windowsName, name) in [(nil, "File"), ("Archive", "Archive")] as [(String?, String)] {
                if let file = try reader.string(name, at: path).flatMap(mapPath) {
                    found.append(.init(windowsName, .string(file)))
                }
            }
            if case .strings(let accounts)? = try reader.value("Portals", at: path) {
                found.append(.init("Portals", .strings(accounts)))
            }
            found += try values(["PersonalProfiles", "Entries", profile, "Defaults"])
            keys.append(.init(root + ["PersonalProfiles", profile], found))
        }
        keys.append(
            .init(
                root + ["ApplicationProfiles"],
                try values(["ApplicationProfiles", "Defaults"]) + files("ApplicationProfiles")))
        keys.append(.init(root + ["DeviceProfiles"], try unnamed(["DeviceProfiles"]) + files("DeviceProfiles")))
        return RegistryExport(keys)
    }
}
