import MeshCore

/// The rule for names in a ``ContainerDirectory``, the same on every machine.
public enum ContainerName {
    /// The most octets of a name: five less than file systems take, so that a lock file can have the name with `.lock`.
    public static let mostOctets = 250

    /// Whether `name` names one thing inside a directory: 1 to `limit` octets, no slash, no control characters, and
    /// neither `.` nor `..`.
    public static func isValid(_ name: String, atMost limit: Int = mostOctets) -> Bool {
        (1...limit).contains(name.utf8.count) && name != "." && name != ".."
            && name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x2F && $0 != 0x7F }
    }

    /// - Throws: ``PlatformError`` `invalidArgument` unless `name` is valid.
    public static func check(_ name: String, in directory: String, atMost limit: Int = mostOctets) throws {
        guard isValid(name, atMost: limit) else {
            throw PlatformError(
                .invalidArgument, store: directory, "A file cannot have the name that was given.",
                remedy: "Choose a name of 1 to \(limit) octets, without slashes and control characters.")
        }
    }
}
