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
        guard isInteractive else { return readSecretLine(STDIN_FILENO, isTyped: false) }
        return ask(prompt, STDIN_FILENO, STDERR_FILENO)
    }

    public func readTerminalSecret(prompt: String) throws -> SecretBytes? {
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard terminal >= 0 else {
            throw PlatformError(
                .promptImpossible, store: "terminal", "There is no terminal at which a passphrase could be asked for.",
                remedy: "Run it in a terminal. Without one, only a key store that is unlocked already can be used, "
                    + "such as a keyring.")
        }
        defer { close(terminal) }
        return ask(prompt, terminal, terminal)
    }

    /// Asks a person, who does not see what is typed.
    private func ask(_ prompt: String, _ input: Int32, _ output: Int32) -> SecretBytes? {
        // Before the prompt, so that nothing is lost that is typed as soon as it is seen.
        guard SilentTerminal.begin(input) else { return readSecretLine(input, isTyped: false) }
        write(prompt, to: output)
        defer {
            SilentTerminal.end()
            write("\n", to: output)
        }
        return readSecretLine(input, isTyped: true)
    }

    /// Lets a terminal show again what is typed, where a prompt has ended that; for a program that is about to end.
    public static func restoreTerminal() { SilentTerminal.end() }

    public func readLine(prompt: String) -> String? {
        guard isInteractive else { return nil }
        write(prompt, to: STDERR_FILENO)
        return Swift.readLine()
    }

    private func write(_ text: String, to descriptor: Int32) {
        Array(text.utf8).withUnsafeBytes { Self.writeAll($0, to: descriptor) }
    }

    /// The next line of the input; nil at its end, or if the line is too long. Read octet by octet, so that nothing is taken
    /// that the next reader needs.
    ///
    /// - Parameter isTyped: whether a person types it, character by character: control characters then edit the line, and
    ///   it is nil on Ctrl-C and on Ctrl-D at the beginning.
    private func readSecretLine(_ input: Int32, isTyped: Bool) -> SecretBytes? {
        var line = SecretBytes(count: Self.longestLine) { (_: UnsafeMutableRawBufferPointer) in }
        var count = 0
        while true {
            var octet: UInt8 = 0
            let got = Glibc.read(input, &octet, 1)
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
