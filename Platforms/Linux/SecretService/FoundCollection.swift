#if SecretService
    import CLibSecret
    import Glibc
    import MeshPlatforms

    /// The collection that an alias stands for, and who keeps it.
    struct FoundCollection {
        static let interface = "org.freedesktop.Secret.Collection"

        /// Its object path.
        let path: String
        /// The last part of the path, as `login`.
        let name: String
        /// The program that is the service, as `gnome-keyring`; `unknown` where that cannot be found out.
        let provider: String
        /// Whether it is lost at logout.
        let isVolatile: Bool

        /// Looks `alias` up and makes sure that the collection is really there.
        ///
        /// - Throws: ``PlatformError`` `noDefaultCollection`; ``GLibError``.
        init(_ connection: ServiceConnection, alias: String, _ call: ServiceCall) throws {
            guard let path = try connection.readAlias(alias, call) else { throw Self.missing(alias) }
            // gnome-keyring names a collection for the alias whether it is there or not.
            _ = try Self.isLocked(path, connection, call)
            let session = (try? connection.readAlias("session", call)) ?? nil
            self.path = path
            self.name = path.split(separator: "/").last.map(String.init) ?? path
            self.isVolatile = path == session || path == "/org/freedesktop/secrets/collection/session"
            self.provider = Self.provider(connection.processIdentifier(call))
        }

        /// Whether the collection at `path` is locked.
        ///
        /// - Throws: ``PlatformError`` `noDefaultCollection` if there is none; ``GLibError``.
        static func isLocked(_ path: String, _ connection: ServiceConnection, _ call: ServiceCall) throws -> Bool {
            do {
                // A service that does not say is taken for locked: that can do no harm.
                return try connection.property("Locked", of: path, interface, call)?.boolean ?? true
            } catch let error as GLibError where error.isMissingObject {
                throw missing("default", error)
            }
        }

        private static func missing(_ alias: String, _ cause: (any Error)? = nil) -> PlatformError {
            PlatformError(
                .noDefaultCollection, store: SecretServiceKeyStore.name, "The keyring has no \(alias) collection.",
                remedy: "Create a keyring in the keyring manager (Seahorse, KeePassXC) and make it the default one; "
                    + "without a desktop: pipe a password into 'gnome-keyring-daemon --unlock --components=secrets'.",
                cause: cause)
        }

        private static func provider(_ process: UInt32?) -> String {
            guard let process else { return "unknown" }
            let descriptor = Glibc.open("/proc/\(process)/comm", O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return "unknown" }
            defer { close(descriptor) }
            var octets = [UInt8](repeating: 0, count: 64)
            let count = read(descriptor, &octets, octets.count)
            guard count > 0 else { return "unknown" }
            let name = String(decoding: octets[..<count].prefix { $0 > 0x20 && $0 < 0x7F }, as: UTF8.self)
            // The system cuts the name after fifteen characters.
            if name.hasPrefix("gnome-keyring-d") { return "gnome-keyring" }
            return name.isEmpty ? "unknown" : name
        }
    }
#endif
