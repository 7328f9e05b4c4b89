import Glibc
import MeshDARE
import MeshPlatforms

/// Eight processes that append to one file, each waiting for the disk after each record: with our log, and with a lock that is
/// held while the record is written and synchronized.
enum Crowd {
    private static let each = 250

    static func measure(_ place: Place) throws {
        let log = try place.log("crowd")
        var times: [String: [Double]] = [:]
        var synchronizations: [Double] = []
        let records = Double(each * AppendBenchmark.processes)
        for _ in 0..<7 {
            for way in ["grouped", "alone"] {
                let (time, count) = try run(way, place)
                times[way, default: []].append(time / records)
                if way == "grouped" { synchronizations.append(Double(count) / records) }
            }
        }
        // What was counted is there.
        let expected = AppendBenchmark.frame.count * (1 + 7 * each * AppendBenchmark.processes)
        guard try log.refresh() == expected else { throw Failure("the log is not as long as what was appended") }
        AppendBenchmark.report("append-8-processes", times["grouped"] ?? [], times["alone"] ?? [])
        AppendBenchmark.report("append-8-processes-synchronizations", of: synchronizations.quantile(0.5), and: 1)
    }

    /// Microseconds from the start of all to the end of the last, and how often the log's file was synchronized.
    private static func run(_ way: String, _ place: Place) throws -> (Double, Int) {
        let (start, said) = (try Pipe(), try Pipe())
        let workers = try (0..<AppendBenchmark.processes).map { _ in
            try spawn(["worker", way, place.path, "\(each)"], input: start.reading, output: said.writing)
        }
        close(start.reading)
        close(said.writing)
        for _ in workers { _ = try said.read() }  // ready
        var count = 0
        let time = try AppendBenchmark.time {
            close(start.writing)
            for _ in workers { count += try said.read() }
        }
        close(said.reading)
        for worker in workers {
            var status: Int32 = 0
            guard waitpid(worker, &status, 0) == worker, status == 0 else { throw Failure("a worker failed") }
        }
        return (time, count)
    }

    private static func spawn(_ arguments: [String], input: Int32, output: Int32) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        var words = (["AppendBenchmark"] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var child: pid_t = 0
        guard posix_spawn(&child, "/proc/self/exe", &actions, nil, &words, environ) == 0 else {
            throw Failure("posix_spawn")
        }
        return child
    }
}

/// Numbers from many processes to one.
struct Pipe {
    let reading: Int32
    let writing: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0, ends.allSatisfy({ fcntl($0, F_SETFD, FD_CLOEXEC) == 0 }) else { throw Failure("pipe") }
        (reading, writing) = (ends[0], ends[1])
    }

    func read() throws -> Int {
        var number = 0
        guard Glibc.read(reading, &number, 8) == 8 else { throw Failure("a worker ended early") }
        return number
    }

    static func say(_ number: Int) throws {
        var number = number
        guard write(1, &number, 8) == 8 else { throw Failure("write") }
    }
}

/// One of the eight. It begins when its input ends.
enum Worker {
    static func run(_ arguments: [String]) throws {
        guard arguments.count == 3, let count = Int(arguments[2]) else { throw Failure("arguments") }
        let place = try Place(arguments[1], create: false)
        let counting = CountingDirectory(place.containers)
        var append: () throws -> Void
        if arguments[0] == "grouped" {
            guard let log = try FrameLog.open("crowd", in: counting) else { throw Failure("open") }
            append = { try log.add(1, .grouped) }
        } else {
            let file = try RawFile("\(place.path)/raw-crowd")
            append = { try file.appendLocked(AppendBenchmark.frame) }
        }
        let before = counting.count
        try Pipe.say(0)
        var nothing: UInt8 = 0
        while read(0, &nothing, 1) < 0, errno == EINTR {}
        for _ in 0..<count { try append() }
        try Pipe.say(counting.count - before)
    }
}
