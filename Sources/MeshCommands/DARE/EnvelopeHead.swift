import MeshDARE
import MeshEncoding

/// What stands at the beginning of a file: known before the keys are needed that it takes.
struct EnvelopeHead {
    /// Whether it is a sequence: the file begins with a frame.
    let isSequence: Bool
    /// The header of the envelope, as far as it can be read here. What is wrong with it is told by whoever opens it.
    let members: EnvelopeMembers

    /// Whether a private key is wanted to open it.
    var isEncrypted: Bool { (try? members.encryption) != EncryptionAlgorithm.none }

    /// The most that is read in search of the header.
    private static let largest = 1 << 22

    /// Reads the beginning of `file`, and gives it back: the next octets are the first ones. Blocks.
    init(_ file: InputFile) throws {
        var taken: [UInt8] = []
        let reader = JSONReader {
            guard taken.count < Self.largest else { return [] }
            var piece = [UInt8](repeating: 0, count: 65_536)
            let count = try piece.withUnsafeMutableBytes { try file.read(into: $0) }
            taken += piece[..<count]
            return Array(piece[..<count])
        }
        defer { file.putBack(taken) }
        var header: JSONObject?
        do {
            if try reader.enterEnvelope(), try reader.peek() == .object { header = try reader.readValue().object }
        } catch is JSONError {
            header = nil
        }
        isSequence = taken.first.map { (0xF4...0xF7).contains($0) } ?? false
        members = EnvelopeMembers(header: header ?? JSONObject())
    }
}
