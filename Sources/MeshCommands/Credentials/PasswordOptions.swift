import ArgumentParser
import MeshCore
import MeshCryptography
import MeshPlatforms

/// What new passwords are to be like.
struct PasswordPolicyOptions: ParsableArguments {
    @Option(help: "How many characters a password that is made has.") var length: Int?
    @Option(help: "Of which classes: some of lower,upper,digits,symbols. At least one character of each occurs.")
    var classes: String?
    @Option(help: ArgumentHelp("Characters that must not occur.", valueName: "characters")) var exclude = ""
    @Flag(help: "No characters that people take for others, such as 0 and O.") var noLookalikes = false
    @Option(help: "Make it of so many words instead.") var words: Int?
    @Option(help: "What stands between the words.") var separator: String?

    var isGiven: Bool {
        length != nil || classes != nil || !exclude.isEmpty || noLookalikes || words != nil || separator != nil
    }

    func validate() throws {
        if words != nil, length != nil || classes != nil {
            throw ValidationError("--words makes it of words: without --length and --classes.")
        }
        if words == nil, separator != nil { throw ValidationError("--separator is for --words.") }
    }

    /// - Throws: ``UsageError`` for a class that there is not.
    func policy() throws -> PasswordPolicy {
        var policy = PasswordPolicy(.characters(length ?? 20))
        if let words { policy.form = .words(words, separator: separator ?? "-") }
        if let classes {
            policy.classes = Set(
                try classes.split(separator: ",").map { name -> PasswordPolicy.CharacterClass in
                    guard let found = PasswordPolicy.CharacterClass(rawValue: String(name)) else {
                        throw UsageError(
                            "There is no class of characters '\(shown(String(name)))'.",
                            remedy: "Use some of lower,upper,digits,symbols.")
                    }
                    return found
                })
        }
        policy.excluded = exclude + (noLookalikes ? PasswordPolicy.lookalikes : "")
        return policy
    }

    /// Makes a password, and says how good it is.
    ///
    /// - Throws: ``UsageError`` if no password can be like that.
    func make(from random: any RandomSource) throws -> (password: SharedSecret, entropy: Double) {
        let policy = try policy()
        do throws(CryptographyError) {
            return (SharedSecret(try policy.makePassword(from: random)), try policy.entropy())
        } catch {
            throw UsageError(error.message, remedy: error.remedy)
        }
    }
}

/// Where a password comes from: asked for, a file, or made here. Never the command line.
struct PasswordOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Take the password from this file, which has it in one line; - is standard input.", valueName: "file"))
    var passwordFile: String?
    @Flag(help: "Have a password made, as the options say that follow.") var generate = false
    @OptionGroup var policy: PasswordPolicyOptions

    var isGiven: Bool { passwordFile != nil || generate }

    func validate() throws {
        if generate, passwordFile != nil { throw ValidationError("Say either --generate or --password-file.") }
        if !generate, policy.isGiven { throw ValidationError("What a password is to be like is said with --generate.") }
    }

    /// The password.
    ///
    /// - Parameter what: what is asked for.
    /// - Throws: `CancellationError` when the person gives up; ``UsageError``; ``PlatformError`` of the file.
    func read(_ what: String, random: any RandomSource) async throws -> SharedSecret {
        guard generate else { return try await SecretInput(what, file: passwordFile, asksTwice: true).read() }
        let (password, entropy) = try policy.make(from: random)
        try CommandEnvironment.required.console.printError(
            "A password of \(PasswordOptions.rounded(entropy)) bits is made.")
        return password
    }

    /// With one digit after the point, rounded down: nothing is promised that is not there.
    static func rounded(_ entropy: Double) -> String {
        let tenths = Int(max(0, entropy) * 10)
        return "\(tenths / 10).\(tenths % 10)"
    }
}

/// Reads one secret: from a person, from a file, or as a line of standard input.
struct SecretInput {
    private let what: String
    private let file: String?
    private let asksTwice: Bool

    /// - Parameters:
    ///   - what: what is asked for.
    ///   - file: the file that was named; `-` is standard input, nil asks.
    ///   - asksTwice: whether a person types it twice.
    init(_ what: String, file: String?, asksTwice: Bool) {
        self.what = what
        self.file = file
        self.asksTwice = asksTwice
    }

    func read() async throws -> SharedSecret {
        let console = try CommandEnvironment.required.console
        let (what, file, asksTwice) = (what, file, asksTwice)
        // Nobody waits for a person on a thread of the cooperative pool. A day is as good as for ever.
        return try await BlockingCalls(store: "terminal").run(deadline: .seconds(86_400)) {
            let secret = try Self.readBlocking(what, file, asksTwice, console)
            guard secret.bytes.count > 0 else { throw UsageError("\(what): an empty one is none.") }
            return secret
        }
    }

    private static func readBlocking(
        _ what: String, _ file: String?, _ asksTwice: Bool, _ console: any Console
    ) throws -> SharedSecret {
        if let file, file != "-" {
            let lines = try SecretFile.lines(of: file)
            guard lines.count == 1 else {
                throw UsageError(
                    "\(file) has \(counted(lines.count, "line")).", remedy: "Put what is secret in one line of it.")
            }
            return lines[0]
        }
        guard file == nil, console.isInteractive else {
            guard let line = console.readShared(prompt: "") else {
                throw UsageError(
                    "\(what): none was given.", remedy: "Give it as a line of standard input, or in a file.")
            }
            return line
        }
        guard let first = console.readShared(prompt: "\(what) (not shown): ") else { throw CancellationError() }
        if asksTwice {
            guard let second = console.readShared(prompt: "The same again: ") else { throw CancellationError() }
            guard first.bytes.isEqual(to: second.bytes) else {
                throw UsageError("The two are not the same.", remedy: "Try again; nothing was changed.")
            }
        }
        return first
    }
}
