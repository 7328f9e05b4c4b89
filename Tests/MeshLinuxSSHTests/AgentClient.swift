import Glibc
import MeshCore
import MeshCryptography
import MeshLinuxSSH
import MeshPlatforms
import MeshSSH
import MeshSSHTestSupport
import Synchronization

/// An agent that serves in this process, at a socket in a directory of the test's.
struct ServedAgent {
    let directory: TemporaryDirectory
    let path: String
    private let task: Task<Void, any Error>

    /// Serves when the call returns.
    init(_ agent: SSHAgent, at path: String? = nil, in directory: TemporaryDirectory) async throws {
        self.directory = directory
        let path = path ?? directory.file("agent/socket")
        self.path = path
        let (ready, continuation) = AsyncStream<String>.makeStream()
        task = Task {
            defer { continuation.finish() }
            try await SSHAgentServer(path: path, agent: agent).run { continuation.yield($0) }
        }
        for await _ in ready { return }
        // It ended before it was ready: says why.
        try await task.value
    }

    /// Ends it, and waits until it has gone.
    func stop() async throws {
        task.cancel()
        try await task.value
    }
}

/// A client that says what it likes. Everything blocks.
final class RawClient: Sendable {
    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw PlatformError(.unavailable, store: path, "No connection: \(errno).") }
    }

    deinit { close(descriptor) }

    /// Sends octets as they are. False if the agent has hung up.
    @discardableResult
    func send(_ octets: [UInt8]) -> Bool {
        var rest = octets[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0 { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Says that nothing more comes.
    func finish() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// The next answer, from its kind on; nil if the agent has hung up.
    func receive() -> [UInt8]? {
        guard let header = read(4) else { return nil }
        return read(header.reduce(0) { $0 << 8 | Int($1) })
    }

    /// The answer to a message.
    func ask(_ message: [UInt8]) -> [UInt8]? {
        send(SSHAgentStream.framed(message))
        return receive()
    }

    private func read(_ count: Int) -> [UInt8]? {
        var octets: [UInt8] = []
        while octets.count < count {
            var piece = [UInt8](repeating: 0, count: count - octets.count)
            let got = Glibc.read(descriptor, &piece, piece.count)
            guard got > 0 else { return nil }
            octets += piece.prefix(got)
        }
        return octets
    }
}

/// Runs what blocks off the cooperative pool.
func blocking<R: Sendable>(_ work: @escaping @Sendable () throws -> R) async throws -> R {
    try await BlockingCalls(store: "test").run(deadline: .seconds(300), work)
}

/// A signer with a key of a test's.
func testSigner(seed: UInt64, comment: String = "mmm:alice@example.com [desk]") throws -> BorrowedKeySigner {
    let key = try PrivateKey.generate(.ed25519, from: SeededRandomSource(seed: seed))
    return BorrowedKeySigner(try SSHPublicKey(key.publicKey, comment: comment)) { key }
}
