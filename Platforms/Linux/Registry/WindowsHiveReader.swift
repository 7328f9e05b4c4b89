import MeshCore
import MeshPlatforms

/// Turns the values of a hive into those of the registry of this package, one by one.
struct WindowsHiveReader {
    private(set) var entries: [WindowsHive.Entry] = []
    private(set) var leftOut: [String] = []

    /// The kinds of application that a personal profile has a default for.
    private static let kinds = ["Web", "SSH", "Network", "Mail"]
    /// The longest name of a value of `ApplicationProfiles` that is a type and no fingerprint, in characters.
    private static let longestType = 10

    /// Reads one value of the key at `path`, counted from the hive down.
    mutating func read(
        _ value: RegistryExport.NamedValue, at path: [String], mapPath: (_ windowsPath: String) -> String?
    ) {
        let place = (path + [value.name ?? "(Default)"]).joined(separator: "\\")
        do {
            guard let top = path.first?.lowercased(), path.count <= 2,
                try read(value, top, path.count == 2 ? path[1] : nil, mapPath)
            else {
                leftOut.append("\(place): nothing here corresponds to it.")
                return
            }
        } catch {
            leftOut.append("\(place): its name or its value cannot stand here.")
        }
    }

    /// - Returns: whether the value has a place.
    private mutating func read(
        _ value: RegistryExport.NamedValue, _ top: String, _ below: String?, _ mapPath: (String) -> String?
    ) throws -> Bool {
        switch (top, below) {
        case ("accounts", nil):
            guard case .string(let text) = value.value else { return false }
            guard let account = value.name else {
                return try add(.string(text.lowercased()), nil, ["Accounts"])
            }
            return try add(.string(text), account.lowercased(), ["Accounts", "Entries"])
        case ("personalprofiles", let profile?): return try readPersonal(value, profile, mapPath)
        case ("personalprofiles", nil): return try readProfile(value, "PersonalProfiles", mapPath)
        case ("deviceprofiles", nil), ("thisdevice", nil): return try readProfile(value, "DeviceProfiles", mapPath)
        case ("applicationprofiles", nil):
            guard let name = value.name, case .string(let text) = value.value else { return false }
            if name.count <= Self.longestType {
                return try add(.string(text), name, ["ApplicationProfiles", "Defaults"])
            }
            return try readProfile(value, "ApplicationProfiles", mapPath)
        default: return false
        }
    }

    /// `(Default)` = fingerprint, or fingerprint = path.
    private mutating func readProfile(
        _ value: RegistryExport.NamedValue, _ key: String, _ mapPath: (String) -> String?
    ) throws -> Bool {
        guard case .string(let text) = value.value else { return false }
        guard let profile = value.name else { return try add(.string(text), nil, [key]) }
        guard let file = mapPath(text) else { return false }
        return try add(.string(file), "File", [key, "Entries", profile])
    }

    /// A value of the key of one personal profile.
    private mutating func readPersonal(
        _ value: RegistryExport.NamedValue, _ profile: String, _ mapPath: (String) -> String?
    ) throws -> Bool {
        let key = ["PersonalProfiles", "Entries", profile]
        switch (value.name?.lowercased(), value.value) {
        case (nil, .string(let text)):
            guard let file = mapPath(text) else { return false }
            return try add(.string(file), "File", key)
        case ("archive", .string(let text)):
            // What the first program of that time wrote where it had no archive.
            guard text != "TBS", let file = mapPath(text) else { return false }
            return try add(.string(file), "Archive", key)
        case ("portals", .strings(let accounts)): return try add(.strings(accounts), "Portals", key)
        case ("portals", .string(let account)): return try add(.strings([account]), "Portals", key)
        case (let name?, .string(let text)):
            guard let kind = Self.kinds.first(where: { $0.lowercased() == name }) else { return false }
            return try add(.string(text), kind, key + ["Defaults"])
        default: return false
        }
    }

    private mutating func add(_ value: RegistryValue, _ name: String?, _ names: [String]) throws -> Bool {
        let path = try RegistryPath(names)
        guard name.map(RegistryPath.isValidName) ?? true else { return false }
        entries.append(WindowsHive.Entry(path: path, name: name, value: value))
        return true
    }
}
