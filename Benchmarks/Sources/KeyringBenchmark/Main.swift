import CKeyringBaseline
import Glibc
import MeshCore
import MeshPlatformTesting
import MeshPlatforms
import MeshSecretService

/// Compares the secret-service key store with the same calls made in C with libsecret, on a private bus with a real
/// gnome-keyring. Prints a line for each: name, ratio of the medians, ours, baseline (microseconds).
@main struct KeyringBenchmark {
    static let keys = 100
    static let rounds = 7

    static func main() async throws {
        let keyring = try await PrivateKeyring.start()
        defer { keyring.stop() }
        // The baseline uses the session bus of the environment. Nothing else runs in this process yet.
        for (name, value) in keyring.environment { setenv(name, value, 1) }
        unsetenv("DISPLAY")
        let store = try await SecretServiceKeyStore.open(mode: .test("bench"), busAddress: keyring.busAddress)
        guard baseline_open() == 1 else { throw Failure(what: "the baseline finds no keyring") }

        let identifiers = (0..<keys).map { number in
            UDF(type: .nonce, value: (0..<16).map { UInt8(truncatingIfNeeded: number * 7 + $0) })
        }
        let items = try identifiers.map { try KeyItem(identifier: $0, keyClass: .device) }
        // The baseline stores a line as long as ours, so that both move the same octets.
        let line = String(repeating: "x", count: 160)
        let secret = SharedSecret(SecretBytes(random: 33, from: SystemRandomSource()))
        let patient = CallOptions(deadline: .seconds(30))

        var ours: [String: [Double]] = [:]
        var baseline: [String: [Double]] = [:]
        for item in items {
            try await store.store(secret.bytes, as: item, replacement: .always, options: patient)
            guard baseline_set(item.identifier.text, line) == 1 else {
                throw Failure(what: "the baseline cannot store")
            }
        }
        for _ in 0..<rounds {
            for (index, item) in items.enumerated() {
                let text = item.identifier.text
                baseline["keyring-get", default: []].append(
                    try measure { guard baseline_get(text) > 0 else { throw Failure(what: "no baseline value") } })
                ours["keyring-get", default: []].append(
                    try await measure {
                        guard try await store.read(item.identifier, options: patient) != nil else {
                            throw Failure(what: "no value")
                        }
                    })
                guard index < 30 else { continue }
                baseline["keyring-set", default: []].append(
                    try measure { guard baseline_set(text, line) == 1 else { throw Failure(what: "not stored") } })
                ours["keyring-set", default: []].append(
                    try await measure {
                        try await store.store(secret.bytes, as: item, replacement: .always, options: patient)
                    })
            }
            baseline["keyring-get-100", default: []].append(
                try measure {
                    for identifier in identifiers {
                        guard baseline_get(identifier.text) > 0 else { throw Failure(what: "no baseline value") }
                    }
                })
            ours["keyring-get-100", default: []].append(
                try await measure {
                    let missing = try await store.readEach(identifiers, options: patient) { _ in }
                    guard missing.isEmpty else { throw Failure(what: "keys are missing") }
                })
        }
        for name in ["keyring-get", "keyring-set", "keyring-get-100"] {
            let (left, right) = (median(ours[name] ?? []), median(baseline[name] ?? []))
            print("\(name) \(rounded(left / right, 1000)) \(rounded(left, 10)) \(rounded(right, 10))")
        }
    }

    struct Failure: Error { let what: String }

    static func measure(_ body: () throws -> Void) throws -> Double {
        let begin = ContinuousClock.now
        try body()
        return microseconds(begin.duration(to: .now))
    }

    static func measure(_ body: @Sendable () async throws -> Void) async throws -> Double {
        let begin = ContinuousClock.now
        try await body()
        return microseconds(begin.duration(to: .now))
    }

    static func microseconds(_ duration: Duration) -> Double { Double(duration.clampedNanoseconds) / 1000 }

    static func median(_ values: [Double]) -> Double { values.isEmpty ? .nan : values.sorted()[values.count / 2] }

    static func rounded(_ value: Double, _ steps: Double) -> Double { (value * steps).rounded() / steps }
}
