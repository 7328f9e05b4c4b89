import Synchronization

/// A context that another language holds by number, and what went wrong with it last.
final class OpenContext: Sendable {
    let context: LightContext
    private let error = Mutex("")

    var lastError: String {
        get { error.withLock { $0 } }
        set { error.withLock { $0 = newValue } }
    }

    init(_ context: LightContext) { self.context = context }
}

/// The contexts that are open. A number is drawn at random and not given again while another has it, so that one that was
/// closed, or made up, is known for what it is. A call that is going on keeps its context; closing does not disturb it.
final class ContextTable: Sendable {
    static let shared = ContextTable()
    /// How many may be open: a program that opens more forgets to close them.
    static let maximum = 1024

    private let contexts = Mutex<[UInt64: OpenContext]>([:])
    private let openError = Mutex("")

    /// Why no context could be opened, or none was meant.
    var lastError: String {
        get { openError.withLock { $0 } }
        set { openError.withLock { $0 = newValue } }
    }

    subscript(handle: UInt64) -> OpenContext? { contexts.withLock { $0[handle] } }

    /// Gives a context a number; nil if too many are open.
    func insert(_ context: LightContext) -> UInt64? {
        contexts.withLock { contexts in
            guard contexts.count < Self.maximum else { return nil }
            while true {
                let handle = UInt64.random(in: 1...UInt64.max)
                guard contexts[handle] == nil else { continue }
                contexts[handle] = OpenContext(context)
                return handle
            }
        }
    }

    /// Closes a context; false if there is none of that number.
    func remove(_ handle: UInt64) -> Bool { contexts.withLock { $0.removeValue(forKey: handle) } != nil }
}
