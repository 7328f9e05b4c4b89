import MeshCore
import MeshCryptography
import Testing

func secret(_ text: String) -> SecretBytes { SecretBytes(copying: Array(text.utf8)) }

func secret(hex: String) -> SecretBytes { SecretBytes(copying: octets(hex)) }

func octets(_ hex: String) -> [UInt8] {
    let digits = Array(hex.utf8.filter { $0 != 0x20 && $0 != 0x0A })
    return stride(from: 0, to: digits.count - 1, by: 2).map { index in
        UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16) ?? 0
    }
}

func reveal(_ secret: borrowing SecretBytes) -> [UInt8] { secret.withUnsafeBytes { Array($0) } }

func revealText(_ secret: borrowing SecretBytes) -> String { String(decoding: reveal(secret), as: UTF8.self) }

@Suite struct SeedTests {
    // draft-hallambaker-mesh-architecture-17 §4.5 and schema-08.
    static let accountSeed = "ZAAQ-E5Z4-47NC-6QAL-KB4E-2KV5-QHGQ-RL4C-O433-3RKB-KMRM-VBUB-PSJD-37MY"

    @Test(arguments: [
        (MeshKeyName.Operation.profile, "MC44-IZC3-IWZT-VCVZ-L2AG-HI4E-LOV2"),
        (.encrypt, "MCQX-PF7A-LY3G-3ZPI-AIYO-LR5D-YG6W"),
        (.sign, "MCGB-4KCI-CP3G-FJSD-W7W2-UYKO-GNLU"),
    ])
    func accountKeys(operation: MeshKeyName.Operation, fingerprint: String) throws {
        let seed = try SecretSeed(parsing: secret(Self.accountSeed))
        #expect(seed.specifier == .profileAccount)
        let key = try seed.deriveKey(operation)
        #expect(key.publicKey.udf.text == fingerprint)
        #expect(key.algorithm == operation.defaultAlgorithm)
    }

    @Test func textAndBinaryRoundTrip() throws {
        let seed = try SecretSeed(parsing: secret("  " + Self.accountSeed.lowercased().filter { $0 != "-" } + "\n"))
        #expect(revealText(seed.text()) == Self.accountSeed)
        let binary = seed.withBinary { reveal($0) }
        #expect(binary.prefix(3) == [200, 1, 2])
        #expect(try SecretSeed(binary: SecretBytes(copying: binary)).isEqual(to: seed))
        // Older escrow data have a zero octet in front.
        #expect(try SecretSeed(binary: SecretBytes(copying: [0] + binary)).isEqual(to: seed))
        #expect(try !SecretSeed(binary: SecretBytes(copying: binary.dropLast() + [0])).isEqual(to: seed))
    }

    @Test func newSeedsDifferAndKeepTheirSpecifier() throws {
        let random = SeededRandomSource(seed: 7)
        let first = SecretSeed(.profileDevice, from: random)
        let second = SecretSeed(.profileDevice, from: random)
        #expect(!first.isEqual(to: second))
        #expect(first.withBinary { $0.count } == 35)
        #expect(try SecretSeed(parsing: first.text()).specifier == .profileDevice)
        #expect(revealText(first.text()).hasPrefix("ZAAQ-"))
        #expect(try first.deriveKey(.sign).publicKey != second.deriveKey(.sign).publicKey)
    }

    @Test func refusals() throws {
        func code(_ text: String) -> String? {
            do throws(UDFError) {
                _ = try SecretSeed(parsing: secret(text))
                return nil
            } catch { return error.codeName }
        }
        #expect(code("") == "udf-too-short")
        #expect(code("ZAAQ") == "udf-too-short")
        #expect(code("ZAAQ-E5Z4-1") == "udf-invalid-character")
        #expect(code("MC44-IZC3-IWZT-VCVZ-L2AG-HI4E-LOV2") == "udf-wrong-type")
        #expect(code(String(repeating: "Z", count: 2000)) == "udf-too-long")
        let any = SecretSeed(.any, from: SystemRandomSource())
        #expect(throws: CryptographyError(.invalidDerivation, "")) { try any.deriveKey() }
        #expect(throws: CryptographyError(.invalidDerivation, "")) { try any.deriveKey(.sign) }
        #expect(throws: CryptographyError(.invalidDerivation, "")) {
            try SecretSeed(KeySpecifier(rawValue: 300), from: SystemRandomSource()).deriveKey()
        }
    }

    @Test func hostsHaveNamesOfTheirOwn() {
        #expect(MeshKeyName(.sign, of: .profileService, host: true)?.description == "BaseHostSign")
        #expect(MeshKeyName(.sign, of: .profileService)?.description == "BaseServiceSign")
        #expect(MeshKeyName(.adminSign, of: .activationAccount)?.description == "ActivationAccountAdminSign")
        #expect(MeshKeyName(.sign, of: .any) == nil)
    }
}
