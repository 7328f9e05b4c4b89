#if SecretService
    import MeshCore
    import MeshPlatforms
    import MeshSecretService
    import Testing

    /// The line that a key is kept as.
    @Suite struct KeyEnvelopeTests {
        private static let item = try? KeyItem(
            identifier: identifier(3), keyClass: .application, account: "alice@example.com", label: "Schlüssel: \"a:b\""
        )

        private func line(_ octets: [UInt8], _ item: KeyItem) -> [UInt8] {
            KeyEnvelope.encode(
                SecretBytes(copying: octets), as: item, revision: KeyEnvelope.newRevision(SystemRandomSource())
            ).withUnsafeBytes { Array($0) }
        }

        /// What reading `line` gives: the octets, or the code of the error.
        private func decode(_ line: [UInt8], expected: UDF? = nil) throws -> ([UInt8]?, PlatformError.Code?, KeyItem?) {
            do {
                return try line.withUnsafeBytes {
                    let key = try KeyEnvelope.decode($0, expected: expected, store: "test", place: "the item")
                    return (key.secret.withUnsafeBytes { Array($0) }, nil, key.item)
                }
            } catch let error as PlatformError {
                return (nil, error.code, nil)
            }
        }

        @Test func everyLengthComesBack() throws {
            let item = try #require(Self.item)
            let random = SeededRandomSource(seed: 5)
            for count in Array(0...70) + [255, 1000, 4096] {
                let octets = random.bytes(count)
                let line = line(octets, item)
                #expect(line.allSatisfy { (0x21...0x7E).contains($0) })
                let (seen, code, seenItem) = try decode(line, expected: item.identifier)
                #expect(seen == octets && code == nil && seenItem == item)
            }
        }

        @Test func absentAndEmptyAccountAreTwoThings() throws {
            for account in [nil, ""] as [String?] {
                let item = try KeyItem(identifier: identifier(3), keyClass: .admin, account: account, label: "")
                #expect(try decode(line([1], item)).2 == item)
            }
        }

        /// The layout, so that a change of it is noticed: keys that are stored today must be read for ever.
        @Test func layoutIsFixed() throws {
            let item = try KeyItem(identifier: identifier(1), keyClass: .device, label: "x")
            let text = String(
                decoding: KeyEnvelope.encode(
                    SecretBytes(copying: [0, 1, 2, 255]), as: item, revision: KeyRevision("AAAAAAAAAAAAAAAA")
                ).withUnsafeBytes { Array($0) }, as: UTF8.self)
            #expect(text == Self.fixed)
        }

        @Test func anyChangedOctetIsNoticed() throws {
            let line = line([1, 2, 3, 4, 5], try #require(Self.item))
            for index in line.indices {
                for change in [1, 2, 0x20, 0x80] as [UInt8] {
                    var damaged = line
                    damaged[index] ^= change
                    let code = try decode(damaged).1
                    #expect(code == .corrupt || (index == 9 && code == .unknownVersion), "octet \(index)")
                }
            }
            for count in line.indices { #expect(try decode(Array(line[..<count])).1 == .corrupt) }
            #expect(try decode(line + [0x0A]).1 == .corrupt)
        }

        @Test func laterVersionsAreNamed() throws {
            #expect(try decode(Array("mesh-key-2:".utf8)).1 == .unknownVersion)
            #expect(try decode(Array("mesh-key-17:a:b".utf8)).1 == .unknownVersion)
            #expect(try decode(Array("mesh-key-x:a".utf8)).1 == .corrupt)
            #expect(try decode(Array("mesh-key-12345678901:a".utf8)).1 == .corrupt)
        }

        @Test func valueOfAnotherKeyIsCorrupt() throws {
            let line = line([1], try #require(Self.item))
            #expect(try decode(line, expected: identifier(4)).1 == .corrupt)
        }

        @Test func randomLinesNeverTrap() throws {
            let seed = SystemRandomSource().bytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let random = SeededRandomSource(seed: seed)
            let alphabet = Array("mesh-key-1:~=AZaz09_\n".utf8) + [0, 0xFF]
            for _ in 0..<5000 {
                let head = random.bytes(2)
                var line = head[0] < 128 ? Array("mesh-key-1:".utf8) : []
                line += random.bytes(Int(head[1])).map { alphabet[Int($0) % alphabet.count] }
                #expect(try decode(line).1 != nil, "seed \(seed)")
            }
        }

        static let fixed =
            "mesh-key-1:NAAQ-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA:Device:false:~:eA:AAAAAAAAAAAAAAAA:AAEC_w:"
            + "O0UrFh9VLqQhpSzMfpnmOw"
    }
#endif
