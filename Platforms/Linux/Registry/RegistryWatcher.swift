import Dispatch
import Glibc
import MeshCore
import MeshFiles
import MeshPlatforms

/// Tells of changes of the registry's files by whomever, as the system reports them (inotify), without polling.
final class RegistryWatcher: Sendable {
    private let store: RegistryStore
    private let continuation: AsyncStream<RegistryGeneration>.Continuation
    private let queue: DispatchQueue
    private let watch: Int32

    static func changes(
        of store: RegistryStore, calls: BlockingCalls, directory: @Sendable (_ create: Bool) throws -> Directory?
    ) -> AsyncStream<RegistryGeneration> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            // The directory must be there to be watched. Where it cannot be, nothing can change in it either.
            guard let directory = try? directory(true), let watch = try? directory.watch() else {
                continuation.finish()
                return
            }
            RegistryWatcher(store, continuation, watch).start()
        }
    }

    private init(
        _ store: RegistryStore, _ continuation: AsyncStream<RegistryGeneration>.Continuation, _ watch: Int32
    ) {
        self.store = store
        self.continuation = continuation
        self.watch = watch
        queue = DispatchQueue(label: "mesh.registry.changes", qos: .utility)
    }

    private func start() {
        let source = DispatchSource.makeReadSource(fileDescriptor: watch, queue: queue)
        var last = store.heldGeneration
        let watch = self.watch
        source.setEventHandler { [self] in
            guard Self.drain(watch, for: store.fileName) else { return }
            // What cannot be read now is told of when it has been repaired, which is a change too.
            guard let generation = try? store.snapshot().generation, generation != last else { return }
            last = generation
            continuation.yield(RegistryGeneration(generation))
        }
        source.setCancelHandler { close(watch) }
        let owner = Source(source: source)
        continuation.onTermination = { _ in owner.source.cancel() }
        source.activate()
    }

    // Sendable proof: the source is only ever cancelled, which Dispatch allows from any thread.
    private struct Source: @unchecked Sendable {
        let source: any DispatchSourceRead
    }

    /// Takes all events there are; whether one of them is about `fileName`, or may be.
    private static func drain(_ watch: Int32, for fileName: String) -> Bool {
        var isOurs = false
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = buffer.withUnsafeMutableBytes { Glibc.read(watch, $0.baseAddress, $0.count) }
            guard count > 0 else { return isOurs }
            isOurs = isOurs || Self.contains(fileName, buffer[..<count])
        }
    }

    /// Whether one of `events` names a file whose name starts with `fileName`, or says that events were lost.
    private static func contains(_ fileName: String, _ events: ArraySlice<UInt8>) -> Bool {
        let headSize = MemoryLayout<inotify_event>.size
        var rest = events
        while rest.count >= headSize {
            let event = rest.withUnsafeBytes { $0.loadUnaligned(as: inotify_event.self) }
            let name = rest.dropFirst(headSize).prefix(Int(event.len)).prefix { $0 != 0 }
            if event.mask & UInt32(IN_Q_OVERFLOW) != 0 || name.starts(with: fileName.utf8) { return true }
            rest = rest.dropFirst(headSize + Int(event.len))
        }
        return false
    }
}
