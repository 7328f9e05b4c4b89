#if SecretService
    import CLibSecret
    import Synchronization

    /// One prompt of the service, from showing it to its end.
    enum PromptWait {
        /// How long a prompt to unlock may stay open. Those who wait for it have deadlines of their own.
        static let lifetime = Duration.seconds(300)

        /// How a prompt ended.
        enum Outcome {
            case completed(isDismissed: Bool)
            /// The service did not show it.
            case refused(GLibError)
            /// Nobody answered it in its lifetime; it was closed.
            case unanswered
            /// The service or the bus went away.
            case disconnected
        }

        private final class Signals: Sendable {
            let isDismissed = Mutex<Bool?>(nil)
            let isGone = Mutex(false)
        }

        private static let interface = "org.freedesktop.Secret.Prompt"

        /// Has the prompt at `path` go on, and waits. Blocks, but not longer than `lifetime`; then it is closed.
        ///
        /// The signals are received in a main context of this thread alone, from before the prompt is asked for, so that
        /// an answer that comes ahead of the reply is not missed.
        static func run(
            _ path: String, _ connection: ServiceConnection, _ call: ServiceCall, lifetime: Duration = lifetime
        ) throws -> Outcome {
            let context = g_main_context_new()
            g_main_context_push_thread_default(context)
            defer {
                while g_main_context_iteration(context, 0) != 0 {}
                g_main_context_pop_thread_default(context)
                g_main_context_unref(context)
            }
            let signals = Signals()
            // Each subscription holds a reference to `signals` until GLib is done with it.
            let release: GDestroyNotify = { pointer in
                if let pointer { Unmanaged<Signals>.fromOpaque(pointer).release() }
            }
            let completed = g_dbus_connection_signal_subscribe(
                connection.bus, connection.owner, interface, "Completed", path, nil, G_DBUS_SIGNAL_FLAGS_NONE,
                { _, _, _, _, _, parameters, pointer in
                    guard let parameters, let pointer else { return }
                    let isDismissed = Variant(taking: g_variant_ref(parameters))[0]?.boolean ?? true
                    Unmanaged<Signals>.fromOpaque(pointer).takeUnretainedValue().isDismissed.withLock {
                        $0 = isDismissed
                    }
                }, Unmanaged.passRetained(signals).toOpaque(), release)
            let gone = g_dbus_connection_signal_subscribe(
                connection.bus, "org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged",
                "/org/freedesktop/DBus", connection.owner, G_DBUS_SIGNAL_FLAGS_NONE,
                { _, _, _, _, _, _, pointer in
                    guard let pointer else { return }
                    Unmanaged<Signals>.fromOpaque(pointer).takeUnretainedValue().isGone.withLock { $0 = true }
                }, Unmanaged.passRetained(signals).toOpaque(), release)
            // Wakes the loop now and then, to look at the bus and at the clock.
            let pulse = g_timeout_source_new(50)
            g_source_set_callback(pulse, { _ in 1 }, nil, nil)
            g_source_attach(pulse, context)
            defer {
                g_source_destroy(pulse)
                g_source_unref(pulse)
                g_dbus_connection_signal_unsubscribe(connection.bus, completed)
                g_dbus_connection_signal_unsubscribe(connection.bus, gone)
            }
            do {
                _ = try connection.send(path, interface, "Prompt", [.string("")], reply: "()", call)
            } catch let error as GLibError where !error.isStale && !error.isDisconnected && !error.isTimeout {
                return .refused(error)
            }
            let end = ContinuousClock.now + lifetime
            while true {
                if let isDismissed = signals.isDismissed.withLock({ $0 }) {
                    return .completed(isDismissed: isDismissed)
                }
                if signals.isGone.withLock({ $0 }) || connection.isClosed { return .disconnected }
                if ContinuousClock.now >= end {
                    SecretServiceKeyStore.dismiss(path, connection, ServiceCall(deadline: .seconds(2)))
                    return .unanswered
                }
                g_main_context_iteration(context, 1)
            }
        }
    }
#endif
