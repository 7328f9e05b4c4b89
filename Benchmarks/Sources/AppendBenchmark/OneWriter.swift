import CSQLite
import Glibc
import MeshDARE

/// One writer that waits for the disk after each record.
enum OneWriter {
    static func measure(_ place: Place) throws {
        let (raw, database) = (try RawFile("\(place.path)/raw"), try Database("\(place.path)/sqlite"))
        let logs = [(FrameLog.Durability.record, try place.log("record")), (.grouped, try place.log("grouped"))]
        var (rawTimes, databaseTimes): ([Double], [Double]) = ([], [])
        var ours: [[Double]] = [[], []]
        for turn in 0..<1_100 {
            let times = [
                try AppendBenchmark.time { try raw.append(AppendBenchmark.frame, durably: true) },
                try AppendBenchmark.time { try logs[0].1.add(1, logs[0].0) },
                try AppendBenchmark.time { try logs[1].1.add(1, logs[1].0) },
                try AppendBenchmark.time { try database.insert(AppendBenchmark.record) },
            ]
            guard turn >= 100 else { continue }
            rawTimes.append(times[0])
            for index in 0..<2 { ours[index].append(times[index + 1]) }
            databaseTimes.append(times[3])
        }
        for (name, quantile) in [("", 0.5), ("-p99", 0.99)] {
            for (log, times) in zip(logs, ours) {
                AppendBenchmark.report("append-\(log.0)-raw\(name)", times, rawTimes, quantile: quantile)
                AppendBenchmark.report("append-\(log.0)-sqlite\(name)", times, databaseTimes, quantile: quantile)
            }
        }
    }
}

/// What a program would write that needs nothing but octets on a disk.
final class RawFile {
    private let descriptor: Int32
    private var end = 0

    init(_ path: String) throws {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure("open") }
    }

    deinit { close(descriptor) }

    func append(_ octets: [UInt8], durably: Bool) throws {
        guard pwrite(descriptor, octets, octets.count, off_t(end)) == octets.count else { throw Failure("pwrite") }
        end += octets.count
        if durably, fdatasync(descriptor) != 0 { throw Failure("fdatasync") }
    }

    /// Appends where the file ends by now and synchronizes, holding a lock on it all the time.
    func appendLocked(_ octets: [UInt8]) throws {
        try set(F_WRLCK)
        end = Int(lseek(descriptor, 0, SEEK_END))
        try append(octets, durably: true)
        try set(F_UNLCK)
    }

    private func set(_ type: Int32) throws {
        var request = Glibc.flock()
        request.l_type = Int16(type)
        request.l_len = 1
        let setAndWait: Int32 = 38  // F_OFD_SETLKW, which Glibc's module does not have
        guard fcntl(descriptor, setAndWait, &request) == 0 else { throw Failure("fcntl") }
    }
}

/// A table in a SQLite database that is synchronized after each row.
final class Database {
    private var connection: OpaquePointer?
    private var insertion: OpaquePointer?

    init(_ path: String) throws {
        guard sqlite3_open(path, &connection) == SQLITE_OK else { throw error("open") }
        for command in [
            "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL",
            "CREATE TABLE records (number INTEGER PRIMARY KEY, content BLOB)",
        ] {
            guard sqlite3_exec(connection, command, nil, nil, nil) == SQLITE_OK else { throw error(command) }
        }
        let command = "INSERT INTO records (content) VALUES (?)"
        guard sqlite3_prepare_v2(connection, command, -1, &insertion, nil) == SQLITE_OK else { throw error(command) }
    }

    deinit {
        sqlite3_finalize(insertion)
        sqlite3_close(connection)
    }

    func insert(_ octets: [UInt8]) throws {
        // The octets are not kept: the statement has run and is reset before they go.
        let code = octets.withUnsafeBytes { octets in
            sqlite3_bind_blob(insertion, 1, octets.baseAddress, Int32(octets.count), nil)
            defer { sqlite3_reset(insertion) }
            return sqlite3_step(insertion)
        }
        guard code == SQLITE_DONE else { throw error("INSERT") }
    }

    private func error(_ command: String) -> Failure {
        Failure("\(command): \(String(cString: sqlite3_errmsg(connection)))")
    }
}
