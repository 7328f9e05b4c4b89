import MeshCore
import MeshPlatforms

/// Where people copy things to and paste them from. Every call blocks.
public protocol Clipboard: Sendable {
    /// For messages.
    var name: String { get }
    /// Puts a secret there.
    func copy(_ secret: borrowing SecretBytes) throws
    /// Whether the secret is there, and nothing else.
    func holds(_ secret: borrowing SecretBytes) throws -> Bool
    /// Takes away whatever is there.
    func clear() throws
}

/// The clipboard of a desktop, through one of the programs that reach it. Secrets go through their standard input, never through
/// their arguments, which everybody on the machine can read.
public struct ProgramClipboard: Clipboard {
    public let name: String
    private let copying: [String]
    private let pasting: [String]
    private let clearing: [String]

    /// Finds a program that is there for the desktop that is running.
    ///
    /// - Parameter variable: gives variables of the environment.
    /// - Throws: ``PlatformError`` `unsupported`, with what to install.
    public init(variable: (String) -> String?) throws(PlatformError) {
        func isSet(_ name: String) -> Bool { variable(name).map { !$0.isEmpty } ?? false }
        func find(_ program: String) -> String? { ChildProgram.find(program, in: variable("PATH")) }
        if isSet("WAYLAND_DISPLAY"), let copy = find("wl-copy"), let paste = find("wl-paste") {
            name = "wl-copy"
            (copying, pasting, clearing) = ([copy], [paste, "--no-newline"], [copy, "--clear"])
        } else if isSet("DISPLAY"), let program = find("xclip") {
            name = "xclip"
            let selection = ["-selection", "clipboard"]
            copying = [program] + selection + ["-in"]
            pasting = [program] + selection + ["-out"]
            // With nothing on its standard input.
            clearing = copying
        } else if isSet("DISPLAY"), let program = find("xsel") {
            name = "xsel"
            copying = [program, "--clipboard", "--input"]
            pasting = [program, "--clipboard", "--output"]
            clearing = [program, "--clipboard", "--delete"]
        } else {
            let isDesktop = isSet("WAYLAND_DISPLAY") || isSet("DISPLAY")
            throw PlatformError(
                .unsupported, store: "clipboard",
                isDesktop
                    ? "No program is there that reaches the clipboard." : "There is no desktop, and no clipboard.",
                remedy: (isDesktop ? "Install wl-clipboard (Wayland), or xclip or xsel (X11). " : "")
                    + "To have the password in a file: meshclient credential show NAME --to FILE")
        }
    }

    public func copy(_ secret: borrowing SecretBytes) throws {
        try ChildProgram(copying).take(SharedSecret(secret.duplicate()))
    }

    public func holds(_ secret: borrowing SecretBytes) throws -> Bool {
        // With an empty clipboard they end with an error.
        guard let found = try ChildProgram(pasting).give(atMost: secret.count + 1) else { return false }
        return found.isEqual(to: secret)
    }

    public func clear() throws { try ChildProgram(clearing).take(SharedSecret(SecretBytes(copying: []))) }
}
