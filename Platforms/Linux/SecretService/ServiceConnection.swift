#if SecretService
    import CLibSecret
    import Glibc
    import MeshCore
    import MeshPlatforms

    /// A connection of our own to a session bus, and on it a session with the program that is the secret service.
    ///
    /// Calls go to the unique name of that program, so that an answer never comes from another one that took its place.
    /// libsecret opens the session (Diffie-Hellman where the service can) and encrypts and decrypts the values; the
    /// calls themselves are made one by one over D-Bus, because libsecret's own would show prompts that nothing can end.
    /// Every function blocks until the call's deadline at the latest.
    final class ServiceConnection: @unchecked Sendable {
        // Sendable proof: GDBusConnection may be used from any thread; the SecretService proxy is only asked for the
        // session it made while being opened, which is constant afterwards; everything else is constant.
        let bus: OpaquePointer
        private let service: UnsafeMutablePointer<SecretService>
        /// The unique bus name of the program that is the service.
        let owner: String
        /// The object path of the session that values are encrypted for.
        let sessionPath: String

        static let serviceName = "org.freedesktop.secrets"
        static let servicePath = "/org/freedesktop/secrets"
        static let serviceInterface = "org.freedesktop.Secret.Service"

        /// Connects to the bus at `address` and opens a session, having the bus start the service if it can.
        ///
        /// - Throws: ``PlatformError`` `noSessionBus`, `noService`; ``GLibError``.
        init(address: String, store: String, call: ServiceCall) throws {
            let bus: OpaquePointer
            do {
                bus = try GLibError.check {
                    g_dbus_connection_new_for_address_sync(
                        address,
                        GDBusConnectionFlags(
                            rawValue: G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT.rawValue
                                | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION.rawValue), nil, call.cancellable, $0)
                }
            } catch let error as GLibError where !error.isCancelled && !error.isTimeout {
                throw PlatformError(
                    error.isAccessDenied ? .accessDenied : .noSessionBus, store: store,
                    "The D-Bus session bus does not answer at its address.", remedy: BusAddress.remedy, cause: error)
            }
            var isOpen = false
            defer { if !isOpen { g_object_unref(UnsafeMutableRawPointer(bus)) } }
            let owner = try Self.findOwner(bus, store: store, call: call)
            let service = try GLibError.check { mesh_secret_service_new(bus, owner, call.cancellable, $0) }
            defer { if !isOpen { g_object_unref(service) } }
            _ = try GLibError.check {
                secret_service_ensure_session_sync(service, call.cancellable, $0) != 0 ? true : nil
            }
            self.sessionPath = secret_service_get_session_dbus_path(service).map { String(cString: $0) } ?? "/"
            self.bus = bus
            self.service = service
            self.owner = owner
            isOpen = true
        }

        deinit {
            g_object_unref(service)
            g_object_unref(UnsafeMutableRawPointer(bus))
        }

        /// Whether the bus has gone.
        var isClosed: Bool { g_dbus_connection_is_closed(bus) != 0 }

        private static func findOwner(_ bus: OpaquePointer, store: String, call: ServiceCall) throws -> String {
            let arguments = Variant.tuple([.string(serviceName)])
            func owner() throws -> String? {
                try send(
                    bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetNameOwner",
                    arguments, reply: "(s)", call)[0]?.text
            }
            do {
                if let name = try owner() { return name }
            } catch let error as GLibError where error.isStale {}
            do {
                let start = Variant.tuple([.string(serviceName), .unsigned(0)])
                _ = try send(
                    bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "StartServiceByName",
                    start, reply: "(u)", call)
                if let name = try owner() { return name }
            } catch let error as GLibError where !error.isCancelled && !error.isTimeout && !error.isDisconnected {
                throw noService(store, error)
            }
            throw noService(store, nil)
        }

        static func noService(_ store: String, _ cause: (any Error)?) -> PlatformError {
            PlatformError(
                .noService, store: store, "No program on this session bus provides the secret service.",
                remedy: "Install and start gnome-keyring or KeePassXC, or choose another key store.", cause: cause)
        }

        // MARK: Calls

        /// Calls a method of the service's object at `path`.
        func send(
            _ path: String, _ interface: String, _ method: String, _ arguments: [Variant], reply: String,
            _ call: ServiceCall
        ) throws -> Variant {
            try Self.send(bus, owner, path, interface, method, .tuple(arguments), reply: reply, call)
        }

        /// Sends two calls to the service's objects, the second without waiting for the reply to the first, and waits for
        /// both replies. The service gets them in this order.
        func sendBoth(
            _ first: Request, _ second: Request, _ call: ServiceCall
        ) -> (first: Result<Variant, any Error>, second: Result<Variant, any Error>) {
            let pending = PendingReply()
            pending.begin(bus, owner, first, call)
            let reply = Result {
                try Self.send(
                    bus, owner, second.path, second.interface, second.method, .tuple(second.arguments),
                    reply: second.reply, call)
            }
            return (Result { try pending.finish() }, reply)
        }

        /// Calls a method of the bus itself without asking for a reply.
        func tellBus(_ method: String, _ arguments: [Variant]) {
            Variant.tuple(arguments).withRaw {
                g_dbus_connection_call(
                    bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", method, $0, nil,
                    G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, nil, nil, nil)
            }
        }

        /// Calls a method of the bus itself.
        func sendToBus(_ method: String, _ arguments: [Variant], reply: String, _ call: ServiceCall) throws
            -> Variant
        {
            try Self.send(
                bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", method, .tuple(arguments),
                reply: reply, call)
        }

        private static func send(
            _ bus: OpaquePointer, _ destination: String, _ path: String, _ interface: String, _ method: String,
            _ arguments: Variant, reply: String, _ call: ServiceCall
        ) throws -> Variant {
            // A path that is none would be a programmer's mistake to GLib, and can come from the service.
            guard g_variant_is_object_path(path) != 0 else { throw GLibError(taking: nil) }
            let type = g_variant_type_new(reply)
            defer { g_variant_type_free(type) }
            return try arguments.withRaw { parameters in
                Variant(
                    taking: try GLibError.check {
                        g_dbus_connection_call_sync(
                            bus, destination, path, interface, method, parameters, type,
                            G_DBUS_CALL_FLAGS_NO_AUTO_START, call.milliseconds, call.cancellable, $0)
                    })
            }
        }

        /// A property of an object of the service.
        func property(_ name: String, of path: String, _ interface: String, _ call: ServiceCall) throws
            -> Variant?
        {
            try send(
                path, "org.freedesktop.DBus.Properties", "Get", [.string(interface), .string(name)], reply: "(v)", call)[
                    0]?
                .content
        }

        /// All properties of an object of the service.
        func properties(of path: String, _ interface: String, _ call: ServiceCall) throws -> [String: Variant] {
            try send(
                path, "org.freedesktop.DBus.Properties", "GetAll", [.string(interface)], reply: "(a{sv})", call)[0]?
                .properties ?? [:]
        }

        /// The object that `alias` stands for; nil if it stands for none.
        func readAlias(_ alias: String, _ call: ServiceCall) throws -> String? {
            let path = try send(
                Self.servicePath, Self.serviceInterface, "ReadAlias", [.string(alias)], reply: "(o)", call)[0]?.text
            return path == "/" ? nil : path
        }

        /// The process that is the service; nil where the bus cannot tell.
        func processIdentifier(_ call: ServiceCall) -> UInt32? {
            (try? sendToBus("GetConnectionUnixProcessID", [.string(owner)], reply: "(u)", call))?[0]?.unsigned
        }

        // MARK: Values

        /// `line` as the service takes it, encrypted for the session.
        func encode(_ line: borrowing SecretBytes) throws -> Variant {
            let value = line.withUnsafeBytes {
                secret_value_new($0.baseAddress?.assumingMemoryBound(to: CChar.self), gssize($0.count), "text/plain")
            }
            defer { secret_value_unref(UnsafeMutableRawPointer(value)) }
            guard let secret = secret_service_encode_dbus_secret(service, value) else { throw GLibError(taking: nil) }
            return Variant(taking: secret)
        }

        /// Lends the octets of a value that the service gave; nil if it is not of this session or was altered on the way.
        func withDecoded<R>(_ secret: Variant, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R? {
            guard let value = secret.withRaw({ secret_service_decode_dbus_secret(service, $0) }) else { return nil }
            defer { secret_value_unref(UnsafeMutableRawPointer(value)) }
            var count = gsize(0)
            let octets = secret_value_get(value, &count)
            return try body(UnsafeRawBufferPointer(start: octets, count: Int(count)))
        }
    }
#endif
