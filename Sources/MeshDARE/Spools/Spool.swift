import MeshCore
import MeshCryptography
import MeshEncoding
import MeshPlatforms
import Synchronization

/// A spool: Mesh messages in the order in which they were put in, each in its envelope, with a state that later messages
/// change (`dare-12` §7.2, `schema-08` §5).
///
/// Opening it reads the headers of all frames, and the contents of those messages that may change states. Each call sees
/// what other threads and processes have appended before. Every call blocks.
public final class Spool: Sendable {
    /// Which spool it is.
    public let kind: SpoolKind
    private let sequence: DARESequence
    private let options: SpoolOptions
    private let state: Mutex<State>

    private struct State {
        var scanner: CatalogScanner
        var messages: [SpoolMessage] = []
        /// Where in `messages` an envelope is.
        var places: [ExactText: Int] = [:]
        /// What was said of messages that have not come yet.
        var early: [ExactText: SpoolState] = [:]
        /// How many of those there may be: what others send is not kept without a bound.
        static let mostEarly = 10_000

        /// Reads the headers of the frames up to `end`.
        mutating func read(to end: Int, complete: (_ position: Int) throws -> MessageComplete?) throws {
            var scanner = scanner
            defer { self.scanner = scanner }
            try scanner.scan(to: end) { header, frame, position in
                guard frame > 0 else { return }
                try take(EnvelopeMembers(header: header), frame: frame, position: position, complete: complete)
            }
        }

        private mutating func take(
            _ members: EnvelopeMembers, frame: Int, position: Int,
            complete: (_ position: Int) throws -> MessageComplete?
        ) throws {
            guard let id = members.envelopeID else { return }
            let type = try members.contentMeta.messageType
            // The first one of an identifier counts: nobody can put another in its place.
            if places[ExactText(id)] == nil {
                places[ExactText(id)] = messages.count
                messages.append(
                    SpoolMessage(
                        envelopeID: id, messageType: type, received: members.received, frame: frame,
                        position: position, state: early.removeValue(forKey: ExactText(id)) ?? .initial))
            }
            guard type == nil || type?.asLabel == MessageComplete.tag, let complete = try complete(position) else {
                return
            }
            for (message, state) in complete.references {
                guard let id = UDF(message) else { continue }
                let envelope = ExactText(MessageIdentifiers(of: id).envelope.text)
                if let place = places[envelope] {
                    messages[place].state = state
                } else if early.count < Self.mostEarly {
                    early[envelope] = state
                }
            }
        }
    }

    // MARK: Making and opening

    /// Opens the spool in `directory`, in whatever spelling its file has; makes it if it is not there.
    ///
    /// - Throws: ``DAREError``, ``PlatformError`` as ``DARESequence/open(_:in:_:wholeRuns:keys:random:)``.
    public static func openOrCreate(
        _ kind: SpoolKind, in directory: any ContainerDirectory, options: SpoolOptions
    ) throws -> Spool {
        while true {
            if let spool = try open(kind, in: directory, options: options) { return spool }
            do {
                let sequence = try DARESequence.create(
                    kind.store.fileName, in: directory, SequenceOptions(.chain), keys: options.keys,
                    random: options.random)
                return try Spool(kind, sequence, options)
            } catch let error as PlatformError where error.code == .alreadyExists {
                continue
            }
        }
    }

    /// Opens the spool in `directory`; nil if it is not there.
    public static func open(
        _ kind: SpoolKind, in directory: any ContainerDirectory, _ access: ContainerAccess = .append,
        options: SpoolOptions
    ) throws -> Spool? {
        guard let name = kind.store.find(in: try directory.names()).first,
            let sequence = try DARESequence.open(
                name, in: directory, access, keys: options.keys, random: options.random)
        else { return nil }
        return try Spool(kind, sequence, options)
    }

    private init(_ kind: SpoolKind, _ sequence: DARESequence, _ options: SpoolOptions) throws {
        self.kind = kind
        self.sequence = sequence
        self.options = options
        state = Mutex(State(scanner: CatalogScanner(sequence)))
        try current { _ in }
    }

    // MARK: Catching up

