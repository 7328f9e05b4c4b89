import Glibc
import MeshCore
import MeshPlatforms

/// Standard input, output and error, and the terminal for secrets.
public struct TerminalConsole: Console {
    /// The longest line that is read, in octets.
    private static let longestLine = 4096

    /// The process's own.
    public init() {}

    public var isInteractive: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

    public func write(_ octets: UnsafeRawBufferPointer) { Self.writeAll(octets, to: STDOUT_FILENO) }

    public func writeError(_ octets: UnsafeRawBufferPointer) { Self.writeAll(octets, to: STDERR_FILENO) }

    private static func writeAll(_ octets: UnsafeRawBufferPointer, to descriptor: Int32) {
        var rest = octets
        while let base = rest.baseAddress, !rest.isEmpty {
            let written = Glibc.write(descriptor, base, rest.count)
            if written < 0 {
                if errno == EINTR { continue }
                // The reader went away: there is nobody left to tell.
                return
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
    }

    public var showsProgress: Bool { isatty(STDERR_FILENO) == 1 }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try FileOctets.read(STDIN_FILENO, into: buffer, named: "standard input")
    }

    public func writeContent(_ octets: UnsafeRawBufferPointer) throws {
        try FileOctets.write(octets, to: STDOUT_FILENO, named: "standard output")
    }

    public func readSecret(prompt: String) -> SecretBytes? {
        guard isInteractive else { return readSecretLine(isTyped: false) }
        writeError(prompt)
        var former = termios()
        guard tcgetattr(STDIN_FILENO, &former) == 0 else { return readSecretLine(isTyped: false) }
        // Character by character, without echo and without signals: Ctrl-C arrives as a character, so that the terminal
        // is always put back before anything else happens.
        var silent = former
        silent.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &former)
            writeError("\n")
        }
        return readSecretLine(isTyped: true)
    }

    public func readLine(prompt: String) -> String? {
        guard isInteractive else { return nil }
        writeError(prompt)
        return Swift.readLine()
    }

    private func writeError(_ text: String) {
        let octets = Array(text.utf8)
        octets.withUnsafeBytes { writeError($0) }
    }

    /// The next line of the input; nil at its end, or if the line is too long. Read octet by octet, so that nothing is taken
    /// that the next reader needs.
    ///
    /// - Parameter isTyped: whether a person types it, character by character: control characters then edit the line, and
    ///   it is nil on Ctrl-C and on Ctrl-D at the beginning.
    private func readSecretLine(isTyped: Bool) -> SecretBytes? {
        var line = SecretBytes(count: Self.longestLine) { (_: UnsafeMutableRawBufferPointer) in }
        var count = 0
        while true {
            var octet: UInt8 = 0
            let got = Glibc.read(STDIN_FILENO, &octet, 1)
            if got < 0, errno == EINTR { continue }
            guard got == 1 else { return count == 0 ? nil : line.duplicate(0..<count) }
            switch (octet, isTyped) {
            case (0x0A, _), (0x0D, true): return line.duplicate(0..<count)
            case (0x0D, false): continue
            case (0x03, true): return nil
            case (0x04, true):
                if count == 0 { return nil }
            case (0x7F, true), (0x08, true): count = max(0, count - 1)
            case (0x15, true): count = 0
            default:
                guard count < Self.longestLine else { return nil }
                let place = count
                line.withUnsafeMutableBytes { $0[place] = octet }
                count += 1
            }
        }
    }
}
