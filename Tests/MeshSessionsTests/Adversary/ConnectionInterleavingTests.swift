import MeshCore
import MeshPortals
import MeshProfiles
import Testing

@testable import MeshSessions

/// Connecting a device, in every order of the steps of everybody who takes part.
struct ConnectionInterleavingTests {
    private typealias Step = ConnectionInterleavings.Step

    private static let device: [Step] = [.ask(.device), .poll(.device), .poll(.device)]
    private static let hostile: [Step] = [.ask(.hostile), .poll(.hostile)]
    private static let waitingHostile: [Step] = [.ask(.hostile)]
    private static let first: [Step] = [.list(.first), .accept(.first)]

    /// The scripts: of the device, the hostile device, the administrators and the portal; at most 12 steps together.
    private static let scenarios: [(name: String, scripts: [[Step]])] = [
        (
            "two administrators accept, and the portal swaps the key",
            [
                device, waitingHostile, first, [.list(.second), .accept(.second)],
                [.lie(.swappedKey), .lie(.none), .expire],
            ]
        ),
        (
            "one accepts and one rejects, and what closed the request is sent again",
            [
                device, hostile, first, [.list(.second), .reject(.second), .again(.second)],
                [.lie(.hostileAlone), .lie(.none)],
            ]
        ),
        (
            "the device is removed, and the administrator's answer comes again",
            [
                device, first + [.again(.first), .revoke, .again(.first)], [.list(.second), .accept(.second)],
                [.expire],
            ]
        ),
        (
            "the portal brings the request back after the device was removed",
            [
                device, first + [.revoke], [.list(.second), .again(.second)],
                [.resurrect, .send(.byMember(.device)), .expire],
            ]
        ),
        (
            "forged answers at the portal",
            [
                device, hostile, first,
                [.send(.byMember(.hostile)), .send(.byMember(.device)), .send(.swapped), .send(.byStranger)],
            ]
        ),
        (
            "forged answers to the devices",
            [
                device, hostile, first,
                [.lie(.membersAnswer), .lie(.strangersAnswer), .lie(.answerToAnother), .lie(.none)],
            ]
        ),
        (
            "the device is shown another account",
            [
                device, waitingHostile, first, [.list(.second), .reject(.second)],
                [.lie(.strangersAccount), .lie(.strangersAnswer)],
            ]
        ),
        (
            "a request that copies the device's identifier and nonce",
            [
                device, [.copiedAsk, .poll(.hostile)], first, [.list(.second), .accept(.second)],
                [.lie(.swappedKey), .lie(.none)],
            ]
        ),
    ]

    @Test("No order connects a device without the approval of its key", .timeLimit(.minutes(60)))
    func interleavings() async throws {
        let cast = try await ConnectionCast()
        var (states, orders): (Int, UInt64) = (0, 0)
        var (connected, rejected, expired, refused) = (0, 0, 0, 0)
        let clock = ContinuousClock()
        let begin = clock.now
        for (name, scripts) in Self.scenarios {
            #expect(scripts.map(\.count).reduce(0, +) <= 12, "\(name)")
            let found = try await ConnectionInterleavings(cast: cast, scripts: scripts).explore()
            #expect(found.violations.isEmpty, "\(name): \(Set(found.violations))")
            print("  \(name): \(found.states) states, \(found.orders) orders")
            states += found.states
            orders += found.orders
            connected += found.connected
            rejected += found.rejected
            expired += found.expired
            refused += found.refused
        }
        print(
            "Connection: \(orders) orders through \(states) states, \(cast.exchanges) exchanges with the service, "
                + "\(cast.storeCount) contents of its store, in \(clock.now - begin)")
        #expect(orders >= 50_000)
        // All of it was reached: otherwise nothing was shown.
        #expect(connected > 0 && rejected > 0 && expired > 0 && refused > 0)
    }

    @Test("An administrator that accepts without comparing is found out, and a device that believes any answer")
    func plantedMistakes() async throws {
        let cast = try await ConnectionCast()
        let (accepting, believing) = (Self.scenarios[0].scripts, Self.scenarios[5].scripts)
        let careless = try await ConnectionInterleavings(
            cast: cast, scripts: accepting, mistake: .acceptWithoutComparing
        ).explore()
        #expect(careless.violations.contains { $0.hasPrefix("connected without approval") })
        let credulous = try await ConnectionInterleavings(
            cast: cast, scripts: believing, mistake: .believeAnswers
        ).explore()
        #expect(credulous.violations.contains { $0.hasPrefix("a device believes") })
    }
}
