import MeshDARE
import MeshEncoding

/// The parts of an envelope, the body counted and not kept.
struct EnvelopeShape {
    let members: EnvelopeMembers
    let bodyCount: Int

    /// Reads `input` to its end. Blocks.
    ///
    /// - Throws: ``DAREError`` `malformed`; ``PlatformError``, `CancellationError`.
    init(_ input: InputFile, _ progress: Progress) throws {
        let reader = JSONReader {
            try progress.advance(to: input.count)
            var piece = [UInt8](repeating: 0, count: 1 << 17)
            let count = try piece.withUnsafeMutableBytes { try input.read(into: $0) }
            return Array(piece[..<count])
        }
        do {
            guard try reader.enterEnvelope(), let header = try reader.readValue().object else {
                throw Self.malformed(nil)
            }
            var count = 0
            if try reader.peek() != .end {
                try reader.beginOctets()
                while let piece = try reader.nextOctets() { count += piece.count }
            }
            var trailer = JSONObject()
            if try reader.peek() != .end {
                guard let object = try reader.readValue().object else { throw Self.malformed(nil) }
                trailer = object
            }
            guard try reader.next() == .end else { throw Self.malformed(nil) }
            members = EnvelopeMembers(header: header, trailer: trailer)
            bodyCount = count
        } catch let error as JSONError {
            throw Self.malformed(error)
        }
    }

    private static func malformed(_ cause: (any Error)?) -> DAREError {
        DAREError(
            .malformed, "It is neither a sequence, nor an envelope of a header, a body and a trailer.", cause: cause)
    }
}

extension JSONReader {
    /// Goes to the header of an envelope: the first element of the list, or of the list that is the member `DareEnvelope`.
    ///
    /// - Returns: false if there is no such list.
    func enterEnvelope() throws -> Bool {
        if try peek() == .object {
            _ = try next()
            while case .name(let name)? = try next(), name != "DareEnvelope" { try skipValue() }
        }
        guard try peek() == .array else { return false }
        _ = try next()
        return true
    }
}
