import Glibc
import MeshCore
import MeshDARE
import MeshInMemory
import Testing

/// Power cuts, kills and failing calls, simulated: the very code of the log on a disk that forgets and fails.
@Suite struct SimulationTests {
    /// `MESH_STORAGE_STATES` states, `MESH_STORAGE_SEED` the first seed.
    static let wanted = getenv("MESH_STORAGE_STATES").flatMap { Int(String(cString: $0)) } ?? 20_000
    static let seed =
        getenv("MESH_STORAGE_SEED").flatMap { UInt64(String(cString: $0)) }
        ?? SystemRandomSource().bytes(4).reduce(0) { $0 << 8 | UInt64($1) }

    @Test func `No acknowledged record is lost, doubled, moved or damaged in any state that a crash may leave`() async {
        // Two seeds at a time, on as many cores.
        let results = await withTaskGroup(of: (Int, [String]).self) { group in
            for part in UInt64(0)..<2 {
                group.addTask {
                    var states = 0
                    var faults: [String] = []
                    var seed = Self.seed &+ part
                    while states < Self.wanted / 2, faults.isEmpty {
                        let story = CrashStory(seed: seed)
                        story.tell()
                        states += story.states
                        faults += story.faults
                        seed &+= 2
                    }
                    return (states, faults)
                }
            }
            return await group.reduce(into: (0, [String]())) { sum, part in
                sum.0 += part.0
                sum.1 += part.1
            }
        }
        print("\(results.0) states from seed \(Self.seed) on")
        #expect(results.1 == [])
        #expect(results.0 >= Self.wanted || !results.1.isEmpty)
    }

    /// Mistakes in the log or in what is below it.
    enum Defect: String, CaseIterable, Sendable {
        case noSynchronization, namesNotDurable, newFilesNotDurable, noLocks, newLockFiles, wordsNotDurable
        case trustsTheEnd, publishesBeforeWriting, synchronizesAgain, cutsWithoutLock, ignoresHoles, acceptsShorterFiles

        var story: (FrameLog.Defects, SimulatedDisk.Negligence) {
            switch self {
            case .noSynchronization: ([], .files)
            case .namesNotDurable: ([], .names)
            case .newFilesNotDurable: ([], .newFiles)
            case .noLocks: ([], .locks)
            case .newLockFiles: ([], .lockFiles)
            case .wordsNotDurable: ([], .words)
            case .trustsTheEnd: (.trustsTheEnd, [])
            case .publishesBeforeWriting: (.publishesBeforeWriting, [])
            case .synchronizesAgain: (.synchronizesAgain, [])
            case .cutsWithoutLock: (.cutsWithoutLock, [])
            case .ignoresHoles: (.ignoresHoles, [])
            case .acceptsShorterFiles: (.acceptsShorterFiles, [])
            }
        }
    }

    @Test(arguments: Defect.allCases)
    func `A mistake that is made on purpose is noticed`(defect: Defect) {
        let (defects, negligence) = defect.story
        var states = 0
        for seed in UInt64(1)... {
            let story = CrashStory(seed: seed, defects: defects, negligence: negligence)
            story.tell()
            states += story.states
            if let fault = story.faults.first {
                print("\(defect): \(fault) (\(states) states)")
                return
            }
            if states > 5_000 { break }
        }
        Issue.record("nobody noticed in \(states) states")
    }
}
