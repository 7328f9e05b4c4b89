import MeshPlatforms

/// Cuts what comes in into lines.
struct LineSplitter {
    /// The longest line, and the largest record.
    static let longest = 64 << 20
    private var rest: [UInt8] = []
    private let name: String

    /// - Parameter name: what is read, for messages.
    init(_ name: String) { self.name = name }

    /// The lines that are whole now, without their ends.
    mutating func add(_ octets: UnsafeRawBufferPointer) throws(PlatformError) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var start = 0
        for place in 0..<octets.count where octets[place] == 0x0A {
            rest.append(contentsOf: octets[start..<place])
            lines.append(rest)
            rest = []
            start = place + 1
        }
        rest.append(contentsOf: octets[start...])
        guard rest.count <= Self.longest else {
            throw PlatformError(.tooLarge, store: name, "A line has more than \(Self.longest) octets.")
        }
        return lines
    }

    /// What stands after the last end of a line, at the end of the input; nil if there is nothing.
    mutating func finish() -> [UInt8]? {
        defer { rest = [] }
        return rest.isEmpty ? nil : rest
    }
}
