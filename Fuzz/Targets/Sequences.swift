import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshInMemory
import MeshPlatforms

extension FuzzTarget {
    /// Files of sequences.
    static let sequences = [
        FuzzTarget("sequence", seeds: FuzzSequences.make) { input in
            let directory = InMemoryContainerDirectory()
            guard (try? directory.createFile("fuzzed", with: input)) != nil,
                let sequence = try? DARESequence.open("fuzzed", in: directory, keys: FuzzSequences.keys)
            else { return }
            read(sequence)
            appendAndRead(sequence)
        }
    ]

    /// Reads everything there is in every way.
    private static func read(_ sequence: DARESequence) {
        if var frames = try? sequence.frames() {
            while let frame = try? frames.next() {
                _ = try? sequence.content(of: frame)
                _ = try? frame.members.contentMeta
            }
        }
        var backward = sequence.framesBackward()
        while (try? backward.next()) ?? nil != nil {}
        for index in [0, 1, sequence.count / 2, sequence.count - 1] {
            guard let frame = try? sequence.frame(at: index) else { continue }
            require(frame.index == index, "frame \(index) is \(frame.index)")
        }
    }

    /// What can be appended to reads afterwards, whatever stands before it.
    private static func appendAndRead(_ sequence: DARESequence) {
        let content = FrameContent(Array("appended".utf8))
        guard let index = try? sequence.append(content) else { return }
        guard let frame = try? sequence.frame(at: index) else {
            require(false, "a frame that was appended is not found")
            return
        }
        require(frame.index == index && sequence.count == index + 1, "a frame that was appended has another number")
        if sequence.policy.encryption == .none {
            require((try? sequence.content(of: frame)) == content.payload, "a frame that was appended reads as another")
        }
    }
}

/// Sequences with keys that everybody knows.
enum FuzzSequences {
    static let keys = SequenceKeys(FuzzKeys.decryption, signer: FuzzKeys.signer)

    /// One of each type, plain and encrypted, in both encodings.
    static func make() throws -> [[UInt8]] {
        let directory = InMemoryContainerDirectory()
        var files: [[UInt8]] = []
        for type in SequenceType.allCases {
            for isSealed in [false, true] {
                var policy = SequencePolicy.plain
                if isSealed {
                    policy = SequencePolicy(
                        encryption: type == .chain ? .once : .isolated, recipients: [FuzzKeys.recipient.publicKey],
                        signature: type == .merkle ? .last : .none, signers: [FuzzKeys.signer.publicKey])
                }
                let name = "\(type.rawValue)-\(isSealed)"
                let options = SequenceOptions(type, encoding: isSealed ? .jsonB : .json, policy: policy)
                let sequence = try DARESequence.create(
                    name, in: directory, options, keys: keys, random: SeededRandomSource(seed: 2))
                var meta = ContentMeta()
                meta.uniqueID = "object"
                meta.event = .new
                for number in 1...4 {
                    try sequence.append(FrameContent(Array("payload \(number)".utf8), meta: number == 2 ? meta : nil))
                }
                files.append(try octets(name, in: directory))
            }
        }
        return files
    }

    static func octets(_ name: String, in directory: any ContainerDirectory) throws -> [UInt8] {
        guard let file = try directory.openFile(name, .read) else { return [] }
        var octets = [UInt8](repeating: 0, count: try file.length())
        let count = try octets.withUnsafeMutableBytes { try file.read(at: 0, into: $0) }
        return Array(octets[..<count])
    }
}
