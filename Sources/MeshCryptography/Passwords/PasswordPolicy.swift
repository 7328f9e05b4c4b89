import Glibc
import MeshCore

/// What new passwords are to be like.
public struct PasswordPolicy: Sendable, Hashable {
    /// Kinds of characters.
    public enum CharacterClass: String, CaseIterable, Sendable {
        /// `a` to `z`.
        case lower
        /// `A` to `Z`.
        case upper
        /// `0` to `9`.
        case digits
        /// What else is printed of ASCII, the blank not counted.
        case symbols

        /// The characters.
        var characters: [UInt8] {
            switch self {
            case .lower: Array(UInt8(ascii: "a")...UInt8(ascii: "z"))
            case .upper: Array(UInt8(ascii: "A")...UInt8(ascii: "Z"))
            case .digits: Array(UInt8(ascii: "0")...UInt8(ascii: "9"))
            case .symbols:
                (0x21...0x7E).filter { octet in
                    ![CharacterClass.lower, .upper, .digits].contains { $0.characters.contains(octet) }
                }
            }
        }
    }

    /// What a password consists of.
    public enum Form: Sendable, Hashable {
        /// So many characters, at least one of each class.
        case characters(Int)
        /// So many words of a list of 2048, in lower case, with a text between them.
        case words(Int, separator: String)
    }

    /// What it consists of.
    public var form = Form.characters(20)
    /// The classes that characters are taken from. Words heed none.
    public var classes = Set(CharacterClass.allCases)
    /// Characters that must not occur. Words that have one are left out.
    public var excluded = ""

    /// Characters that people take for others.
    public static let lookalikes = "0O1lI|`'\""

    /// Passwords of 20 characters of all classes.
    public init() {}

    /// Passwords of this form.
    public init(_ form: Form, classes: Set<CharacterClass> = Set(CharacterClass.allCases), excluding: String = "") {
        self.form = form
        self.classes = classes
        excluded = excluding
    }

    /// How long a password may be, in characters or words.
    public static let longest = 1024

    // MARK: How good they are

    /// The logarithm to base 2 of the number of different passwords, each of which is as likely as any other.
    ///
    /// - Throws: ``CryptographyError`` `invalidParameter` if no password can be like that.
    public func entropy() throws(CryptographyError) -> Double {
        switch form {
        case .words(let count, _): return Double(count) * log2(Double(try words().count))
        case .characters(let length):
            let pools = try pools(for: length)
            let all = Double(pools.reduce(0) { $0 + $1.count })
            // Of all texts, those that lack a class do not count: inclusion and exclusion over the sets of classes.
            var share = 0.0
            for chosen in 0..<(1 << pools.count) {
                var lacking = 0
                for (place, pool) in pools.enumerated() where chosen & (1 << place) != 0 { lacking += pool.count }
                let sign = chosen.nonzeroBitCount.isMultiple(of: 2) ? 1.0 : -1.0
                share += sign * pow(1 - Double(lacking) / all, Double(length))
            }
            return Double(length) * log2(all) + log2(share)
        }
    }

    // MARK: Making them

    /// How often a text that lacks a class is thrown away, before the source of randomness is not believed any more. With the
    /// hardest policy, one character of each class and one class alone with several, one text in two thousand is whole.
    private static let attempts = 100_000