    private func current<R>(_ body: (inout State) throws -> R) throws -> R {
        try state.withLock { state in
            try sequence.refresh()
            try state.read(to: sequence.extent.end, complete: complete(at:))
            return try body(&state)
        }
    }

    /// The message at `position`, if it changes states and can be read.
    private func complete(at position: Int) throws -> MessageComplete? {
        do {
            let frame = try SequenceFrame(sequence.log.frame(at: position))
            guard let complete = MessageComplete(try sequence.content(of: frame)) else { return nil }
            return options.mayChangeStates.allows(try Self.envelope(frame)) ? complete : nil
        } catch let error as DAREError where Catalog.isForOthers(error) {
            return nil
        }
    }

    // MARK: Looking

    /// How many messages there are.
    public var count: Int { get throws { try current { $0.messages.count } } }

    /// The message in the envelope of this identifier; nil if there is none.
    public func find(envelopeID: String) throws -> SpoolMessage? {
        try current { state in state.places[ExactText(envelopeID)].map { state.messages[$0] } }
    }

    /// The message of this identifier; nil if there is none.
    public func find(messageID: UDF) throws -> SpoolMessage? {
        try find(envelopeID: MessageIdentifiers(of: messageID).envelope.text)
    }

    /// Messages, the newest first.
    ///
    /// - Parameters:
    ///   - limit: the most that are returned.
    ///   - frame: only messages that came before this frame: the frame of the last message of the page before.
    ///   - state: only messages in this state.
    public func messages(
        _ limit: Int = 100, before frame: Int = .max, state wanted: SpoolState? = nil
    ) throws -> [SpoolMessage] {
        try current { state in
            var page: [SpoolMessage] = []
            for message in state.messages.reversed() where message.frame < frame {
                if page.count >= limit { break }
                if wanted == nil || message.state == wanted { page.append(message) }
            }
            return page
        }
    }

    /// The envelope that a message came in: its body as it was, so that signatures verify.
    public func envelope(of message: SpoolMessage) throws -> DAREEnvelope {
        try Self.envelope(frame(of: message))
    }

    private static func envelope(_ frame: SequenceFrame) throws -> DAREEnvelope {
        let members = try frame.members
        return DAREEnvelope(header: members.header, body: Array(frame.payload), trailer: members.trailer)
    }

    /// The content of a message: verified against its digest, and decrypted. Who signed it is for
    /// ``DAREEnvelope/verify(by:rule:)`` of its envelope to say.
    ///
    /// - Throws: ``DAREError`` as ``DARESequence/content(of:)``.
    public func content(of message: SpoolMessage) throws -> [UInt8] {
        try sequence.content(of: frame(of: message))
    }

    private func frame(of message: SpoolMessage) throws -> SequenceFrame {
        let frame = try SequenceFrame(sequence.log.frame(at: message.position))
        guard frame.index == message.frame else {
            throw DAREError(
                .malformed, "In \(sequence.path), the frame at \(message.position) is not frame \(message.frame).")
        }
        return frame
    }

    // MARK: Changing

    /// Puts a message in, in the envelope it came in: its body stays as it is, its trailer's members move into the header.
    ///
    /// - Parameters:
    ///   - envelope: the envelope; its `EnvelopeId` is derived from the message's identifier (``MessageIdentifiers``).
    ///   - durability: when to return.
    /// - Returns: the message; if one of that identifier is there already, that one, and nothing is put in.
    /// - Throws: ``CatalogError`` `invalidKey` for an envelope without identifier; ``DAREError``, ``PlatformError`` as
    ///   ``DARESequence/append(durability:until:_:)``.
    @discardableResult
    public func append(
        _ envelope: DAREEnvelope, durability: FrameLog.Durability = .grouped,
        until deadline: ContinuousClock.Instant = .now + .seconds(10)
    ) throws -> SpoolMessage {
        guard let id = envelope.members.envelopeID, !id.isEmpty else {
            throw CatalogError(.invalidKey, "A message for \(sequence.path) has no envelope identifier.")
        }
        try sequence.append(durability: durability, until: deadline) { appender in
            let isThere = try state.withLock { state in
                try state.read(to: appender.batch.start, complete: complete(at:))
                return state.places[ExactText(id)] != nil
            }
            guard !isThere else { return }
            var content = CopiedFrame.content(envelope.body, envelope.members)
            content.received = options.clock.now
            try appender.append(content, isLast: true)
        }
        guard let message = try find(envelopeID: id) else {
            throw DAREError(.noSuchFrame, "A message that was put into \(sequence.path) is not there.")
        }
        return message
    }

