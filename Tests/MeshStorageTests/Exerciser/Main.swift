import Glibc
import MeshCore
import MeshDARE
import MeshFiles
import MeshPlatforms
import MeshStorageTestSupport

/// What the tests have done in a process that they kill, hinder or run beside others:
/// `mesh-dare-exerciser DIRECTORY create NAME`
/// `mesh-dare-exerciser DIRECTORY append NAME WRITER COUNT record|grouped|atClose SIZE BATCH CLAIMS [tell]`: appends records and keeps
///     in the file CLAIMS how many it began and how many were acknowledged, until it has done COUNT or is told there to stop; says
///     a dot for each batch that it begins, if it is to tell
/// `mesh-dare-exerciser DIRECTORY buffer NAME WRITER COUNT SIZE CAPACITY CLAIMS [tell]`: the same through a buffer of CAPACITY
///     octets
/// `mesh-dare-exerciser DIRECTORY catalog NAME COUNT CLAIMS`: makes that many transactions in a catalog, with compactions between
/// `mesh-dare-exerciser DIRECTORY hold NAME`: writes half a frame, says `holding`, and waits to be killed
/// `mesh-dare-exerciser DIRECTORY read NAME COUNT`: follows the log until it has COUNT records
/// `mesh-dare-exerciser DIRECTORY compact NAME`: puts a copy in the place of the log
///
/// Says `ok`, or the code of the error, and ends with 0 or 1.
@main struct Exerciser {
    static func main() {
        do {
            try run(Array(CommandLine.arguments.dropFirst()))
            print("ok")
        } catch let error as any MeshError {
            print("\(error.codeName) \(error)")
            exit(1)
        } catch {
            print("\(error)")
            exit(1)
        }
    }

    static func run(_ arguments: [String]) throws {
        guard arguments.count >= 3, let opened = try Directory.open(arguments[0], create: true) else { throw usage }
        let directory = LinuxContainerDirectory(opened)
        let name = arguments[2]
        switch (arguments[1], arguments.count) {
        case ("create", 3): _ = try FrameLog.create(name, in: directory, firstFrame: TestRecord.first)
        case ("append", 9), ("append", 10): try append(name, directory, Array(arguments[3...]))
        case ("catalog", 5): try transact(name, directory, UInt32(arguments[3]) ?? 0, try Claims(arguments[4]))
        case ("buffer", 8), ("buffer", 9): try buffer(name, directory, Array(arguments[3...]))
        case ("hold", 3): try hold(try open(name, directory))
        case ("read", 4): try follow(name, directory, Int(arguments[3]) ?? 0)
        case ("compact", 3): try compact(try open(name, directory), directory)
        default: throw usage
        }
    }

    static var usage: PlatformError {
        PlatformError(.invalidArgument, store: "exerciser", "Other arguments are needed.")
    }

    static func open(_ name: String, _ directory: LinuxContainerDirectory) throws -> FrameLog {
        guard let log = try FrameLog.open(name, in: directory, isIntact: TestRecord.isIntact) else { throw usage }
        return log
    }

    static func append(_ name: String, _ directory: LinuxContainerDirectory, _ arguments: [String]) throws {
        let durabilities: [String: FrameLog.Durability] = ["record": .record, "grouped": .grouped, "atClose": .atClose]
        guard let writer = UInt32(arguments[0]), let count = UInt32(arguments[1]),
            let durability = durabilities[arguments[2]], let size = Int(arguments[3]), let batch = UInt16(arguments[4])
        else { throw usage }
        let claims = try Claims(arguments[5])
        let tells = arguments.last == "tell"
        var log = try open(name, directory)
        var slowest = Duration.zero
        for number in stride(from: 0, to: count, by: Int(batch)) {
            if claims.mustStop { break }
            claims.begin(number + UInt32(batch))
            if tells { write(1, ".", 1) }
            let begun = ContinuousClock.now
            while true {
                do {
                    try log.append(durability: durability, until: .now + .seconds(30)) { frames in
                        for place in 0..<batch {
                            let record = TestRecord(
                                writer: writer, number: number + UInt32(place), place: place, batch: batch)
                            frames.add(record.encoded(size: size))
                        }
                    }
                } catch let error as DAREError where error.code == .replaced {
                    log = try open(name, directory)
                    continue
                } catch let error as DAREError where error.code == .inDoubt {
                    try log.synchronize()
                }
                break
            }
            slowest = max(slowest, .now - begun)
            claims.acknowledge(number + UInt32(batch))
        }
        try log.synchronize()
        print("slowest \(slowest / .milliseconds(1))")
    }

