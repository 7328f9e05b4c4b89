import MeshCore
import MeshEncoding
import MeshPlatforms

/// The text of the registry file:
///
/// ```
/// {
///   "Version": 1,
///   "Generation": 12,
///   "Check": "0123456789abcdef",
///   "PersonalProfiles": { … }
/// }
/// ```
///
/// The check value covers the generation and everything behind it. Where it does not fit, a person has edited the file
/// since this package wrote it: that is a new generation. The check finds edits and accidents, and is no protection
/// against malice (the permissions of the file are).
struct RegistryFile {
    /// The members that belong to the file and not to the registry's tree.
    static let reservedNames: Set<String> = ["Version", "Generation", "Check"]
    static let version: Int64 = 1
    /// The largest file that is read or written, in octets.
    static let largest = 1 << 26
    /// No generation that counts changes gets here; above it, the arithmetic of generations might overflow.
    static let largestGeneration: UInt64 = 1 << 62

    /// The tree, without the reserved members.
    var root = JSONObject()
    /// The generation that is written in the file: which transactions of the journal it contains.
    var generation: UInt64 = 0
    /// Whether the file is not as this package wrote it.
    var isEdited = false

    /// An empty registry.
    init() {}

    /// Reads the text of a registry file.
    ///
    /// - Throws: ``PlatformError`` `corrupt` with the place, `unknownVersion`.
    init(_ octets: [UInt8], path: String) throws {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: octets, memory: .unlimited)
        } catch {
            throw Self.corrupt(path, error.message, octets, at: error.offset, cause: error)
        }
        guard case .object(let object) = value else {
            throw Self.corrupt(path, "The file does not hold a JSON object.", octets, at: 0)
        }
        root = object
        switch object["Version"] {
        case nil: break
        case .some(let version) where version.integer == Self.version: break
        case .some(let version):
            throw PlatformError(
                .unknownVersion, store: path,
                "The registry has version \(version.integer.map(String.init) ?? "?"), which is not known.",
                remedy: "Use a newer release of this program.")
        }
        switch object["Generation"] {
        case nil: break
        case .some(let number):
            guard let count = number.integer, count >= 0, UInt64(count) < Self.largestGeneration else {
                throw Self.corrupt(path, "The member 'Generation' is no count of changes.", octets, at: nil)
            }
            generation = UInt64(count)
        }
        isEdited = !Self.isIntact(octets, generation)
        for name in Self.reservedNames { root[name] = nil }
    }

    /// The text for `root` at `generation`.
    static func text(_ root: JSONObject, generation: UInt64) -> [UInt8] {
        var body = JSONValue.object(root).indented
        // What follows the opening brace: the members, or the end of the object.
        body.removeFirst()
        let rest = root.isEmpty ? [0x0A] + body : [0x2C] + body
        let check = Checksum.text(Checksum.of(rest, seed: generation))
        return Array(
            "{\n  \"Version\": \(version),\n  \"Generation\": \(generation),\n  \"Check\": \"\(check)\"".utf8) + rest
    }

    private static func isIntact(_ octets: [UInt8], _ generation: UInt64) -> Bool {
        let head = Array("{\n  \"Version\": \(version),\n  \"Generation\": \(generation),\n  \"Check\": \"".utf8)
        let start = head.count + Checksum.textCount + 1
        guard octets.count >= start, octets.starts(with: head), octets[start - 1] == 0x22 else { return false }
        let check = Checksum.text(Checksum.of(octets[start...], seed: generation))
        return octets[head.count..<start - 1].elementsEqual(check.utf8)
    }

    /// The error of a file that cannot be read, naming line and column.
    static func corrupt(
        _ path: String, _ message: String, _ octets: [UInt8], at offset: Int?, cause: (any Error)? = nil
    ) -> PlatformError {
        var place = ""
        if let offset {
            let before = octets.prefix(offset)
            let line = before.count { $0 == 0x0A } + 1
            let column = before.reversed().prefix { $0 != 0x0A }.count + 1
            place = " The place is line \(line), column \(column)."
        }
        return PlatformError(
            .corrupt, store: path, message + place,
            remedy: "Repair the file with an editor, or restore it from a backup; it was left as it is.", cause: cause)
    }
}

/// A fast check value of 64 bits, to find accidents and edits.
enum Checksum {
    static let textCount = 16

    /// The check value of `octets`, eight at a time: each block is mixed in by a multiplication whose two halves are
    /// folded together.
    static func of(_ octets: some RandomAccessCollection<UInt8>, seed: UInt64) -> UInt64 {
        let count = octets.count
        let sum = octets.withContiguousStorageIfAvailable { of(UnsafeRawBufferPointer($0), seed: seed) }
        return sum ?? Array(octets).withUnsafeBytes { of($0, seed: seed ^ UInt64(count) ^ UInt64($0.count)) }
    }

    private static func of(_ octets: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
        var state = fold(seed ^ 0x9E37_79B9_7F4A_7C15, UInt64(octets.count) ^ 0xD6E8_FEB8_6659_FD93)
        var place = 0
        while place + 8 <= octets.count {
            let block = UInt64(littleEndian: octets.loadUnaligned(fromByteOffset: place, as: UInt64.self))
            state = fold(state ^ block, 0xA076_1D64_78BD_642F)
            place += 8
        }
        var last: UInt64 = 0
        while place < octets.count {
            last = last << 8 | UInt64(octets[place])
            place += 1
        }
        return fold(state ^ last, 0xE703_7ED1_A0B4_28DB)
    }

    private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        // The sum keeps the left side in play where the product is zero.
        return product.high ^ product.low &+ left
    }

    static func text(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, textCount - digits.count)) + digits
    }
}
