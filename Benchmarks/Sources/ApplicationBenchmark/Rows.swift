import CSQLite
import MeshDARE
import MeshEncoding

/// The baseline: a table of SQLite with the same entries, found by the same keys; commits are durable.
final class Rows {
    private var connection: OpaquePointer?
    private var statements: [String: OpaquePointer] = [:]

    init(_ path: String) throws {
        guard sqlite3_open(path, &connection) == SQLITE_OK else {
            throw ApplicationBenchmark.Failure("open")
        }
        for command in [
            "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL",
            "CREATE TABLE IF NOT EXISTS entry (key TEXT PRIMARY KEY, host TEXT, version INTEGER, content BLOB)",
            "CREATE INDEX IF NOT EXISTS entry_host ON entry (host)",
        ] { try execute(command) }
    }

    deinit {
        for statement in statements.values { sqlite3_finalize(statement) }
        sqlite3_close(connection)
    }

    func add(_ entries: [CatalogedCredential]) throws {
        try execute("BEGIN")
        for entry in entries {
            try insert(
                entry.primaryKey ?? "", CatalogedCredential.host(of: entry.service ?? ""),
                entry.encoded.compact)
        }
        try execute("COMMIT")
    }

    private func insert(_ key: String, _ host: String, _ content: [UInt8]) throws {
        try run("INSERT INTO entry VALUES (?, ?, 1, ?)", [.text(key), .text(host), .octets(content)]) {
            _ in
        }
    }

    func find(_ key: String) throws -> CatalogedCredential? {
        try entries("SELECT content FROM entry WHERE key = ?", key).first
    }

    func find(host: String) throws -> [CatalogedCredential] {
        try entries("SELECT content FROM entry WHERE host = ?", host)
    }

    private func entries(_ command: String, _ value: String) throws -> [CatalogedCredential] {
        var contents: [[UInt8]] = []
        try run(command, [.text(value)]) { contents.append(Self.octets($0, 0)) }
        return try contents.compactMap { try CatalogContent<CatalogedCredential>(payload: $0).entry }
    }

    func update(_ entry: CatalogedCredential) throws {
        try run(
            "UPDATE entry SET content = ?, version = version + 1 WHERE key = ?",
            [.octets(entry.encoded.compact), .text(entry.primaryKey ?? "")]
        ) { _ in }
    }

    /// Reads all rows, and puts them into another database, in transactions of so many.
    func copy(to other: Rows, batch: Int) throws {
        var count = 0
        try other.execute("BEGIN")
        try run("SELECT key, host, content FROM entry ORDER BY rowid", []) { statement in
            try other.insert(Self.text(statement, 0), Self.text(statement, 1), Self.octets(statement, 2))
            count += 1
            guard count % batch == 0 else { return }
            try other.execute("COMMIT")
            try other.execute("BEGIN")
        }
        try other.execute("COMMIT")
    }

    // MARK: SQLite

    private enum Value {
        case text(String)
        case octets([UInt8])
    }

    private func execute(_ command: String) throws {
        guard sqlite3_exec(connection, command, nil, nil, nil) == SQLITE_OK else {
            throw ApplicationBenchmark.Failure(command)
        }
    }

    private func run(_ command: String, _ values: [Value], row: (OpaquePointer) throws -> Void) throws {
        let statement = try prepared(command)
        defer { sqlite3_reset(statement) }
        // SQLite copies what it is given (the destructor SQLITE_TRANSIENT is -1).
        let copies = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        for (place, value) in values.enumerated() {
            switch value {
            case .text(let text): sqlite3_bind_text(statement, Int32(place + 1), text, -1, copies)
            case .octets(let octets):
                sqlite3_bind_blob(statement, Int32(place + 1), octets, Int32(octets.count), copies)
            }
        }
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: try row(statement)
            case SQLITE_DONE: return
            default: throw ApplicationBenchmark.Failure(command)
            }
        }
    }

    private func prepared(_ command: String) throws -> OpaquePointer {
        if let statement = statements[command] { return statement }
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(connection, command, -1, &statement, nil) == SQLITE_OK, let statement
        else {
            throw ApplicationBenchmark.Failure(command)
        }
        statements[command] = statement
        return statement
    }

    private static func octets(_ statement: OpaquePointer, _ column: Int32) -> [UInt8] {
        Array(
            UnsafeRawBufferPointer(
                start: sqlite3_column_blob(statement, column),
                count: Int(sqlite3_column_bytes(statement, column))))
    }

    private static func text(_ statement: OpaquePointer, _ column: Int32) -> String {
        sqlite3_column_text(statement, column).map { String(cString: $0) } ?? ""
    }
}
