import MeshCore
import MeshCryptography
import MeshDARE
import MeshPortals
import MeshProfiles

@testable import MeshSessions

/// Every order in which the steps of a new device, a hostile one, two administrators and the portal can happen, as a graph
/// of states: what two orders make the same is gone on with once, and their number is kept.
struct ConnectionInterleavings {
    typealias Who = ConnectionCast.Who
    typealias Admin = ConnectionCast.Admin

    /// What the portal shows instead of the truth.
    enum Lie: Hashable {
        case none
        /// The device is shown another account.
        case strangersAccount
        /// The administrator is shown a request with the device's identifier and nonce, and another key.
        case swappedKey
        /// The administrator is shown the request of the hostile device alone.
        case hostileAlone
        /// Devices are given the answer of another account's administrator, that of a member, or that to somebody else.
        case strangersAnswer, membersAnswer, answerToAnother
    }

    enum Step: Hashable {
        case ask(Who)
        case copiedAsk
        case poll(Who)
        case list(Admin)
        /// Accepts the request whose witness is the one on the device's screen, if there is one.
        case accept(Admin)
        case reject(Admin)
        /// Sends the answer again that it has sent.
        case again(Admin)
        case revoke
        case send(ConnectionCast.Answer)
        case lie(Lie)
        case expire
        case resurrect
    }

    /// What is wrong with the programs, for a test of this test.
    enum Mistake { case none, acceptWithoutComparing, believeAnswers }

    /// A device, as far as it got.
    struct Device: Hashable {
        enum Outcome: Hashable { case waiting, connected(UDF), rejected, expired, gone }
        var account: UDF?
        var witness: String?
        var outcome = Outcome.waiting
        /// How many forged answers it has refused.
        var refused = 0
    }

    struct State: Hashable {
        var places: [Int]
        var store: String
        /// What the store was when the device had asked.
        var asked: String?
        var isLate = false
        var lie = Lie.none
        var device = Device()
        var hostile = Device()
        /// What the administrators were shown: a device and the witness of its request.
        var shown: [Admin: [String: String]] = [:]
        var sent: [Admin: ConnectionCast.Answer] = [:]
        /// The devices whose key an administrator has approved, knowing it.
        var approved: Set<UDF> = []
        var isRevoked = false
    }

    /// What was found.
    struct Findings {
        var states = 0
        var orders: UInt64 = 0
        var ends = 0
        var violations: [String] = []
        /// In how many ends the device was connected, refused, late; and in how many forgeries were refused.
        var connected = 0, rejected = 0, expired = 0, refused = 0
    }

    let cast: ConnectionCast
    let scripts: [[Step]]
    var mistake = Mistake.none

    /// Goes through all orders.
    func explore() async throws -> Findings {
        var findings = Findings()
        var level: [State: UInt64] = [State(places: scripts.map { _ in 0 }, store: cast.start): 1]
        for _ in 0..<scripts.map(\.count).reduce(0, +) {
            var next: [State: UInt64] = [:]
            for (state, orders) in level {
                for (actor, script) in scripts.enumerated() where state.places[actor] < script.count {
                    var after = try await perform(script[state.places[actor]], state)
                    after.places[actor] += 1
                    next[after, default: 0] += orders
                }
            }
            level = next
            findings.states += next.count
            for state in next.keys { findings.violations += try violations(of: state) }
        }
        findings.ends = level.count
        findings.orders = level.values.reduce(0, +)
        for state in level.keys {
            switch state.device.outcome {
            case .connected: findings.connected += 1
            case .rejected: findings.rejected += 1
            case .expired: findings.expired += 1
            case .waiting, .gone: break
            }
            if state.device.refused + state.hostile.refused > 0 { findings.refused += 1 }
        }
        return findings
    }

    /// What must never be.
    private func violations(of state: State) throws -> [String] {
        var found: [String] = []
        let connected = try cast.connected(state.store)
        for device in connected where !state.approved.contains(device) {
            found.append("connected without approval of its key: \(device)")
        }
        if Set(connected).count != connected.count { found.append("connected twice") }
        if state.isRevoked, connected.contains(cast.device.device.udf) {
            found.append("connected after it was removed")
        }
        for (who, device) in [(Who.device, state.device), (.hostile, state.hostile)] {
            guard case .connected(let account) = device.outcome else { continue }
            if account != device.account { found.append("a device took another account than the one it showed") }
            if account == cast.account.udf, !state.approved.contains(cast.request(who).device.udf) {
                found.append("a device believes to be connected, and nobody has approved it")
            }
            if account == cast.account.udf, !state.isRevoked, !connected.contains(cast.request(who).device.udf) {
                found.append("a device believes to be connected, and is not in the catalog")
            }
        }
        return found
    }

