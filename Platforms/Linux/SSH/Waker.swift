import Glibc
import MeshPlatforms
import Synchronization

/// How tasks tell the thread that serves clients that something is to be done. It lives for as long as any of them has it.
final class Waker: Sendable {
    private struct State {
        var answers: [(client: Int, answer: [UInt8])] = []
        var isStopped = false
    }
    private let state = Mutex(State())
    private let ends: (read: Int32, write: Int32)

    /// Readable when there is something.
    var number: Int32 { ends.read }

    init() throws {
        var numbers: [Int32] = [-1, -1]
        guard pipe(&numbers) == 0 else {
            throw PlatformError(.inputOutput, store: "ssh agent", "The system gives no pipe: error \(errno).")
        }
        for number in numbers {
            _ = fcntl(number, F_SETFD, FD_CLOEXEC)
            _ = fcntl(number, F_SETFL, O_NONBLOCK)
        }
        ends = (numbers[0], numbers[1])
    }

    deinit {
        close(ends.read)
        close(ends.write)
    }

    /// Tells that the answer for a client is there.
    func post(_ answer: [UInt8], to client: Int) {
        state.withLock { $0.answers.append((client, answer)) }
        wake()
    }

    /// Tells that the work is to end.
    func stop() {
        state.withLock { $0.isStopped = true }
        wake()
    }

    /// What has been told since the last time; nil if the work is to end.
    func take() -> [(client: Int, answer: [UInt8])]? {
        var octets: [UInt8] = [UInt8](repeating: 0, count: 64)
        while Glibc.read(ends.read, &octets, octets.count) > 0 {}
        return state.withLock { state in
            defer { state.answers = [] }
            return state.isStopped ? nil : state.answers
        }
    }

    /// A pipe that is full wakes as well.
    private func wake() { _ = Glibc.write(ends.write, [1], 1) }
}
