import Glibc
import MeshFiles
import MeshPlatforms
import MeshSSH

/// The thread that serves all clients: it waits for whichever of them has something to say, and leaves signing to tasks.
///
/// Of each client one message is worked on at a time, and nothing more is read before its answer was taken: memory is bounded by
/// the number of clients.
struct AgentLoop: ~Copyable {
    private struct Client {
        let descriptor: Int32
        var stream = SSHAgentStream()
        /// What is being sent.
        var output: ArraySlice<UInt8> = []
        /// Whether an answer is being made.
        var isBusy = false
        /// Whether it says no more.
        var hasEnded = false

        var events: Int32 { isBusy ? 0 : output.isEmpty ? Int32(POLLIN) : Int32(POLLOUT) }
    }

    private let socket: LocalSocket
    private let agent: SSHAgent
    private let waker: Waker
    private var clients: [Int: Client] = [:]
    private var numbers = 0
    /// Whether no descriptor was free: then it is tried again when one may be.
    private var isFull = false
    private static let pause: Int32 = 1000

    init(_ socket: LocalSocket, _ agent: SSHAgent, _ waker: Waker) {
        self.socket = socket
        self.agent = agent
        self.waker = waker
    }

    deinit {
        for client in clients.values { close(client.descriptor) }
    }

    /// Serves until the waker says that it is enough.
    mutating func run() throws {
        while true {
            let order = clients.keys.sorted()
            let accepts = !isFull && clients.count < SSHAgentServer.maximumClients
            var watched = [pollfd(fd: waker.number, events: Int16(POLLIN), revents: 0)]
            watched.append(pollfd(fd: accepts ? socket.number : -1, events: Int16(POLLIN), revents: 0))
            for number in order {
                guard let client = clients[number] else { continue }
                watched.append(pollfd(fd: client.descriptor, events: Int16(client.events), revents: 0))
            }
            guard poll(&watched, nfds_t(watched.count), isFull ? Self.pause : -1) >= 0 || errno == EINTR else {
                throw PlatformError(.inputOutput, store: socket.path, "Waiting failed: error \(errno).")
            }
            isFull = false
            guard let answers = waker.take() else { return }
            for (number, answer) in answers { send(answer, to: number) }
            if watched[1].revents != 0 { try accept() }
            for (number, watched) in zip(order, watched.dropFirst(2)) where watched.revents != 0 {
                serve(number, Int32(watched.revents))
            }
        }
    }

    private mutating func accept() throws {
        while clients.count < SSHAgentServer.maximumClients {
            do {
                guard let descriptor = try socket.accept() else { return }
                numbers += 1
                clients[numbers] = Client(descriptor: descriptor)
            } catch {
                isFull = true
                return
            }
        }
    }

    private mutating func serve(_ number: Int, _ events: Int32) {
        guard let client = clients[number] else { return }
        if client.isBusy || events & (Int32(POLLIN) | Int32(POLLOUT)) == 0 {
            // Only that it is gone is ever told of one that waits for its answer.
            if events & (Int32(POLLHUP) | Int32(POLLERR) | Int32(POLLNVAL)) != 0 { remove(number) }
            return
        }
        if client.output.isEmpty { receive(number) } else { flush(number) }
    }

    private mutating func receive(_ number: Int) {
        guard let descriptor = clients[number]?.descriptor else { return }
        let size = 65_536
        var count = 0
        let octets = [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
            count = Glibc.read(descriptor, buffer.baseAddress, size)
            filled = max(count, 0)
        }
        if count < 0 {
            if errno != EAGAIN, errno != EINTR { remove(number) }
            return
        }
        if count == 0 { clients[number]?.hasEnded = true }
        clients[number]?.stream.append(octets)
        next(number)
    }

    /// Has the next message answered, if it is there.
    private mutating func next(_ number: Int) {
        do {
            guard let message = try clients[number]?.stream.next() else {
                if clients[number]?.hasEnded == true { remove(number) }
                return
            }
            clients[number]?.isBusy = true
            Task { [agent, waker] in waker.post(await agent.answer(message), to: number) }
        } catch {
            remove(number)
        }
    }

    private mutating func send(_ answer: [UInt8], to number: Int) {
        guard clients[number] != nil else { return }
        clients[number]?.isBusy = false
        clients[number]?.output = SSHAgentStream.framed(answer)[...]
        flush(number)
    }

    private mutating func flush(_ number: Int) {
        while let client = clients[number], !client.output.isEmpty {
            let count = client.output.withUnsafeBytes {
                Glibc.send(client.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if errno == EINTR { continue }
                if errno != EAGAIN { remove(number) }
                return
            }
            clients[number]?.output = client.output.dropFirst(count)
        }
        next(number)
    }

    private mutating func remove(_ number: Int) {
        if let client = clients.removeValue(forKey: number) { close(client.descriptor) }
    }
}
