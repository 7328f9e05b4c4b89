import Glibc
import Synchronization

/// A terminal that shows nothing of what is typed while somebody is asked for a secret.
///
/// It is put back at the end of the program too, if that comes while the question is open; a program that ends by a signal calls
/// ``end()`` before.
enum SilentTerminal {
    private struct Silenced {
        let descriptor: Int32
        var former: termios
    }
    private static let silenced = Mutex<Silenced?>(nil)
    private static let endsAtExit: Void = { atexit { SilentTerminal.end() } }()

    /// Makes the terminal silent: typing arrives character by character, Ctrl-C as a character too.
    ///
    /// - Returns: false if the descriptor is that of no terminal.
    static func begin(_ descriptor: Int32) -> Bool {
        var former = termios()
        guard tcgetattr(descriptor, &former) == 0 else { return false }
        endsAtExit
        silenced.withLock { $0 = Silenced(descriptor: descriptor, former: former) }
        var silent = former
        silent.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
        return tcsetattr(descriptor, TCSAFLUSH, &silent) == 0
    }

    /// Puts the terminal back. Nothing happens where none is silent.
    static func end() {
        silenced.withLock { state in
            guard var terminal = state else { return }
            tcsetattr(terminal.descriptor, TCSAFLUSH, &terminal.former)
            state = nil
        }
    }
}
