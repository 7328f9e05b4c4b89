import Glibc
import MeshFiles
import MeshPlatforms
import MeshSSH

/// Serves an agent at a socket, for programs of the same user: any number of them one after the other, ``maximumClients`` at a time.
public struct SSHAgentServer: Sendable {
    /// How many programs are served at the same time. More wait until one of them goes.
    public static let maximumClients = 128

    /// Where the socket is to be.
    public let path: String
    private let agent: SSHAgent

    /// A server for `agent`, at `path`. Nothing is there yet.
    public init(path: String, agent: SSHAgent) {
        self.path = path
        self.agent = agent
    }

    /// Makes the socket and serves it until the task is cancelled; then the socket is removed, and the call returns.
    ///
    /// - Parameter ready: is told the path when programs can connect.
    /// - Throws: ``PlatformError`` as ``LocalSocket/init(listeningAt:)``; `inputOutput` and others if it cannot go on.
    public func run(ready: @escaping @Sendable (_ path: String) -> Void = { _ in }) async throws {
        let waker = try Waker()
        let (path, agent) = (path, agent)
        // Not cancelled itself: it has to put things in order first. A deadline that never comes.
        let work = Task {
            try await BlockingCalls(store: path).run(deadline: .seconds(Int64.max)) {
                let socket = try LocalSocket(listeningAt: path)
                ready(socket.path)
                let result = Result {
                    var loop = AgentLoop(socket, agent, waker)
                    try loop.run()
                }
                try socket.remove()
                try result.get()
            }
        }
        try await withTaskCancellationHandler {
            try await work.value
        } onCancel: {
            waker.stop()
        }
    }
}
