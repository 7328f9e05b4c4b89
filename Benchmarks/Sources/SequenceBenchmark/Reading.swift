import CSQLite
import Foundation
import MeshDARE
import MeshFiles

/// Opening and reading by number, against SQLite in WAL mode.
enum Reading {
    static func measure(_ place: SequenceBenchmark.Place) throws {
        for count in [1_000, 100_000, 1_000_000] {
            let name = "read-\(count)"
            try make(name, count, place)
            let database = try Database("\(place.path)/\(name).sqlite", records: count)
            try SequenceBenchmark.compare("sequence-open-\(count)", rounds: 101, per: 1) {
                guard try DARESequence.open(name, in: place.directory, .read) != nil else {
                    throw SequenceBenchmark.Failure("not there")
                }
            } _: {
                _ = try Database("\(place.path)/\(name).sqlite").read(count)
            }
            guard let sequence = try DARESequence.open(name, in: place.directory) else { return }
            try sequence.saveIndex()
            let reads = 50_000
            var state: UInt64 = 1
            func next() -> Int {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int(state >> 33) % count + 1
            }
            try SequenceBenchmark.compare("sequence-random-read-\(count)", rounds: 9, per: reads) {
                for _ in 0..<reads {
                    guard try sequence.frame(at: next()).payload.count == 512 else {
                        throw SequenceBenchmark.Failure("another payload")
                    }
                }
            } _: {
                for _ in 0..<reads {
                    guard try database.read(next()) == 512 else { throw SequenceBenchmark.Failure("another payload") }
                }
            }
            if count == 1_000_000 { try Verifying.compare(name, "small", place, records: count, of: 512) }
            _ = try place.directory.remove(name)
            _ = try place.directory.remove("\(name).index")
        }
    }

    private static func make(_ name: String, _ count: Int, _ place: SequenceBenchmark.Place) throws {
        let sequence = try DARESequence.create(name, in: place.directory)
        let batch = [FrameContent](repeating: FrameContent(SequenceBenchmark.payload), count: 1000)
        for _ in 0..<count / 1000 { _ = try sequence.append(durability: .atClose) { try $0.append(batch) } }
        try sequence.synchronize()
    }
}

/// A table of records by number.
final class Database {
    private var handle: OpaquePointer?
    private var select: OpaquePointer?

    init(_ path: String) throws {
        guard sqlite3_open(path, &handle) == SQLITE_OK else { throw SequenceBenchmark.Failure("sqlite") }
        try run("PRAGMA journal_mode=WAL")
    }

    convenience init(_ path: String, records: Int) throws {
        try self.init(path)
        try run("CREATE TABLE record (number INTEGER PRIMARY KEY, payload BLOB)")
        try run("BEGIN")
        try run(
            """
            WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < \(records))
            INSERT INTO record SELECT n, randomblob(512) FROM numbers
            """)
        try run("COMMIT")
    }

    deinit {
        sqlite3_finalize(select)
        sqlite3_close(handle)
    }

    private func run(_ text: String) throws {
        guard sqlite3_exec(handle, text, nil, nil, nil) == SQLITE_OK else { throw SequenceBenchmark.Failure(text) }
    }

    /// Reads a record; its size.
    func read(_ number: Int) throws -> Int {
        if select == nil { sqlite3_prepare_v2(handle, "SELECT payload FROM record WHERE number = ?", -1, &select, nil) }
        sqlite3_bind_int64(select, 1, Int64(number))
        defer { sqlite3_reset(select) }
        guard sqlite3_step(select) == SQLITE_ROW else { throw SequenceBenchmark.Failure("no record") }
        let count = Int(sqlite3_column_bytes(select, 0))
        guard let octets = sqlite3_column_blob(select, 0) else { return 0 }
        return [UInt8](UnsafeRawBufferPointer(start: octets, count: count)).count
    }
}
