import MeshEncoding

/// An object with a long list as its last member, printed element by element, so that none but one is in memory.
struct JSONList {
    private let name: String
    private let console: any Console
    private var isEmpty = true

    /// A list that will be the member `name`.
    init(_ name: String, on console: any Console) {
        self.name = name
        self.console = console
    }

    /// Prints the members before the list, and its beginning.
    func begin(_ members: JSONObject = JSONObject()) {
        var text = String(decoding: JSONValue.object(members).compact.dropLast(), as: UTF8.self)
        if !members.isEmpty { text += "," }
        print(text + String(decoding: JSONValue.string(name).compact, as: UTF8.self) + ":[")
    }

    /// Prints an element on a line of its own.
    mutating func add(_ element: JSONValue) {
        print((isEmpty ? "\n" : ",\n") + String(decoding: element.compact, as: UTF8.self))
        isEmpty = false
    }

    /// Prints the end of the list and of the object.
    func end() { print("]}\n") }

    private func print(_ text: String) { Array(text.utf8).withUnsafeBytes { console.write($0) } }
}
