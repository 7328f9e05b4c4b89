import MeshCore
import MeshInMemory
import MeshPlatformTesting
import MeshPlatforms
import Synchronization
import Testing

/// The kit finds what it is there to find: each planted defect, by the case that names the broken rule.
@Suite struct PlantedDefectTests {
    private func suite(_ defect: KeyStoreDefect, _ rule: KeyStoreConformance.Case) throws -> KeyStoreConformance {
        let memory = InMemoryKeyStore(largestValue: defect.finder == .largestValue ? 4096 : nil)
        let wrap: @Sendable (PlatformMode, any KeyStore) -> any KeyStore = { mode, good in
            // The other mode of the case: it has the suffix b where this one has a.
            let name = mode.description
            let other = PlatformMode(name.dropLast() + (name.hasSuffix("a") ? "b" : "a")) ?? mode
            return DefectiveKeyStore(
                defect, wrapping: good,
                other: memory.reopened(in: defect == .sharesModes ? .test("shared") : other),
                production: memory.reopened(in: .production))
        }
        return KeyStoreConformance(
            name: "\(defect)", deadline: .seconds(2), allowsProduction: true,
            makeMute: { mode in
                let script = FaultScript()
                script.always(.mute)
                return wrap(mode, FaultInjectingKeyStore(wrapping: memory.reopened(in: mode), script: script))
            },
            restart: { if defect != .keepsAfterRestart { _ = try await memory.eraseTestKeys(options: CallOptions()) } },
            makeStore: { mode in wrap(mode, memory.reopened(in: mode)) })
    }

    @Test(arguments: KeyStoreDefect.allCases)
    func keyStoreDefectIsFound(_ defect: KeyStoreDefect) async throws {
        let suite = try suite(defect, defect.finder)
        let failure = await #expect(throws: ConformanceFailure.self) { try await suite.run(defect.finder) }
        guard let failure else { return }
        #expect(failure.caseName == defect.finder.rawValue)
        #expect(failure.suite == "\(defect)")
        #expect(failure.description.contains(String(suite.seed)) && failure.description.contains(defect.finder.rule))
    }

    @Test func reportTellsPassedSkippedAndFailed() async throws {
        let memory = InMemoryKeyStore()
        let suite = KeyStoreConformance(name: "trimming", seed: 7) { mode in
            DefectiveKeyStore(
                .trimsNewlines, wrapping: memory.reopened(in: mode), other: memory, production: memory)
        }
        let report = await suite.runAll()
        #expect(!report.isConforming)
        #expect(report.failures.map(\.caseName) == ["values"])
        #expect(report.skipped.map(\.caseName) == ["largestValue", "restart", "muteProvider", "productionRefused"])
        #expect(report.entries.count == KeyStoreConformance.Case.allCases.count)
        #expect(report.description.contains("20 passed, 1 failed, 4 skipped (seed 7)"))
    }

    @Test func kitLeavesNothingBehind() async throws {
        let memory = InMemoryKeyStore()
        let modes = OpenedModes()
        let suite = KeyStoreConformance(name: "tidy", allowsProduction: true) { mode in
            modes.add(mode)
            return memory.reopened(in: mode)
        }
        let report = await suite.runAll()
        #expect(report.isConforming, "\(report)")
        #expect(modes.all.count > 20)
        for mode in modes.all {
            #expect(try await memory.reopened(in: mode).list().items.isEmpty, "\(mode)")
        }
    }

    @Test func aCallThatNeverReturnsEndsTheCase() async throws {
        let script = FaultScript(wait: { _ in await withCheckedContinuation { forever.hold($0) } })
        script.always(.mute)
        let suite = KeyStoreConformance(name: "hanging", caseLimit: .milliseconds(50)) { mode in
            FaultInjectingKeyStore(wrapping: InMemoryKeyStore(mode: mode), script: script)
        }
        let failure = await #expect(throws: ConformanceFailure.self) { try await suite.run(.threeAnswers) }
        #expect(failure?.answer == "a call did not return")
        forever.release()
    }
}

private let forever = Forever()

/// Holds continuations until the test is over.
private final class Forever: Sendable {
    private let held = Mutex<[CheckedContinuation<Void, Never>]>([])
    func hold(_ continuation: CheckedContinuation<Void, Never>) { held.withLock { $0.append(continuation) } }
    func release() {
        let all = held.withLock { held in
            defer { held = [] }
            return held
        }
        for continuation in all { continuation.resume() }
    }
}

private final class OpenedModes: Sendable {
    private let modes = Mutex<Set<PlatformMode>>([])
    var all: Set<PlatformMode> { modes.withLock { $0 } }
    func add(_ mode: PlatformMode) { modes.withLock { _ = $0.insert(mode) } }
}
