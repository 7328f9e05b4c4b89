#if SecretService
    import CLibSecret

    /// A `GError`, as a Swift error: what GLib, the bus or the service answered. Holds no secrets.
    struct GLibError: Error, CustomStringConvertible {
        /// `g-io-error-quark`, `g-dbus-error-quark`, …
        let domain: String
        /// The number within the domain.
        let code: Int
        /// The D-Bus name, if the error came from the bus or the service.
        let remoteName: String?
        /// GLib's words.
        let message: String

        /// Takes over `error` and frees it. Nil is an error without words: GLib said only that it failed.
        init(taking error: UnsafeMutablePointer<GError>?) {
            guard let error else {
                domain = "unknown"
                code = 0
                remoteName = nil
                message = "The call failed without a reason."
                return
            }
            let name = g_dbus_error_get_remote_error(error)
            remoteName = name.map { String(cString: $0) }
            g_free(name)
            g_dbus_error_strip_remote_error(error)
            domain = g_quark_to_string(error.pointee.domain).map { String(cString: $0) } ?? "unknown"
            code = Int(error.pointee.code)
            message = error.pointee.message.map { String(cString: $0) } ?? ""
            g_error_free(error)
        }

        var description: String { "\(remoteName ?? "\(domain) \(code)"): \(message)" }

        private func isIO(_ codes: GIOErrorEnum...) -> Bool {
            domain == "g-io-error-quark" && codes.contains { Int($0.rawValue) == code }
        }

        private func isRemote(_ names: String...) -> Bool { remoteName.map { names.contains($0) } ?? false }

        var isCancelled: Bool { isIO(G_IO_ERROR_CANCELLED) }

        var isTimeout: Bool {
            isIO(G_IO_ERROR_TIMED_OUT)
                || isRemote("org.freedesktop.DBus.Error.Timeout", "org.freedesktop.DBus.Error.TimedOut")
        }

        /// The one who was called was not there any more, so the call had no effect.
        var isStale: Bool {
            isRemote(
                "org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner",
                "org.freedesktop.Secret.Error.NoSession")
        }

        /// The one who was called went away before the answer; the call may have had its effect.
        var isDisconnected: Bool {
            isIO(G_IO_ERROR_CLOSED, G_IO_ERROR_BROKEN_PIPE)
                || isRemote("org.freedesktop.DBus.Error.NoReply", "org.freedesktop.DBus.Error.Disconnected")
        }

        var isLocked: Bool { isRemote("org.freedesktop.Secret.Error.IsLocked", "org.gnome.keyring.Error.Locked") }

        /// The object that was called is not there.
        var isMissingObject: Bool {
            isRemote(
                "org.freedesktop.DBus.Error.UnknownObject", "org.freedesktop.DBus.Error.UnknownMethod",
                "org.freedesktop.DBus.Error.UnknownInterface", "org.freedesktop.Secret.Error.NoSuchObject")
        }

        var isAccessDenied: Bool {
            isIO(G_IO_ERROR_PERMISSION_DENIED)
                || isRemote(
                    "org.freedesktop.DBus.Error.AccessDenied", "org.freedesktop.DBus.Error.AuthFailed",
                    "org.gnome.keyring.Error.Denied")
        }
    }

    extension GLibError {
        /// Calls `body` with a place for a `GError`, and throws what it left there when it returns nil.
        static func check<R>(_ body: (UnsafeMutablePointer<UnsafeMutablePointer<GError>?>) -> R?) throws -> R {
            var error: UnsafeMutablePointer<GError>?
            guard let result = body(&error) else { throw GLibError(taking: error) }
            return result
        }
    }
#endif
