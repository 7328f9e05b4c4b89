import Glibc
import MeshCore
import MeshPlatforms

/// Where the data of a mode are: `$MESH_HOME`, else `~/.mmm`; for the test called `name` `$MESH_TEST_HOME/name`, else
/// `~/.mmm-test/name`.
public enum HomePaths {
    /// The members of the process's environment that matter here.
    public static var processEnvironment: [String: String] {
        var environment: [String: String] = [:]
        for name in ["MESH_HOME", "MESH_TEST_HOME", "HOME"] {
            if let value = getenv(name) { environment[name] = String(cString: value) }
        }
        return environment
    }

    /// The root of the data of `mode`, as an absolute path.
    ///
    /// - Parameter environment: where the variables are read from.
    /// - Throws: ``PlatformError`` `unavailable` if neither the variable nor a home directory is there,
    ///   `invalidArgument` if production data and test data would lie within each other.
    public static func root(
        of mode: PlatformMode, environment: [String: String] = processEnvironment
    ) throws -> String {
        let production = try path(environment["MESH_HOME"], else: ".mmm", environment)
        guard case .test(let name) = mode else { return production }
        let test = try path(environment["MESH_TEST_HOME"], else: ".mmm-test", environment) + "/\(name)"
        guard !isInside(test, production), !isInside(production, test) else {
            throw PlatformError(
                .invalidArgument, store: test, "Test data and production data (\(production)) would lie together.",
                remedy: "Set MESH_TEST_HOME to a directory of its own.")
        }
        return test
    }

    private static func path(
        _ variable: String?, else name: String, _ environment: [String: String]
    ) throws -> String {
        if let variable, !variable.isEmpty { return try absolute(variable) }
        if let home = environment["HOME"], home.hasPrefix("/") { return try absolute("\(home)/\(name)") }
        guard let home = homeFromUserDatabase() else {
            throw PlatformError(
                .unavailable, store: name, "The user has no home directory.",
                remedy: "Set MESH_HOME to a directory that only you can read.")
        }
        return try absolute("\(home)/\(name)")
    }

    /// `path` without empty names and `.`, from the root on. A `..` is left for the system, which knows about links.
    private static func absolute(_ path: String) throws -> String {
        var names = path.split(separator: "/").filter { $0 != "." }
        if !path.hasPrefix("/") {
            guard let here = getcwd(nil, 0) else {
                throw PlatformError(.unavailable, store: path, "The present directory is gone.")
            }
            defer { free(here) }
            names = String(cString: here).split(separator: "/") + names
        }
        return "/" + names.joined(separator: "/")
    }

    private static func isInside(_ inner: String, _ outer: String) -> Bool {
        inner == outer || inner.hasPrefix(outer == "/" ? "/" : outer + "/")
    }

    private static func homeFromUserDatabase() -> String? {
        var record = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var texts = [CChar](repeating: 0, count: 16_384)
        guard getpwuid_r(geteuid(), &record, &texts, texts.count, &found) == 0, found != nil,
            let directory = record.pw_dir
        else { return nil }
        // Read while `texts`, which the record points into, is there.
        return withExtendedLifetime(texts) { String(cString: directory) }
    }
}
