#if SecretService
    import Glibc
    import MeshPlatforms

    /// Where the session bus is, found without starting one.
    ///
    /// GLib starts a bus by itself where `dbus-launch` is installed and `DISPLAY` is set. A keyring on a bus that was
    /// started for one program is empty and gone with it, so no such address is ever given to GLib here.
    enum BusAddress {
        static let remedy =
            "Log in to a session that has a bus, or run the program under 'dbus-run-session', or choose another key store."

        /// The address `explicit`, else the one that the environment names.
        ///
        /// - Throws: ``PlatformError`` `noSessionBus`.
        static func find(
            explicit: String?, variable: (String) -> String? = BusAddress.variable, store: String
        ) throws -> String {
            if let explicit { return try checked(explicit, store: store) }
            if let address = variable("DBUS_SESSION_BUS_ADDRESS"), !address.isEmpty {
                return try checked(address, store: store)
            }
            if let directory = variable("XDG_RUNTIME_DIR"), !directory.isEmpty {
                let path = directory + "/bus"
                var status = stat()
                if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK { return "unix:path=" + escaped(path) }
            }
            throw PlatformError(
                .noSessionBus, store: store,
                "There is no D-Bus session bus: DBUS_SESSION_BUS_ADDRESS is not set and there is no bus in XDG_RUNTIME_DIR.",
                remedy: remedy)
        }

        private static func checked(_ address: String, store: String) throws -> String {
            let transports = address.split(separator: ";").map { $0.prefix { $0 != ":" } }
            guard !transports.isEmpty, !transports.contains("autolaunch") else {
                throw PlatformError(
                    .noSessionBus, store: store, "The address of the D-Bus session bus names no running bus.",
                    remedy: remedy)
            }
            return address
        }

        /// A variable of this process' environment.
        static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

        /// `path` as D-Bus writes it in an address: everything but plain characters as %XX.
        static func escaped(_ path: String) -> String {
            var result = ""
            for octet in path.utf8 {
                switch octet {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x2F, 0x5F:
                    result.unicodeScalars.append(Unicode.Scalar(octet))
                default:
                    let digits = String(octet, radix: 16)
                    result += "%" + (digits.count < 2 ? "0" : "") + digits
                }
            }
            return result
        }
    }
#endif
