import MeshCore

/// The rule for names in a ``ContainerDirectory``, the same on every machine.
public enum ContainerName {
    /// Whether `name` names one thing inside a directory: 1 to 255 octets, no slash, no control characters, and neither
    /// `.` nor `..`.
    public static func isValid(_ name: String) -> Bool {
        (1...255).contains(name.utf8.count) && name != "." && name != ".."
            && name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x2F && $0 != 0x7F }
    }

    /// - Throws: ``PlatformError`` `invalidArgument` unless `name` is valid.
    public static func check(_ name: String, in directory: String) throws {
        guard isValid(name) else {
            throw PlatformError(
                .invalidArgument, store: directory, "A file cannot have the name that was given.")
        }
    }
}
