#if SecretService
    import CLibSecret
    import Glibc
    import MeshPlatforms
    import Synchronization

    /// The turn of one writer among all processes on a bus: while it lasts, the writer owns a name that the bus gives to
    /// one connection at a time, and takes back when the connection ends, however it ends.
    enum WriterTurn {
        private static func busName(_ mode: PlatformMode) -> String { "org.mathmesh.KeyStore.writer-\(mode)" }

        private static let doNotQueue: UInt32 = 4
        private static let isOwner: UInt32 = 1
        private static let isInUse: UInt32 = 3

        /// Whether the bus lets this connection have such names (the bus of a sandbox may not).
        static func isPossible(_ connection: ServiceConnection, mode: PlatformMode, _ call: ServiceCall) -> Bool {
            guard let answer = try? request(connection, mode, call) else { return false }
            if answer == isOwner { release(connection, mode) }
            return answer == isOwner || answer == isInUse
        }

        /// Runs `body` in a turn; waits for the turns of others until the call's deadline.
        ///
        /// Only one thread may do so on one connection: the store runs its writers one by one.
        static func run<R>(
            _ store: SecretServiceKeyStore, _ connection: ServiceConnection, _ call: ServiceCall, _ body: () throws -> R
        ) throws -> R {
            guard store.canExclude else { return try body() }
            var pause: UInt32 = 200
            while try request(connection, store.mode, call) == isInUse {
                call.waitsForTurn.store(true, ordering: .relaxed)
                try call.requireWaiting()
                usleep(pause)
                pause = min(pause * 2, 5000)
            }
            call.waitsForTurn.store(false, ordering: .relaxed)
            // Nothing waits for the answer: what this connection asks for next comes after it, and if it cannot be sent
            // any more, the name goes with the connection.
            defer { release(connection, store.mode) }
            return try body()
        }

        private static func request(_ connection: ServiceConnection, _ mode: PlatformMode, _ call: ServiceCall) throws
            -> UInt32?
        {
            try connection.sendToBus(
                "RequestName", [.string(busName(mode)), .unsigned(doNotQueue)], reply: "(u)", call)[0]?.unsigned
        }

        private static func release(_ connection: ServiceConnection, _ mode: PlatformMode) {
            connection.tellBus("ReleaseName", [.string(busName(mode))])
        }
    }
#endif
