import MeshCore
import Testing

@Suite struct SecretBytesTests {
    private func octets(_ secret: borrowing SecretBytes) -> [UInt8] { secret.withUnsafeBytes { Array($0) } }

    @Test func octetsGoInAndOut() {
        for count in [0, 1, 63, 64, 65, 256, 1024, 4096, 4097, 100_000] {
            let random = SeededRandomSource(seed: UInt64(count))
            let expected = random.bytes(count)
            let secret = SecretBytes(copying: expected)
            #expect(secret.count == count)
            #expect(octets(secret) == expected)
            #expect(octets(secret.duplicate()) == expected)
            #expect(octets(secret.duplicate(count / 3..<count)) == Array(expected[(count / 3)...]))
        }
    }

    @Test func newSecretsAreZeroAlsoInRecycledMemory() {
        for count in [10, 64, 200, 1000, 4096, 5000] {
            for _ in 0..<50 {
                let zero = SecretBytes(count: count) { _ in }
                #expect(octets(zero).allSatisfy { $0 == 0 })
                let full = SecretBytes(copying: [UInt8](repeating: 0xAA, count: count))
                #expect(octets(full).allSatisfy { $0 == 0xAA })
            }
        }
    }

    @Test func equality() {
        let secret = SecretBytes(copying: [1, 2, 3])
        for (octets, expected) in [([1, 2, 3], true), ([1, 2, 4], false), ([1, 2], false), ([], false)]
            as [([UInt8], Bool)]
        {
            let same = secret.isEqual(to: SecretBytes(copying: octets))
            #expect(same == expected)
        }
    }

    @Test func whatTheClosureThrowsComesOut() {
        struct Stop: Error {}
        #expect(throws: Stop.self) {
            _ = try SecretBytes(count: 8) { (_) throws(Stop) in throw Stop() }.count
        }
        let secret = SecretBytes(copying: [1])
        #expect(throws: Stop.self) { try secret.withUnsafeBytes { (_) throws(Stop) in throw Stop() } }
    }

    @Test func changing() {
        var secret = SecretBytes(copying: [1, 2, 3])
        secret.withUnsafeMutableBytes { $0[1] = 9 }
        #expect(octets(secret) == [1, 9, 3])
    }

    @Test func manyTasksTakeAndReturnMemory() async {
        await withTaskGroup(of: Bool.self) { group in
            for task in 0..<16 {
                group.addTask {
                    let value = UInt8(task)
                    for round in 0..<200 {
                        let secret = SharedSecret(SecretBytes(copying: [UInt8](repeating: value, count: 1 + round * 7)))
                        guard secret.bytes.withUnsafeBytes({ $0.allSatisfy { $0 == value } }) else { return false }
                    }
                    return true
                }
            }
            for await same in group { #expect(same) }
        }
    }

    @Test func comparingOctets() {
        let pairs: [([UInt8], [UInt8], Bool)] = [
            ([], [], true), ([1], [1], true), ([1], [2], false), ([1], [1, 1], false),
        ]
        for (left, right, expected) in pairs {
            let same = left.withUnsafeBytes { left in right.withUnsafeBytes { constantTimeEqual(left, $0) } }
            #expect(same == expected)
        }
    }
}
