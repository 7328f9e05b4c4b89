import Dispatch
import Glibc
import MeshCore
import Synchronization

/// The longest name, key, path, account, PIN or version that is taken, in octets without the end.
let longestText = 4096
/// The longest content of an entry that is taken, in octets without the end.
let longestContent = 1_048_576

/// What another language gives: a text that ends in a null octet.
struct ForeignText {
    let start: UnsafePointer<CChar>?

    init(_ start: UnsafePointer<CChar>?) { self.start = start }

    /// The octets, which are UTF-8, and no more than `limit`.
    func withOctets<R>(_ limit: Int = longestText, _ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
        guard let start else { throw LightError(.invalidArgument, "A text is NULL.") }
        // Looks no further than the limit, so that a text without an end does no harm within it.
        let count = strnlen(start, limit + 1)
        guard count <= limit else { throw LightError(.tooLong, "A text is longer than \(limit) octets.") }
        let octets = UnsafeRawBufferPointer(start: start, count: count)
        guard isUTF8(octets) else { throw LightError(.invalidText, "A text is not UTF-8.") }
        return try body(octets)
    }

    /// Checks without a copy, because a secret may be in it.
    private func isUTF8(_ octets: UnsafeRawBufferPointer) -> Bool {
        var decoder = UTF8()
        var iterator = octets.makeIterator()
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue: continue
            case .emptyInput: return true
            case .error: return false
            }
        }
    }

    /// The text, which must not be empty.
    func required() throws -> String {
        let text = try withOctets { String(decoding: $0, as: UTF8.self) }
        guard !text.isEmpty else { throw LightError(.invalidArgument, "A text is empty.") }
        return text
    }

    /// The text, which must not be empty; nil for NULL.
    func optional() throws -> String? { start == nil ? nil : try required() }

    /// The content of an entry, in memory that is wiped.
    func content() throws -> SharedSecret {
        try withOctets(longestContent) { SharedSecret(SecretBytes(copying: $0)) }
    }

    /// What a change is made on: NULL for whatever is there, an empty text for nothing.
    func base() throws -> LightBase {
        guard start != nil else { return .any }
        let token = try withOctets { String(decoding: $0, as: UTF8.self) }
        return token.isEmpty ? .new : .version(token)
    }

    /// The secret, in memory that is wiped; nil for NULL.
    func secret() throws -> SharedSecret? {
        guard start != nil else { return nil }
        return try withOctets { octets in
            guard !octets.isEmpty else { throw LightError(.invalidArgument, "A secret is empty.") }
            return SharedSecret(SecretBytes(copying: octets))
        }
    }
}

/// Where another language wants a text: its own memory, and how much is needed.
struct ForeignBuffer {
    let start: UnsafeMutablePointer<CChar>?
    let size: Int
    let needed: UnsafeMutablePointer<Int>?

    init(_ start: UnsafeMutablePointer<CChar>?, _ size: Int, _ needed: UnsafeMutablePointer<Int>?) {
        self.start = start
        self.size = size
        self.needed = needed
    }

    /// Says that there is nothing yet.
    func clear() throws {
        guard size >= 0, start != nil || size == 0 else {
            throw LightError(.invalidArgument, "A buffer is NULL, or its size is none.")
        }
        needed?.pointee = 0
        if size > 0 { start?.pointee = 0 }
    }

    /// Whether a text of so many octets fits. Says how much is needed.
    func fits(_ count: Int) -> Bool {
        needed?.pointee = count + 1
        return start != nil && size > count
    }

    /// Puts the octets and a null octet there, which ``fits(_:)`` has said do fit.
    func put(_ octets: [UInt8]) {
        guard let start, size > octets.count else { return }
        octets.withUnsafeBytes { UnsafeMutableRawBufferPointer(start: start, count: size).copyMemory(from: $0) }
        start[octets.count] = 0
    }

    /// Puts a text there, if it fits.
    func give(_ text: String) throws {
        let octets = Array(text.utf8)
        guard fits(octets.count) else { throw tooSmall }
        put(octets)
    }

    var tooSmall: LightError { LightError(.bufferTooSmall, "A buffer is too small.") }
}

/// Where another language wants a content and its version.
struct ForeignRooms {
    private let content: ForeignBuffer
    private let version: ForeignBuffer

    /// Says that there is nothing yet.
    init(_ content: ForeignBuffer, _ version: ForeignBuffer) throws {
        self.content = content
        self.version = version
        try content.clear()
        try version.clear()
    }

    /// Puts both there, or neither. A version for which there is no room at all is not wanted.
    ///
    /// - Throws: ``LightError`` `bufferTooSmall`.
    func put(_ octets: [UInt8], _ token: String) throws {
        let token = Array(token.utf8)
        // Both are asked, so that both say how much they need.
        let (fits, versionFits) = (content.fits(octets.count), version.fits(token.count))
        guard fits, versionFits || version.start == nil else { throw content.tooSmall }
        content.put(octets)
        version.put(token)
    }
}

/// Runs `work` on the pool and blocks until it is done. Not to be called on the pool itself.
func blocking<R: Sendable>(_ work: @escaping @Sendable () async throws -> R) throws -> R {
    let outcome = Outcome<R>()
    Task.detached {
        do { outcome.finish(.success(try await work())) } catch { outcome.finish(.failure(error)) }
    }
    return try outcome.wait()
}

private final class Outcome<R: Sendable>: Sendable {
    private let done = DispatchSemaphore(value: 0)
    private let result = Mutex<Result<R, any Error>?>(nil)

    func finish(_ value: Result<R, any Error>) {
        result.withLock { $0 = value }
        done.signal()
    }

    func wait() throws -> R {
        done.wait()
        guard
            let value = result.withLock({ value in
                defer { value = nil }
                return value
            })
        else { throw LightError(.failed, "A call has ended without a result.") }
        return try value.get()
    }
}
