import MeshCore
import MeshPortals
import Testing

struct AccountNameSuggestionsTests {
    @Test(arguments: ["alice", "Alice", "al.ice@", "", String(repeating: "a", count: 500), "älice", "\u{202E}"])
    func suggestions(name: String) {
        let rules = AccountNameRules()
        let names = AccountNameSuggestions.names(like: name, rules: rules, random: SeededRandomSource(seed: 6))
        #expect(names.count == 8 && Set(names).count == 8 && !names.contains(name))
        #expect(names.allSatisfy { rules.objection(to: $0) == nil }, "\(names)")
        if name.lowercased() == "alice" {
            #expect(names.prefix(4).allSatisfy { $0.hasPrefix("alice_") && $0.count == 8 })
            #expect(names.suffix(4).allSatisfy { $0.hasPrefix("alice_") && $0.count == 10 })
        }
    }

    @Test func rulesThatLeaveNothing() {
        var rules = AccountNameRules()
        rules.maximum = 2
        #expect(AccountNameSuggestions.names(like: "al", rules: rules, random: SeededRandomSource(seed: 7)).isEmpty)
        rules = AccountNameRules()
        rules.invalidCharacters = "_"
        #expect(AccountNameSuggestions.names(like: "al", rules: rules, random: SeededRandomSource(seed: 7)).isEmpty)
        #expect(
            AccountNameSuggestions.names(
                like: "al", rules: AccountNameRules(), random: SeededRandomSource(seed: 7), count: -1
            ).isEmpty)
        let many = AccountNameSuggestions.names(
            like: "al", rules: AccountNameRules(), random: SeededRandomSource(seed: 7), count: .max)
        #expect(many.count == 64)
    }
}
