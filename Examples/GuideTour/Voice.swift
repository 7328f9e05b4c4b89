import Glibc
import MeshEncoding

/// What the tour tells: plain words while it goes on, or one JSON object at the end.
struct Voice: Sendable {
    let isJSON: Bool

    /// Says what a machine has done.
    func say(_ machine: String, _ words: String) {
        guard !isJSON else { return }
        Self.write(Array("\(machine.padded(8))\(words)\n".utf8))
    }

    /// Says how it ended.
    func end(_ summary: JSONObject) {
        guard isJSON else { return }
        Self.write(JSONValue.object(summary).indented)
    }

    /// Says what went wrong, on standard error.
    static func complain(_ words: String) { write(Array("\(words)\n".utf8), to: STDERR_FILENO) }

    /// At once, so that the words of several processes come in their order.
    private static func write(_ octets: [UInt8], to descriptor: Int32 = STDOUT_FILENO) {
        var rest = octets[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { return }
            rest = rest.dropFirst(written)
        }
    }
}

extension String {
    fileprivate func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(1, width - count)) }
}
