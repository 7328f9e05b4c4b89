import ArgumentParser
import MeshCore
import MeshDARE
import MeshEncoding
import MeshProfiles
import MeshSessions

struct SyncCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync", abstract: "Receive what other devices have changed, and send what was changed here.",
        discussion: """
            Exit code \(ToolStatus.conflict.rawValue) if two devices have changed the same thing: see meshclient conflicts. \
            Ctrl-C ends it; what was done stays done.
            """)

    @OptionGroup var options: AccountOptions
    @Argument(help: "Fingerprint, the beginning of one, name or account; without it the default profile.")
    var profile: String?

    func run() async throws {
        let environment = try CommandEnvironment.required
        let personal = try await options.portalSession().personalSession(profile)
        let progress = Progress("synchronising", total: nil, on: environment.console)
        let report: SyncReport
        do {
            defer { progress.clear() }
            report = try await environment.interruption.cancelling {
                try await personal.sync { step in
                    progress.tell(
                        "\(step.isSending ? "sending" : "receiving") \(step.store.rawValue): \(step.done) of \(step.total)"
                    )
                }
            }
        }
        if options.shared.json {
            environment.console.print(Self.json(report))
        } else {
            Self.tell(report, on: environment.console)
        }
        if !report.conflicts.isEmpty { throw ExitCode(ToolStatus.conflict.rawValue) }
    }

    private static func tell(_ report: SyncReport, on console: any Console) {
        for (store, count) in report.received.ordered {
            console.print("received  \(store.rawValue)  \(counted(count, "frame"))")
        }
        for (store, count) in report.sent.ordered {
            console.print("sent      \(store.rawValue)  \(counted(count, "change"))")
        }
        for (store, count) in report.withheld.ordered {
            console.printError(
                "\(counted(count, "change")) of \(store.rawValue) \(count == 1 ? "waits" : "wait"): this device may not write it any "
                    + "more. An administrator's device can give it the right again: meshclient device rights")
        }
        for change in report.changes.list { console.print(change.description) }
        if report.isEmpty { console.printError("Nothing is new.") }
        if let pending = report.pendingConnections, pending > 0 {
            console.printError(
                "\(counted(pending, "request for connection waits", "requests for connection wait")): "
                    + "meshclient device pending")
        }
        if !report.conflicts.isEmpty {
            console.printError(
                "\(counted(report.conflicts.count, "entry was", "entries were")) changed by two devices: "
                    + "meshclient conflicts")
        }
    }

    private static func json(_ report: SyncReport) -> JSONValue {
        func counts(_ counts: [StoreName: Int]) -> JSONValue {
            var object = JSONObject()
            for (store, count) in counts.ordered { object[store.rawValue] = .integer(Int64(count)) }
            return .object(object)
        }
        var object = JSONObject()
        object["received"] = counts(report.received)
        object["sent"] = counts(report.sent)
        if !report.withheld.isEmpty { object["withheld"] = counts(report.withheld) }
        object["conflicts"] = .integer(Int64(report.conflicts.count))
        object["pendingConnections"] = report.pendingConnections.map { .integer(Int64($0)) }
        object["changes"] = MeshCommands.json(report.changes)
        return .object(object)
    }
}

extension [StoreName: Int] {
    /// In the order of the names.
    fileprivate var ordered: [(StoreName, Int)] { sorted { $0.key.rawValue < $1.key.rawValue } }
}
