#if SecretService
    import CLibSecret
    import MeshCore
    import MeshPlatforms
    import Synchronization

    /// The keyring of the person's session: gnome-keyring, KeePassXC, or what else provides the secret service
    /// (`org.freedesktop.secrets`) on the D-Bus session bus. Selected as `secret-service`.
    ///
    /// Keys are items of one collection, the default one unless the options say otherwise, with the attributes of
    /// platform specification §7.4 and a value of one line (``KeyEnvelope``). Items of the same attributes in other
    /// collections are not this store's: they are neither read nor removed.
    ///
    /// - A locked collection is `locked` for every call, whatever a search of it shows; `lookup` and `clear` of libsecret,
    ///   which take locked for absent, are not used. "Absent" is answered only after a search that found nothing in a
    ///   collection that was seen unlocked before and after it.
    /// - No call starts a prompt to unlock but ``unlock(_:options:)``. A service that answers each change with a prompt
    ///   (KeePassXC) is told to go on with it, in an unlocked collection; if it then asks a person, the question is taken
    ///   back at the deadline, and the call throws `promptImpossible`.
    /// - After a time-out the store rests: calls are refused at once with `timedOut`; after the rest the next one first
    ///   asks something short.
    /// - When the service or the bus was restarted, the next call connects anew. If another program or collection then
    ///   answers, the call throws `storeChanged`.
    /// - Writers of all processes on one bus take turns: each holds a name on the bus while it looks and writes. That is
    ///   what makes ``KeyStoreCapabilities/atomicCreation`` and ``KeyStoreCapabilities/compareAndSwap`` true among
    ///   programs that use this store. Where the bus refuses such a name they are not declared.
    ///
    /// What it protects against: other users and a thief of the disk, *if* the collection has a password; a service does
    /// not tell whether it has. Every program of the same person can read an unlocked collection. On the bus, values are
    /// encrypted where the service can do that (gnome-keyring and KeePassXC can).
    public final class SecretServiceKeyStore: KeyStore {
        /// The name of the store in selection and in errors.
        public static let name = "secret-service"
        /// The largest secret that is stored, in octets.
        public static let largestValue = 1024 * 1024

        /// How the store is to be opened.
        public struct Options: Sendable {
            /// The D-Bus address of the session bus; nil for the one of this process' environment.
            public var busAddress: String?
            /// The alias of the collection to use.
            public var collectionAlias = "default"
            /// Whether a collection that is lost at logout may be used.
            public var allowVolatile = false
            /// How long opening may take.
            public var deadline: Duration = .seconds(2)
            /// How long the store rests after it did not answer.
            public var rest: Duration = .seconds(5)
            /// What tells the time for the rest; a test can set its own.
            public var now: @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
            /// Where the marks of versions come from.
            public var random: any RandomSource = SystemRandomSource()

            /// The usual options.
            public init() {}
        }

        public let traits: KeyStoreTraits
        /// The mode whose keys the store holds.
        public let mode: PlatformMode

        let address: String
        let options: Options
        /// The object path of the collection.
        let collectionPath: String
        /// Whether the bus grants the name that makes writers take turns.
        let canExclude: Bool
        let breaker: CircuitBreaker
        let places = ItemPlaces()
        private let readers = BlockingCalls(store: name)
        private let writers = BlockingCalls(store: name, serial: true)
        private let connection: Mutex<ServiceConnection?>
        private let opening = Mutex<Void>(())

        private init(
            mode: PlatformMode, address: String, options: Options, connection: ServiceConnection,
            found: FoundCollection,
            canExclude: Bool
        ) {
            self.mode = mode
            self.address = address
            self.options = options
            self.collectionPath = found.path
            self.canExclude = canExclude
            self.connection = Mutex(connection)
            self.breaker = CircuitBreaker(rest: options.rest, now: options.now)
            self.traits = KeyStoreTraits(
                name: Self.name, provider: found.provider, collection: found.name,
                persistence: found.isVolatile ? .untilReboot : .untilDeleted, protection: .keyring,
                largestValue: Self.largestValue,
                capabilities: canExclude
                    ? [.listing, .locking, .batch, .atomicCreation, .compareAndSwap] : [.listing, .locking, .batch])
        }

        /// Connects to the secret service and finds the collection. A locked collection can be opened: calls then answer
        /// `locked`. Nothing is created and no prompt is shown.
        ///
        /// - Throws: ``PlatformError`` `noSessionBus`, `noService`, `noDefaultCollection`, `volatileStore` (the default
        ///   collection is lost at logout), `timedOut`, `accessDenied`, `disconnected`, each with what to do about it.
        public static func open(mode: PlatformMode, options: Options = Options()) async throws -> SecretServiceKeyStore
        {
            let address = try BusAddress.find(explicit: options.busAddress, store: name)
            let call = ServiceCall(deadline: options.deadline)
            let calls = BlockingCalls(store: name)
            return try await calls.run(deadline: options.deadline, onAbandon: { call.cancel() }) {
                do {
                    call.startTimer()
                    let connection = try ServiceConnection(address: address, store: name, call: call)
                    let found = try FoundCollection(connection, alias: options.collectionAlias, call)
                    if found.isVolatile, !options.allowVolatile {
                        throw PlatformError(
                            .volatileStore, store: name,
                            "The \(options.collectionAlias) collection of the keyring (\(found.name)) is lost at logout.",
                            remedy: "Make a lasting collection the default one in the keyring manager.")
                    }
                    let canExclude = WriterTurn.isPossible(connection, mode: mode, call)
                    return SecretServiceKeyStore(
                        mode: mode, address: address, options: options, connection: connection, found: found,
                        canExclude: canExclude)
                } catch let error as GLibError {
                    throw Self.platformError(error, call)
                }
            }
        }

        /// As ``open(mode:options:)``, on the bus at `busAddress`.
        public static func open(mode: PlatformMode, busAddress: String) async throws -> SecretServiceKeyStore {
            var options = Options()
            options.busAddress = busAddress
            return try await open(mode: mode, options: options)
        }

        // MARK: Calls

        /// Runs `work` on a connection that works, off the cooperative pool, by the deadline.
        func perform<R: Sendable>(
            _ options: CallOptions, isWriting: Bool = false,
            _ work: @escaping @Sendable (ServiceConnection, ServiceCall) throws -> R
        ) async throws -> R {
            switch breaker.admit() {
            case .open: break
            case .refused:
                throw PlatformError(
                    .timedOut, store: Self.name, "The keyring did not answer a moment ago and is left to rest.",
                    remedy: Self.timeoutRemedy)
            case .probe:
                let deadline = min(Self.probeDeadline, options.deadline)
                let alias = self.options.collectionAlias
                _ = try await run(readers, deadline) { connection, call in
                    _ = try connection.readAlias(alias, call)
                }
                breaker.reset()
            }
            return try await run(isWriting ? writers : readers, options.deadline, work)
        }

        static let probeDeadline = Duration.milliseconds(250)
        static let timeoutRemedy = "Try again in a while; if it stays so, restart the keyring service."

        private func run<R: Sendable>(
            _ calls: BlockingCalls, _ deadline: Duration,
            _ work: @escaping @Sendable (ServiceConnection, ServiceCall) throws -> R
        ) async throws -> R {
            let call = ServiceCall(deadline: deadline)
            do {
                return try await calls.run(deadline: deadline, onAbandon: { call.cancel() }) {
                    do {
                        return try self.onConnection(call, work)
                    } catch let error as GLibError {
                        throw Self.platformError(error, call)
                    }
                }
            } catch let error as PlatformError where error.code == .timedOut {
                if call.waitsForTurn.load(ordering: .relaxed) {
                    throw PlatformError(
                        .timedOut, store: Self.name, "Another program was writing to the keyring all the time.",
                        remedy: "Try again; if it stays so, end the other program.", cause: error.cause)
                }
                // A deadline that no service could have met says nothing about this one.
                if deadline >= Self.probeDeadline { breaker.trip() }
                throw PlatformError(
                    .timedOut, store: Self.name, "The keyring did not answer \(deadline.asTimeLimit).",
                    remedy: Self.timeoutRemedy, cause: error.cause)
            }
        }

        func onConnection<R>(
            _ call: ServiceCall, _ work: (ServiceConnection, ServiceCall) throws -> R
        ) throws -> R {
            for isLast in [false, true] {
                let current = try connect(call)
                do {
                    return try work(current, call)
                } catch let error as GLibError where error.isStale && !isLast {
                    // The service was restarted before this call: nothing was done, so it can be done anew.
                    drop(current)
                } catch let error as GLibError where error.isStale || error.isDisconnected {
                    drop(current)
                    throw error
                }
            }
            throw ServiceConnection.noService(Self.name, nil)
        }

        /// The connection in use, or a new one if there is none or the bus has gone.
        private func connect(_ call: ServiceCall) throws -> ServiceConnection {
            func current() -> ServiceConnection? {
                connection.withLock { $0.flatMap { $0.isClosed ? nil : $0 } }
            }
            if let current = current() { return current }
            // One at a time: when the service comes back, one new session is enough for all that waited.
            return try opening.withLock { _ in
                if let current = current() { return current }
                try call.requireWaiting()
                call.startTimer()
                let new = try ServiceConnection(address: address, store: Self.name, call: call)
                let found = try FoundCollection(new, alias: options.collectionAlias, call)
                guard found.path == collectionPath, found.provider == traits.provider else {
                    throw PlatformError(
                        .storeChanged, store: Self.name,
                        "Another keyring answers than before (was: \(traits.provider), collection \(traits.collection); "
                            + "now: \(found.provider), collection \(found.name)).",
                        remedy: "Start the former keyring again, or open the key store anew.")
                }
                connection.withLock { $0 = new }
                return new
            }
        }

        /// Forgets `stale`, unless it was replaced already.
        func drop(_ stale: ServiceConnection) {
            connection.withLock { if $0 === stale { $0 = nil } }
        }

        // MARK: State

        public func state(_ options: CallOptions) async -> KeyStoreState {
            do {
                return try await perform(options) { [collectionPath] connection, call in
                    try FoundCollection.isLocked(collectionPath, connection, call)
                } ? .locked : .ready
            } catch let error as PlatformError {
                return .unavailable(error)
            } catch {
                return .unavailable(
                    PlatformError(.unavailable, store: Self.name, "The keyring was not asked.", cause: error))
            }
        }

        public func lock(options: CallOptions) async throws {
            try await perform(options) { [collectionPath] connection, call in
                let reply = try connection.send(
                    ServiceConnection.servicePath, ServiceConnection.serviceInterface, "Lock",
                    [.paths([collectionPath])], reply: "(aoo)", call)
                Self.dismiss(reply[1]?.text, connection, call)
                guard try FoundCollection.isLocked(collectionPath, connection, call) else {
                    throw PlatformError(
                        .unsupported, store: Self.name, "The keyring does not lock this collection.",
                        remedy: "Lock it in the keyring manager.")
                }
            }
        }

        // MARK: Errors

        static let lockedError = PlatformError(
            .locked, store: name, "The collection of the keyring is locked.",
            remedy: "Unlock it, by logging in, in the keyring manager, or with the unlock option of the tool.")

        /// What `error` means for the caller, where the place it came from does not say more.
        static func platformError(_ error: GLibError, _ call: ServiceCall) -> any Error {
            if error.isCancelled, !call.isExpired { return CancellationError() }
            if error.isTimeout || error.isCancelled {
                return PlatformError(
                    .timedOut, store: name, "The keyring did not answer in time.", remedy: timeoutRemedy, cause: error)
            }
            if error.isStale { return ServiceConnection.noService(name, error) }
            if error.isDisconnected {
                return PlatformError(
                    .disconnected, store: name, "The keyring service went away during the call.",
                    remedy: "Try again; whether a change was made is to be looked up.", cause: error)
            }
            if error.isLocked { return lockedError }
            if error.isAccessDenied {
                return PlatformError(.accessDenied, store: name, "The keyring service refused access.", cause: error)
            }
            return PlatformError(
                .inputOutput, store: name, "The keyring service answered with an error.",
                remedy: "See the log of the keyring service.", cause: error)
        }

        /// Ends a prompt that a call other than unlocking asks for. Says whether there was one.
        @discardableResult
        static func dismiss(_ prompt: String?, _ connection: ServiceConnection, _ call: ServiceCall) -> Bool {
            guard let prompt, prompt != "/" else { return false }
            _ = try? connection.send(prompt, "org.freedesktop.Secret.Prompt", "Dismiss", [], reply: "()", call)
            return true
        }
    }
#endif