    /// A new password, every one that the policy allows as likely as any other.
    ///
    /// - Throws: ``CryptographyError`` `invalidParameter` if no password can be like that, or the source gives no randomness.
    public func makePassword(from random: any RandomSource) throws(CryptographyError) -> SecretBytes {
        let drawing = UniformNumbers(random)
        switch form {
        case .characters(let length):
            let pools = try pools(for: length)
            let alphabet = pools.flatMap { $0 }
            var password = SecretBytes(count: length) { (_: UnsafeMutableRawBufferPointer) in }
            for _ in 0..<Self.attempts {
                let isWhole = try password.withUnsafeMutableBytes { (text) throws(CryptographyError) in
                    for place in 0..<length { text[place] = alphabet[try drawing.next(below: alphabet.count)] }
                    return pools.allSatisfy { pool in text.contains { pool.contains($0) } }
                }
                if isWhole { return password }
            }
            throw UniformNumbers.noRandomness
        case .words(let count, let separator):
            let words = try words()
            let between = Array(separator.utf8)
            let longest = words.lazy.map(\.utf8.count).max() ?? 0
            let room = count * (longest + between.count)
            var length = 0
            let text = try SecretBytes(count: room) { (text) throws(CryptographyError) in
                for number in 0..<count {
                    let word = words[try drawing.next(below: words.count)]
                    for octet in number == 0 ? [] : between {
                        text[length] = octet
                        length += 1
                    }
                    for octet in word.utf8 {
                        text[length] = octet
                        length += 1
                    }
                }
            }
            return text.duplicate(0..<length)
        }
    }

    /// The characters of each class that may occur.
    private func pools(for length: Int) throws(CryptographyError) -> [[UInt8]] {
        guard !classes.isEmpty else { throw Self.impossible("It lets no class of characters occur.") }
        let excluded = Set(excluded.utf8)
        var pools: [[UInt8]] = []
        for kind in CharacterClass.allCases where classes.contains(kind) {
            let pool = kind.characters.filter { !excluded.contains($0) }
            guard !pool.isEmpty else {
                throw Self.impossible("It wants one of the \(kind.rawValue), and excludes all of them.")
            }
            pools.append(pool)
        }
        guard (pools.count...Self.longest).contains(length) else {
            throw Self.impossible("It wants \(length) characters; \(pools.count) to \(Self.longest) are possible.")
        }
        return pools
    }

    private func words() throws(CryptographyError) -> [Substring] {
        guard case .words(let count, let separator) = form, (1...Self.longest).contains(count) else {
            throw Self.impossible("It wants a number of words other than 1 to \(Self.longest).")
        }
        // Without it, or with letters, two rows of words could be the same password.
        guard (1...16).contains(separator.utf8.count),
            separator.utf8.allSatisfy({ (0x20...0x7E).contains($0) && !(0x61...0x7A).contains($0) })
        else {
            throw Self.impossible("Between words stand 1 to 16 characters of ASCII that are no small letters.")
        }
        let excluded = Set(excluded.utf8)
        guard separator.utf8.allSatisfy({ !excluded.contains($0) }) else {
            throw Self.impossible("It excludes a character of what stands between the words.")
        }
        let words = PasswordWords.all.filter { word in word.utf8.allSatisfy { !excluded.contains($0) } }
        guard words.count > 1 else { throw Self.impossible("It excludes all words.") }
        return words
    }

    private static func impossible(_ why: String) -> CryptographyError {
        CryptographyError(
            .invalidParameter, "No password can be as the policy wants it. \(why)", remedy: "Change the policy.")
    }
}

/// Numbers below a bound, each as likely as any other: what does not divide evenly is thrown away and drawn again.
struct UniformNumbers {
    private let random: any RandomSource
    private static let attempts = 1_000

    init(_ random: any RandomSource) { self.random = random }

    static let noRandomness = CryptographyError(
        .invalidParameter, "The source of randomness gives the same again and again.")

    /// The next one below `bound`, which is from 1 to 65536 (a programmer's mistake otherwise).
    ///
    /// - Throws: ``CryptographyError`` `invalidParameter` if the source gives no randomness.
    func next(below bound: Int) throws(CryptographyError) -> Int {
        precondition((1...0x1_0000).contains(bound), "no number can be drawn below \(bound)")
        let usable = 0x1_0000 - 0x1_0000 % bound
        for _ in 0..<Self.attempts {
            var drawn: UInt16 = 0
            withUnsafeMutableBytes(of: &drawn) { random.fill($0) }
            if Int(drawn) < usable { return Int(drawn) % bound }
        }
        throw Self.noRandomness
    }
}
