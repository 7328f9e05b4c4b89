#if SecretService
    import CLibSecret

    /// A call of a method, before it is made.
    struct Request {
        let path: String
        let interface: String
        let method: String
        let arguments: [Variant]
        /// The type of the reply.
        let reply: String
    }

    /// The reply to a call that is under way while its thread does something else. Belongs to one thread.
    final class PendingReply {
        private let context = g_main_context_new()
        private var result: Result<Variant, any Error>?

        deinit { g_main_context_unref(context) }

        /// Sends the call. It must be ended by ``finish()``.
        func begin(_ bus: OpaquePointer, _ destination: String, _ request: Request, _ call: ServiceCall) {
            guard g_variant_is_object_path(request.path) != 0 else {
                result = .failure(GLibError(taking: nil))
                return
            }
            let type = g_variant_type_new(request.reply)
            defer { g_variant_type_free(type) }
            g_main_context_push_thread_default(context)
            defer { g_main_context_pop_thread_default(context) }
            // GLib calls back once, in `context`, whose loop only `finish` runs; until then it holds a reference.
            Variant.tuple(request.arguments).withRaw { arguments in
                g_dbus_connection_call(
                    bus, destination, request.path, request.interface, request.method, arguments, type,
                    G_DBUS_CALL_FLAGS_NO_AUTO_START, call.milliseconds, call.cancellable,
                    { source, outcome, pointer in
                        guard let source, let pointer else { return }
                        let pending = Unmanaged<PendingReply>.fromOpaque(pointer).takeRetainedValue()
                        pending.result = Result {
                            Variant(
                                taking: try GLibError.check {
                                    g_dbus_connection_call_finish(OpaquePointer(source), outcome, $0)
                                })
                        }
                    }, Unmanaged.passRetained(self).toOpaque())
            }
        }

        /// Waits for the reply, at most until the deadline that the call had.
        func finish() throws -> Variant {
            while true {
                if let result { return try result.get() }
                g_main_context_iteration(context, 1)
            }
        }
    }
#endif
