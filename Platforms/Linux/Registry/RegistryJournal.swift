import MeshCore
import MeshEncoding
import MeshPlatforms

/// The journal of a large registry: the transactions since the registry file was written, one line each.
///
/// ```
/// {"Check":"…","Journal":1,"Base":12}
/// {"Check":"…","Generation":13,"Changes":[…]}
/// ```
///
/// `Base` is the generation of the file that the journal was begun on. Lines up to the generation that the file has are
/// in it already; the others are made on top of it. A change names its place by a path, so this gives the right result
/// too when a person has edited the file meanwhile. Each check value covers the rest of its line and the check value of
/// the line before, so no line can be missing. A last line that was not written to its end is no transaction.
struct RegistryJournal {
    static let version: Int64 = 1

    /// The generation of the file that the journal was begun on.
    private(set) var base: UInt64 = 0
    /// The generation of the last transaction.
    private(set) var generation: UInt64 = 0
    /// Where the last whole line ends.
    private(set) var end = 0
    private var check: UInt64 = 0

    /// A transaction that was read.
    struct Transaction {
        let generation: UInt64
        let changes: [RegistryChange]
    }

    /// Nothing read yet.
    init() {}

    /// The first line of a journal on the file of generation `base`.
    static func start(base: UInt64) -> (journal: RegistryJournal, line: [UInt8]) {
        var journal = RegistryJournal()
        let line = journal.add(["Journal": .integer(version), "Base": .integer(base)])
        journal.base = base
        journal.generation = base
        return (journal, line)
    }

    /// The line of a transaction, and the journal that has it.
    func appending(_ generation: UInt64, _ changes: [RegistryChange]) -> (journal: RegistryJournal, line: [UInt8]) {
        var journal = self
        let line = journal.add([
            "Generation": .integer(generation), "Changes": .array(changes.map(\.json)),
        ])
        journal.generation = generation
        return (journal, line)
    }

    private static let head = Array("{\"Check\":\"".utf8)
    private static let headCount = head.count + Checksum.textCount

    private mutating func add(_ members: JSONObject) -> [UInt8] {
        let rest = [0x22, 0x2C] + JSONValue.object(members).compact.dropFirst() + [0x0A]
        check = Checksum.of(rest, seed: check)
        let line = Self.head + Array(Checksum.text(check).utf8) + rest
        end += line.count
        return line
    }

    /// Reads the lines that begin where this journal ends.
    ///
    /// - Parameter octets: what the file holds from ``end`` on.
    /// - Returns: the transactions.
    /// - Throws: ``PlatformError`` `corrupt`, `unknownVersion`.
    mutating func read(_ octets: [UInt8], path: String) throws -> [Transaction] {
        var transactions: [Transaction] = []
        var rest = octets[...]
        while let lineEnd = rest.firstIndex(of: 0x0A) {
            let line = rest[...lineEnd]
            guard let value = Self.value(of: line, after: &check) else {
                // What a power cut leaves of the last line may have its end and holes before it.
                if lineEnd == octets.count - 1, line.contains(0) { break }
                throw Self.corrupt(path, at: end)
            }
            if end == 0 {
                try readHeader(value, path: path)
            } else {
                transactions.append(try readTransaction(value, path: path))
            }
            end += line.count
            rest = rest[(lineEnd + 1)...]
        }
        guard end > 0 else { throw Self.corrupt(path, at: 0) }
        return transactions
    }

    /// The members of `line`, if its check value fits, which then comes in the place of `previous`.
    private static func value(of line: ArraySlice<UInt8>, after previous: inout UInt64) -> JSONValue? {
        guard line.count > headCount, line.starts(with: head) else { return nil }
        let rest = line.dropFirst(headCount)
        let check = Checksum.of(rest, seed: previous)
        guard line.dropFirst(head.count).prefix(Checksum.textCount).elementsEqual(Checksum.text(check).utf8),
            let value = try? JSONValue(parsing: Array(line), memory: .unlimited)
        else { return nil }
        previous = check
        return value
    }

    private mutating func readHeader(_ value: JSONValue, path: String) throws {
        guard let version = value["Journal"]?.integer, let count = value["Base"]?.integer, count >= 0 else {
            throw Self.corrupt(path, at: end)
        }
        guard version == Self.version else {
            throw PlatformError(
                .unknownVersion, store: path, "The journal has version \(version), which is not known.",
                remedy: "Use a newer release of this program.")
        }
        base = UInt64(count)
        generation = base
    }

    private mutating func readTransaction(_ value: JSONValue, path: String) throws -> Transaction {
        guard let count = value["Generation"]?.integer, count > 0, UInt64(count) > generation,
            UInt64(count) < RegistryFile.largestGeneration, let elements = value["Changes"]?.array
        else { throw Self.corrupt(path, at: end) }
        let changes = elements.compactMap { RegistryChange($0) }
        guard changes.count == elements.count else { throw Self.corrupt(path, at: end) }
        generation = UInt64(count)
        return Transaction(generation: generation, changes: changes)
    }

    private static func corrupt(_ path: String, at offset: Int) -> PlatformError {
        PlatformError(
            .corrupt, store: path, "The journal of the registry is damaged at octet \(offset).",
            remedy: "Restore it from a backup. To do without the changes it holds, move it away; "
                + "the registry is then as its own file says.")
    }
}