    /// Makes a message and puts it in.
    ///
    /// - Parameters:
    ///   - message: the members of the message; `MessageId` is set to `id`.
    ///   - type: the name of its type, as `MessageContact`.
    ///   - sealer: to whom it is encrypted, and who signs it.
    @discardableResult
    public func append(
        _ message: JSONObject, type: String, id: UDF, sealer: EnvelopeSealer = EnvelopeSealer(),
        durability: FrameLog.Durability = .grouped
    ) throws -> SpoolMessage {
        var message = message
        message["MessageId"] = .string(id.text)
        let content = JSONValue.object([type: .object(message)]).compact
        return try append(Self.seal(content, type: type, id: id, sealer), durability: durability)
    }

    private static func seal(
        _ content: [UInt8], type: String, id: UDF, _ sealer: EnvelopeSealer
    ) throws -> DAREEnvelope {
        var sealer = sealer
        sealer.envelopeID = MessageIdentifiers(of: id).envelope.text
        var meta = sealer.contentMeta ?? ContentMeta()
        meta.messageType = type
        meta.uniqueID = id.text
        sealer.contentMeta = meta
        return try sealer.seal(content)
    }

    /// Says that messages are in a state from now on, by a MessageComplete.
    ///
    /// - Parameter sealer: to whom that is encrypted, and who signs it.
    /// - Throws: ``CatalogError`` `notFound` if one of the messages is not here, `invalidEntry` for a state that messages
    ///   of this spool do not have, or if ``SpoolOptions/mayChangeStates`` does not allow
    ///   it; as ``append(_:durability:until:)``.
    public func setState(
        _ state: SpoolState, of messages: [UDF], sealer: EnvelopeSealer = EnvelopeSealer(),
        durability: FrameLog.Durability = .grouped
    ) throws {
        guard kind.states.contains(state) else {
            throw CatalogError(.invalidEntry, "A message in \(sequence.path) cannot be in the state \(state.rawValue).")
        }
        for message in messages where try find(messageID: message) == nil {
            throw CatalogError(.notFound, "There is no message \(message) in \(sequence.path).")
        }
        let id = UDF(type: .nonce, value: options.random.bytes(20))
        let envelope = try Self.seal(
            MessageComplete.content(id: id, messages, state), type: MessageComplete.tag, id: id, sealer)
        guard options.mayChangeStates.allows(envelope) else {
            throw CatalogError(
                .invalidEntry,
                "A change of states in \(sequence.path) would not count: it is not signed as is asked for.",
                remedy: "Sign it with a key that may change states.")
        }
        try append(envelope, durability: durability)
    }
}

/// A message in a spool.
public struct SpoolMessage: Hashable, Sendable {
    /// The identifier of its envelope, derived from its own.
    public let envelopeID: String
    /// The name of its type, as the envelope says; nil if it does not.
    public let messageType: String?
    /// When it was put in, as the frame says.
    public let received: Timestamp?
    /// The number of its frame.
    public let frame: Int
    let position: Int
    /// What has become of it.
    public internal(set) var state: SpoolState
}

/// How a spool is used.
public struct SpoolOptions: Sendable {
    /// The keys to read with.
    public var keys = SequenceKeys.none
    /// Whose MessageCompletes may change states.
    public var mayChangeStates: SpoolStateRule
    /// The clock that tells when a message was put in.
    public var clock: any MeshClock = SystemClock()
    /// Where random octets come from.
    public var random: any RandomSource = SystemRandomSource()

    /// A spool without keys to read with.
    public init(mayChangeStates: SpoolStateRule) { self.mayChangeStates = mayChangeStates }
}
