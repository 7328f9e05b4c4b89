import MeshCore
import MeshCryptography

/// The key by which the devices that have one right read the stores of that right.
///
/// When a device loses the right, there is a new one, of the next generation: what is written then is encrypted to it.
public struct GroupKey: Sendable {
    /// The right.
    public let right: Right
    /// Which of the right's keys it is, from 1 on.
    public let generation: Int
    /// The key, X448.
    public let key: PrivateKey

    /// - Throws: nothing that the caller could mend: ``CryptographyError`` if the library fails.
    public static func generate(
        for right: Right, generation: Int, from random: any RandomSource
    ) throws -> GroupKey {
        GroupKey(right: right, generation: generation, key: try PrivateKey.generate(.x448, from: random))
    }

    /// The first keys of a new account, one for each right that has a key from the start.
    public static func first(from random: any RandomSource) throws -> [GroupKey] {
        try Right.keyed.map { try generate(for: $0, generation: 1, from: random) }
    }
}

extension [GroupKey] {
    /// The newest key of a right; nil if there is none.
    public func newest(of right: Right) -> GroupKey? {
        filter { $0.right == right }.max { $0.generation < $1.generation }
    }

    /// The newest key of each right, ordered by the rights' names.
    public var newest: [GroupKey] {
        Set(map(\.right)).sorted { $0.rawValue < $1.rawValue }.compactMap { newest(of: $0) }
    }

    /// The newest two keys of each right that `rights` give: until what was encrypted to the one before is written anew, both
    /// are needed.
    func handed(to rights: [Right]) -> [GroupKey] {
        newest.filter { rights.give($0.right) }.flatMap { newest in
            filter { $0.right == newest.right && $0.generation == newest.generation - 1 } + [newest]
        }
    }
}
