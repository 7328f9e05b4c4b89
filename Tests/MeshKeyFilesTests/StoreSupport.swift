import Glibc
import MeshCore
import MeshCryptography
import MeshPlatforms
import MeshSSHTestSupport
import Synchronization
import Testing

@testable import MeshKeyFiles

/// A cost that tests can afford many times.
let smallCost = try? Scrypt(cost: 16, blockSize: 1, parallelization: 1)

let ci = PlatformMode.test("ci")

extension TemporaryDirectory {
    /// A sealed store in this directory; locked.
    func sealed(
        _ words: String? = "correct horse", mode: PlatformMode = ci, provider: (any PassphraseProvider)? = nil
    ) throws -> KeyFileStore {
        let given = words.map { GivenPassphrase(passphrase($0)) }
        return KeyFileStore(
            root: file("root"), mode: mode, sealing: .passphrase(provider ?? given, cost: try #require(smallCost)))
    }

    /// A sealed store in this directory; unlocked.
    func unlocked(_ words: String = "correct horse", mode: PlatformMode = ci) async throws -> KeyFileStore {
        let store = try sealed(words, mode: mode)
        try await store.unlock(.withoutPrompt, options: CallOptions(deadline: .seconds(300)))
        return store
    }

    func clear(mode: PlatformMode = ci) -> KeyFileStore {
        KeyFileStore(root: file("root"), mode: mode, sealing: .clear)
    }

    /// The name of the file of `item` in this directory.
    func name(_ item: KeyItem) -> String { "root/keys/\(item.identifier.text)" }

    /// Every file below the root, with its content and mode.
    func snapshot() throws -> [String: String] {
        let found = try Command(
            "sh", "-c", "cd '\(path)' && find . -printf '%p %m %l\\n' | sort && find . -type f -exec sha256sum {} +")
        return Dictionary(
            found.output.split(separator: "\n").enumerated().map { ("\($0.offset)", String($0.element)) },
            uniquingKeysWith: { $1 })
    }
}

func newItem(_ keyClass: KeyClass = .application, account: String? = nil, label: String? = nil) throws -> KeyItem {
    try KeyItem(
        identifier: UDF(type: .digestSHA2, value: SystemRandomSource().bytes(32)), keyClass: keyClass, account: account,
        label: label)
}

extension KeyFileStore {
    /// Stores octets that are no secret.
    func put(_ octets: [UInt8], as item: KeyItem, _ replacement: KeyReplacement = .never) async throws {
        try await store(SecretBytes(copying: octets), as: item, replacement: replacement, options: CallOptions())
    }

    /// The octets of a key; nil if it is absent.
    func get(_ item: KeyItem) async throws -> [UInt8]? {
        guard let key = try await read(item.identifier) else { return nil }
        #expect(key.item == item)
        return key.secret.octets()
    }
}

/// A prompt that counts its questions and answers when told.
final class ScriptedPrompt: PassphraseProvider {
    private struct State {
        var asked: [PassphraseRequest] = []
        var waiting: [CheckedContinuation<String?, Never>] = []
        var watchers: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())

    var isInteractive: Bool { true }
    var asked: [PassphraseRequest] { state.withLock { $0.asked } }

    func passphrase(for request: PassphraseRequest) async throws -> SecretBytes? {
        let words = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let watchers = state.withLock { state in
                    state.asked.append(request)
                    state.waiting.append(continuation)
                    defer { state.watchers = [] }
                    return state.watchers
                }
                for watcher in watchers { watcher.resume() }
                if Task.isCancelled { answer(nil) }
            }
        } onCancel: {
            answer(nil)
        }
        try Task.checkCancellation()
        guard let words else { return nil }
        return SecretBytes(text: words)
    }

    /// Returns when a question is open.
    func untilAsked() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if state.waiting.isEmpty { state.watchers.append(continuation) }
                return !state.waiting.isEmpty
            }
            if isOpen { continuation.resume() }
        }
    }

    func answer(_ words: String?) {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume(returning: words) }
    }
}
