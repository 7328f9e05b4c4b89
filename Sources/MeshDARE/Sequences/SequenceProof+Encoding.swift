import MeshCryptography
import MeshEncoding

extension InclusionProof {
    /// The proof as JSON or, shorter, as JSON-B.
    public func encoded(_ encoding: JSONEncoding = .json) -> [UInt8] {
        ProofText.encode("InclusionProof", index, apex, algorithm, encoding) { members in
            members["Path"] = ProofText.joined(rights)
            members["Left"] = ProofText.joined(lefts)
        }
    }

    /// Reads a proof, in either encoding.
    ///
    /// - Throws: ``DAREError`` `malformed`, `unsupportedAlgorithm`.
    public init(decoding octets: [UInt8]) throws(DAREError) {
        let text = try ProofText(octets, "InclusionProof")
        index = text.index
        apex = text.apex
        algorithm = text.algorithm
        rights = try text.digests("Path")
        lefts = try text.digests("Left")
    }
}

extension ConsistencyProof {
    /// The proof as JSON or, shorter, as JSON-B.
    public func encoded(_ encoding: JSONEncoding = .json) -> [UInt8] {
        ProofText.encode("ConsistencyProof", index, apex, algorithm, encoding) { members in
            members["Path"] = ProofText.joined(rights)
            if !base.isEmpty {
                members["Chain"] = ProofText.joined(chain)
                members["Base"] = .binary(base)
            }
        }
    }

    /// Reads a proof, in either encoding.
    ///
    /// - Throws: ``DAREError`` `malformed`, `unsupportedAlgorithm`.
    public init(decoding octets: [UInt8]) throws(DAREError) {
        let text = try ProofText(octets, "ConsistencyProof")
        index = text.index
        apex = text.apex
        algorithm = text.algorithm
        rights = try text.digests("Path")
        chain = try text.digests("Chain")
        base = try text.octets("Base")
        guard !base.isEmpty || chain.isEmpty else {
            throw DAREError(.malformed, "The proof has a chain of digests and no base.")
        }
    }
}

/// What both kinds of proofs have in common as texts.
private struct ProofText {
    let members: JSONObject
    let index: Int
    let apex: Int
    let algorithm: HashAlgorithm

    init(_ octets: [UInt8], _ name: String) throws(DAREError) {
        let value: JSONValue
        do {
            value = try JSONValue(decoding: octets)
        } catch {
            throw DAREError(.malformed, "The proof cannot be read.", cause: error)
        }
        guard let members = value[name]?.object else { throw DAREError(.malformed, "It is no \(name).") }
        func number(_ name: String) throws(DAREError) -> Int {
            guard let value = members[name]?.integer, value >= 0, value < 1 << 48 else {
                throw DAREError(.malformed, "The member \(name) of the proof is no number of a frame.")
            }
            return Int(value)
        }
        self.members = members
        index = try number("Index")
        apex = try number("Apex")
        algorithm = try HashAlgorithm(dareLabel: members["dig"]?.string ?? HashAlgorithm.dareStandard.dareLabel)
    }

    func octets(_ name: String) throws(DAREError) -> [UInt8] {
        guard let value = members[name] else { return [] }
        guard let octets = value.binary else { throw DAREError(.malformed, "The member \(name) is not binary.") }
        return octets
    }

    /// The digests that a member has, one after the other.
    func digests(_ name: String) throws(DAREError) -> [[UInt8]] {
        let octets = try octets(name)
        let size = algorithm.digestSize
        // A proof under frame 2^48 has less than 100.
        guard octets.count % size == 0, octets.count / size <= 128 else {
            throw DAREError(.malformed, "The member \(name) of the proof does not consist of digests.")
        }
        return stride(from: 0, to: octets.count, by: size).map { Array(octets[$0..<$0 + size]) }
    }

    /// The digests, one after the other.
    static func joined(_ digests: [[UInt8]]) -> JSONValue { .binary(Array(digests.joined())) }

    static func encode(
        _ name: String, _ index: Int, _ apex: Int, _ algorithm: HashAlgorithm, _ encoding: JSONEncoding,
        _ add: (inout JSONObject) -> Void
    ) -> [UInt8] {
        var members: JSONObject = [
            "dig": .string(algorithm.dareLabel), "Index": .integer(index), "Apex": .integer(apex),
        ]
        add(&members)
        let value = JSONValue.object([name: .object(members)])
        // Texts, octets and whole numbers have a form in every encoding.
        return (try? value.encoded(JSONWritingOptions(encoding))) ?? value.compact
    }
}