    /// Each transaction adds an entry, takes the one before away, and counts: it is seen whether half of one is there.
    static func transact(
        _ name: String, _ directory: LinuxContainerDirectory, _ count: UInt32, _ claims: borrowing Claims
    ) throws {
        let catalog = try Catalog.openOrCreate(name, in: directory)
        for number in 1...max(1, count) {
            claims.begin(number)
            try catalog.transact(durability: number % 2 == 0 ? .grouped : .record, until: .now + .seconds(30)) {
                let frame = CatalogFrame(Array(String(number).utf8))
                try $0.put("count", frame)
                try $0.add("entry \(number)", frame)
                if number > 1 { try $0.delete("entry \(number - 1)", from: nil) }
            }
            claims.acknowledge(number)
            if number % 2 == 0 { try catalog.compact(until: .now + .seconds(30)) }
        }
    }

    /// Acknowledged is what was written.
    static func buffer(_ name: String, _ directory: LinuxContainerDirectory, _ arguments: [String]) throws {
        guard let writer = UInt32(arguments[0]), let count = UInt32(arguments[1]), let size = Int(arguments[2]),
            let capacity = Int(arguments[3])
        else { throw usage }
        let claims = try Claims(arguments[4])
        let tells = arguments.last == "tell"
        let buffer = try open(name, directory).buffered(capacity: capacity)
        for number in 0..<count {
            claims.begin(number + 1)
            if tells { write(1, ".", 1) }
            let record = TestRecord(writer: writer, number: number)
            try buffer.add(record.encoded(size: size), until: .now + .seconds(30))
            claims.acknowledge(number + 1 - UInt32(buffer.unwrittenCount))
        }
        try buffer.close(until: .now + .seconds(30))
        claims.acknowledge(count)
    }

    static func hold(_ log: FrameLog) throws {
        try log.append(durability: .record, until: .now + .seconds(30)) { frames in
            try frames.beginFrame(contentSize: 3 << 20)
            try frames.addPiece([UInt8](repeating: 0xF4, count: 2 << 20))
            print("holding")
            fflush(nil)
            while true { pause() }
        }
    }

    /// Whatever is seen must be whole records that stay where they are.
    static func follow(_ name: String, _ directory: LinuxContainerDirectory, _ count: Int) throws {
        guard let log = try FrameLog.open(name, in: directory, .read) else { throw usage }
        var position = 0
        var seen = 0
        var octets: UInt64 = 0
        func mix(_ content: [UInt8]) { octets = content.reduce(octets) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 } }
        while seen < count + 1 {
            let end = try log.refresh()
            if end == position { sched_yield() }
            while position < end {
                let frame = try log.frame(at: position)
                guard TestRecord(content: frame.content) != nil else {
                    throw PlatformError(.corrupt, store: name, "What a reader saw at \(position) was no record.")
                }
                mix(frame.content)
                position = frame.end
                seen += 1
            }
            guard position == end else {
                throw PlatformError(.corrupt, store: name, "A reader saw a frame beyond the end.")
            }
        }
        let before = octets
        octets = 0
        var place = 0
        while place < position {
            let frame = try log.frame(at: place)
            mix(frame.content)
            place = frame.end
        }
        guard octets == before else {
            throw PlatformError(.corrupt, store: name, "What a reader saw was changed later.")
        }
    }

    static func compact(_ log: FrameLog, _ directory: LinuxContainerDirectory) throws {
        let beside = "\(log.name).new"
        try log.append(durability: .atClose, until: .now + .seconds(30)) { frames in
            _ = try directory.remove(beside)
            try directory.createFile(beside, with: try log.read(at: 0, count: frames.start))
            try directory.exchange(log.name, with: beside)
            _ = try directory.remove(beside)
        }
    }
}
