import MeshCryptography
import MeshDARE
import MeshEncoding

/// The tree, the digests and the layout of sequences.
enum SequenceVectors {
    static func previousFrame(_ input: VectorInput) throws -> VectorMembers {
        let frame = try input.number("frame")
        return ["previous": { _ in .number("\(SequenceTree.previous(of: frame) ?? -1)") }]
    }

    static func chainDigest(_ input: VectorInput) throws -> VectorMembers {
        let algorithm = try HashAlgorithm(dareLabel: input.text("alg"))
        let previous = try digest(input.optionalJSON("previous"), algorithm)
        let payload = try payloadDigest(input, algorithm)
        return [
            "digest": { _ in
                .text(
                    Base64URL.encode(SequenceTree.chainDigest(after: previous, payloadDigest: payload, algorithm)))
            }
        ]
    }

    static func treeDigest(_ input: VectorInput) throws -> VectorMembers {
        let algorithm = try HashAlgorithm(dareLabel: input.text("alg"))
        let frame = try input.number("frame")
        let payload = try payloadDigest(input, algorithm)
        var left: JSONObject?
        switch input.optionalJSON("left") {
        case nil, .null: break
        case .object(let operands): left = operands
        default: throw VectorProblem("input left is no object")
        }
        return [
            "digest": { _ in
                let digest = try SequenceTree.digest(of: frame, payloadDigest: payload, algorithm) { operand in
                    guard let left else { return [UInt8](repeating: 0, count: algorithm.digestSize) }
                    guard let digest = try Self.digest(left["\(operand)"], algorithm) else {
                        throw VectorProblem("the left operand \(operand) is not given")
                    }
                    return digest
                }
                return .text(Base64URL.encode(digest))
            }
        ]
    }

    private static func payloadDigest(_ input: VectorInput, _ algorithm: HashAlgorithm) throws -> [UInt8] {
        guard let digest = try digest(.string(input.text("payloadDigest")), algorithm) else {
            throw VectorProblem("input has no payloadDigest")
        }
        return digest
    }

    /// A digest of the algorithm's size; nil for none.
    private static func digest(_ value: JSONValue?, _ algorithm: HashAlgorithm) throws -> [UInt8]? {
        guard let value, value != .null else { return nil }
        guard let digest = value.string.flatMap({ Base64URL.decode($0) }), digest.count == algorithm.digestSize else {
            throw VectorProblem("a digest is not base64url of \(algorithm.digestSize) octets")
        }
        return digest
    }

    static func headerText(_ input: VectorInput) throws -> VectorMembers {
        let header = try EncodingVectors.plain(input.json("header"))
        return [
            "text": { _ in
                // What is written is also what is read.
                let text = header.referenceText
                guard try reads(JSONValue(decoding: text), as: header) else {
                    throw VectorProblem("the text does not read as what was written")
                }
                return .text(String(decoding: text, as: UTF8.self))
            }
        ]
    }

    /// Whether `read` says what was `written`: octets were written as base64url, in lines where it is long.
    private static func reads(_ read: JSONValue, as written: JSONValue) -> Bool {
        switch (read, written) {
        case (_, .binary(let octets)): read.binary == octets
        case (.object(let left), .object(let right)):
            left.names == right.names
                && zip(left.members, right.members).allSatisfy { reads($0.value, as: $1.value) }
        case (.array(let left), .array(let right)):
            left.count == right.count && zip(left, right).allSatisfy { reads($0, as: $1) }
        default: read == written
        }
    }

    static func layout(_ input: VectorInput) throws -> VectorMembers {
        guard let frames = try input.json("frames").array else { throw VectorProblem("input frames is no list") }
        var positions: [VectorValue] = []
        var lengths: [VectorValue] = []
        var position = 0
        for frame in frames {
            guard let frame = frame.object else { throw VectorProblem("a frame is no object") }
            if let other = frame.names.first(where: { !known.contains($0) }) {
                throw VectorProblem("the member \(other) of a frame is not known")
            }
            guard let header = frame["header"], let count = frame["payloadLength"]?.integer, count >= 0,
                count <= 1 << 24
            else { throw VectorProblem("a frame lacks header or payloadLength") }
            var records = [try EncodingVectors.plain(header).referenceText, [UInt8](repeating: 0, count: Int(count))]
            if let trailer = frame["trailer"] {
                records.append(try EncodingVectors.plain(trailer).referenceText)
            } else if frame["emptyTrailer"] == .bool(true) {
                records.append([])
            }
            positions.append(.number("\(position)"))
            lengths.append(.array(records.map { .number("\($0.count)") }))
            position += JBCDFrame.encode(records).count
        }
        return ["positions": { _ in .array(positions) }, "recordLengths": { _ in .array(lengths) }]
    }

    private static let known: Set = ["header", "payloadLength", "trailer", "emptyTrailer", "note"]
}