    private func perform(_ step: Step, _ before: State) async throws -> State {
        var state = before
        func ask(_ message: ConnectionCast.Message) async throws -> ConnectionCast.Outcome {
            let outcome = try await cast.ask(message, state.store, isLate: state.isLate)
            state.store = outcome.store
            return outcome
        }
        switch step {
        case .ask(let who):
            let outcome = try await ask(.ask(who))
            var device = who == .device ? state.device : state.hostile
            guard device.witness == nil, var acknowledgement = outcome.acknowledgement else { break }
            var account = cast.account
            if state.lie == .strangersAccount {
                account = cast.stranger
                acknowledgement = try cast.acknowledge(cast.request(who), account)
            }
            device.account = account.udf
            device.witness = try cast.witness(acknowledgement, account).witness
            if who == .device {
                state.device = device
                state.asked = state.store
            } else {
                state.hostile = device
            }
        case .copiedAsk: _ = try await ask(.copiedAsk)
        case .poll(let who): try await poll(who, &state)
        case .list(let admin):
            var pending = try await ask(.list(admin)).pending
            switch state.lie {
            case .swappedKey: pending = [try cast.acknowledge(cast.copied, cast.account)]
            case .hostileAlone: pending = [try cast.acknowledge(cast.hostile, cast.account)]
            default: break
            }
            var shown: [String: String] = [:]
            for envelope in pending {
                let found = try cast.witness(envelope, cast.account)
                shown[found.device.text] = found.witness
            }
            state.shown[admin] = shown
        case .accept(let admin):
            let (device, hostile) = (cast.device.device.udf, cast.hostile.device.udf)
            for (udf, witness) in (state.shown[admin] ?? [:]).sorted(by: { $0.key < $1.key }) {
                guard witness == state.device.witness || mistake == .acceptWithoutComparing else { continue }
                // The person has compared with the screen of the device, and so means that device.
                if witness == state.device.witness { state.approved.insert(device) }
                let answer = ConnectionCast.Answer.accept(udf == hostile.text ? .hostile : .device, admin)
                state.sent[admin] = answer
                _ = try await ask(.complete(answer))
            }
        case .reject(let admin):
            guard state.shown[admin]?[cast.device.device.udf.text] != nil else { break }
            state.sent[admin] = .reject(.device, admin)
            _ = try await ask(.complete(.reject(.device, admin)))
        case .again(let admin):
            guard let answer = state.sent[admin] else { break }
            _ = try await ask(.complete(answer))
        case .revoke:
            guard try cast.connected(state.store).contains(cast.device.device.udf) else { break }
            let outcome = try await ask(.revoke)
            state.isRevoked = outcome.error == nil
        case .send(let answer): _ = try await ask(.complete(answer))
        case .lie(let lie): state.lie = lie
        case .expire: state.isLate = true
        case .resurrect:
            // The portal cannot bring a device back; an administrator who is asked anew can, and means it.
            guard let asked = state.asked else { break }
            state.store = try await cast.resurrect(state.store, from: asked)
        }
        // Whoever approves again after the device was removed, approves.
        if state.isRevoked, case .accept = step, try cast.connected(state.store).contains(cast.device.device.udf) {
            state.isRevoked = false
        }
        return state
    }

    private func poll(_ who: Who, _ state: inout State) async throws {
        var device = who == .device ? state.device : state.hostile
        guard device.witness != nil, device.outcome == .waiting else { return }
        let outcome = try await cast.ask(.poll(who), state.store, isLate: state.isLate)
        state.store = outcome.store
        var answer = outcome.result
        switch state.lie {
        case .strangersAnswer: answer = cast.strangersResult
        case .membersAnswer: answer = cast.membersResult
        case .answerToAnother:
            let other = try await cast.ask(
                .poll(who == .device ? .hostile : .device), state.store, isLate: state.isLate)
            answer = other.result ?? answer
        default: break
        }
        if let answer {
            let account = device.account == cast.stranger.udf ? cast.stranger : cast.account
            switch cast.verdict(answer, who, account) {
            case .connected(let account): device.outcome = .connected(account)
            case .rejected: device.outcome = .rejected
            case .refused:
                device.refused += 1
                if mistake == .believeAnswers { device.outcome = .connected(cast.account.udf) }
            }
        } else if outcome.error?.code == .expired {
            device.outcome = .expired
        } else if outcome.error?.code == .notFound {
            device.outcome = .gone
        }
        if who == .device { state.device = device } else { state.hostile = device }
    }
}
