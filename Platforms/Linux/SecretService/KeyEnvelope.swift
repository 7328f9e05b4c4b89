#if SecretService
    import MeshCore
    import MeshCryptography
    import MeshPlatforms

    /// A key as a keyring holds it: one line of printable ASCII, with a version and a check value.
    ///
    /// `mesh-key-1:UDF:CLASS:EXPORTABLE:ACCOUNT:LABEL:REVISION:SECRET:CHECK`
    ///
    /// ACCOUNT and LABEL are UTF-8 in base64url (ACCOUNT is `~` when there is none), REVISION is twelve random octets and
    /// SECRET the octets of the key, in base64url too. CHECK is the first sixteen octets, in base64url, of the SHA-512 of
    /// `org.mathmesh.key-envelope`, a zero octet and the line up to the colon before CHECK.
    ///
    /// One line, because a value with a line break destroys a password-less gnome-keyring collection with everything in
    /// it. The description of the key is part of the line, so that reading a key needs no second question for its
    /// attributes, and so that a value that was moved to another item is noticed. The line is built and read in
    /// ``SecretBytes``; no part of the secret goes through a `String`, an array or a table.
    package enum KeyEnvelope {
        static let version1 = "mesh-key-1"
        private static let domain = "org.mathmesh.key-envelope"
        private static let checkOctets = 16
        /// How many random octets a revision has.
        package static let revisionOctets = 12
        /// The longest line that is read: what the largest secret and the longest texts take, with room to spare.
        static let maximumCount = 2 * 1024 * 1024

        /// The line for `secret`, described by `item`, in the version `revision` (see ``newRevision(_:)``).
        package static func encode(
            _ secret: borrowing SecretBytes, as item: KeyItem, revision: KeyRevision
        ) -> SecretBytes {
            let head = [
                version1, item.identifier.text, item.keyClass.rawValue, item.isExportable ? "true" : "false",
                item.account.map(base64) ?? "~", base64(item.label), revision.mark, "",
            ].joined(separator: ":")
            let headCount = head.utf8.count
            let secretCount = Base64.url.encodedCount(secret.count)
            let checkCount = Base64.url.encodedCount(checkOctets)
            return SecretBytes(count: headCount + secretCount + 1 + checkCount) { line in
                line.copyBytes(from: head.utf8)
                secret.withUnsafeBytes {
                    Base64.url.encode($0, into: slice(line, headCount..<headCount + secretCount))
                }
                let end = headCount + secretCount
                line[end] = 0x3A
                let check = check(UnsafeRawBufferPointer(slice(line, 0..<end)))
                check.withUnsafeBytes { Base64.url.encode($0, into: slice(line, end + 1..<line.count)) }
            }
        }

        /// Reads a line.
        ///
        /// - Parameters:
        ///   - expected: the identifier that the attributes of the item name; the line must be of the same.
        ///   - store: the name that errors carry.
        ///   - place: the item, for the words of errors.
        /// - Throws: ``PlatformError`` `unknownVersion` for a line of a later version, `corrupt` for anything else that
        ///   ``encode(_:as:revision:)`` did not write.
        package static func decode(
            _ line: UnsafeRawBufferPointer, expected: UDF?, store: String, place: String
        ) throws -> StoredKey {
            func corrupt(_ what: String) -> PlatformError {
                PlatformError(
                    .corrupt, store: store, "The value of \(place) is damaged: \(what).",
                    remedy: "Restore the keyring from a backup, or remove the item and recover the key from its shares."
                )
            }
            var colons: [Int] = []
            for (index, octet) in line.enumerated() where octet == 0x3A { colons.append(index) }
            guard let first = colons.first else { throw corrupt("it is not a Mesh key") }
            let version = String(decoding: line[..<first], as: UTF8.self)
            guard version == version1 else {
                guard isVersion(version) else { throw corrupt("it is not a Mesh key") }
                throw PlatformError(
                    .unknownVersion, store: store, "\(place) has format '\(version)', which is not known.",
                    remedy: "Use a newer version of this program.")
            }
            guard colons.count == 8, line.count <= maximumCount else { throw corrupt("parts are missing or too many") }
            let bounds = [-1] + colons + [line.count]
            func field(_ index: Int) -> UnsafeRawBufferPointer {
                UnsafeRawBufferPointer(rebasing: line[(bounds[index] + 1)..<bounds[index + 1]])
            }
            func text(_ index: Int) -> String { String(decoding: field(index), as: UTF8.self) }

            var found = [UInt8](repeating: 0, count: checkOctets)
            let isReadable =
                field(8).count == Base64.url.encodedCount(checkOctets)
                && found.withUnsafeMutableBytes { Base64.url.decode(field(8), into: $0) } == checkOctets
            let computed = check(UnsafeRawBufferPointer(rebasing: line[..<colons[7]]))
            let isWhole =
                isReadable
                && found.withUnsafeBytes { left in computed.withUnsafeBytes { constantTimeEqual(left, $0) } }
            guard isWhole else { throw corrupt("its check value does not fit") }

            guard let identifier = UDF(text(1)), identifier.text == text(1), let keyClass = KeyClass(rawValue: text(2)),
                ["true", "false"].contains(text(3)), let label = unbase64(field(5)),
                Base64.url.decodedCount(field(6)) == revisionOctets
            else { throw corrupt("its description cannot be read") }
            var account: String?
            if text(4) != "~" {
                guard let value = unbase64(field(4)) else { throw corrupt("its description cannot be read") }
                account = value
            }
            if let expected, expected != identifier { throw corrupt("it is the value of another key") }
            let item: KeyItem
            do {
                item = try KeyItem(
                    identifier: identifier, keyClass: keyClass, isExportable: text(3) == "true", account: account,
                    label: label)
            } catch { throw corrupt("its description is not allowed") }
            guard let secret = Base64.url.decode(field(7)) else { throw corrupt("its octets cannot be read") }
            return StoredKey(item: item, revision: KeyRevision(text(6)), secret: secret)
        }

        /// A revision that no other value has.
        package static func newRevision(_ random: any RandomSource) -> KeyRevision {
            KeyRevision(Base64.url.encode(random.bytes(revisionOctets)))
        }

        private static func isVersion(_ text: String) -> Bool {
            let digits = text.dropFirst(9)
            return text.hasPrefix("mesh-key-") && (1...9).contains(digits.count)
                && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
        }

        private static func slice(_ buffer: UnsafeMutableRawBufferPointer, _ range: Range<Int>)
            -> UnsafeMutableRawBufferPointer
        {
            UnsafeMutableRawBufferPointer(rebasing: buffer[range])
        }

        private static func base64(_ text: String) -> String { Base64.url.encode(Array(text.utf8)) }

        private static func unbase64(_ field: UnsafeRawBufferPointer) -> String? {
            guard let count = Base64.url.decodedCount(field), count <= KeyItem.maximumTextOctets else { return nil }
            var octets = [UInt8](repeating: 0, count: count)
            guard octets.withUnsafeMutableBytes({ Base64.url.decode(field, into: $0) }) != nil else { return nil }
            return String(validating: octets, as: UTF8.self)
        }

        /// The check value of `text`: tells damage from a whole value. It is no protection against someone who can write.
        private static func check(_ text: UnsafeRawBufferPointer) -> [UInt8] {
            let prefix = domain.utf8.count + 1
            let input = SecretBytes(count: prefix + text.count) { buffer in
                buffer.copyBytes(from: domain.utf8)
                slice(buffer, prefix..<buffer.count).copyMemory(from: text)
            }
            return input.withUnsafeBytes { Array(HashAlgorithm.sha512.digest($0).prefix(checkOctets)) }
        }
    }
#endif
