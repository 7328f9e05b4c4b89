import MeshCore

/// Names to be offered instead of one that is taken or not allowed: `alice_3f` (sessions specification §J).
public enum AccountNameSuggestions {
    /// At most `count` names like `name` that the rules allow, all different, the shorter ones first. Whether they are free is
    /// for the service to look up.
    public static func names(
        like name: String, rules: AccountNameRules, random: any RandomSource, count: Int = 8
    ) -> [String] {
        let count = min(max(count, 0), 64)
        let stem = stem(of: name, rules)
        var names: [String] = []
        // Two digits for the first half, four for the others: a name of which 256 are taken still has some.
        for place in 0..<count {
            for _ in 0..<8 {
                let digits = random.bytes(place < (count + 1) / 2 ? 1 : 2).map(hexadecimal).joined()
                let whole = "\(stem.prefix(max(rules.maximum - digits.count - 1, 0)))_\(digits)"
                guard whole != name, rules.objection(to: whole) == nil, !names.contains(whole) else { continue }
                names.append(whole)
                break
            }
        }
        return names
    }

    /// The characters of `name` that names may have, in lower case.
    private static func stem(of name: String, _ rules: AccountNameRules) -> String {
        var single = rules
        single.minimum = 1
        single.maximum = 1
        return String(name.lowercased().prefix(rules.maximum).filter { single.objection(to: String($0)) == nil })
    }

    private static func hexadecimal(_ octet: UInt8) -> String {
        let text = String(octet, radix: 16)
        return text.count < 2 ? "0" + text : text
    }
}
