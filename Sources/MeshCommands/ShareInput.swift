import MeshCore
import MeshCryptography
import MeshPlatforms

/// Reads recovery shares: from a person one by one, each checked at once, or from standard input, one a line.
struct ShareInput {
    let console: any Console

    /// - Parameter files: files to read shares from instead, when that was asked for; one share a line.
    /// - Throws: ``ShareError`` naming the share; `CancellationError` when the person gives up.
    func read(files: [String]) async throws -> [KeyShare] {
        // Nobody waits for a person on a thread of the cooperative pool. A day is as good as for ever.
        try await BlockingCalls(store: "terminal").run(deadline: .seconds(86_400)) { try readBlocking(files) }
    }

    private func readBlocking(_ files: [String]) throws -> [KeyShare] {
        if !files.isEmpty { return try SecretSharing.parse(try files.flatMap { try SecretFile.lines(of: $0) }) }
        return console.isInteractive ? try ask() : try SecretSharing.parse(lines())
    }

    private func lines() -> [SharedSecret] {
        var lines: [SharedSecret] = []
        while let line = console.readSecret(prompt: "") {
            if line.count > 0 { lines.append(SharedSecret(line)) }
        }
        return lines
    }

    /// Asks until there are enough. A share that is mistyped is asked for again.
    private func ask() throws -> [KeyShare] {
        var shares: [KeyShare] = []
        repeat {
            let wanted = shares.first.map { " of \($0.quorum)" } ?? ""
            guard let line = console.readSecret(prompt: "Share \(shares.count + 1)\(wanted) (not shown): ") else {
                throw CancellationError()
            }
            if line.count == 0 { continue }
            do throws(ShareError) {
                let share = try KeyShare(parsing: line)
                if let first = shares.first, first.set != share.set {
                    console.printError(
                        "That share is of another set (\(share.set ?? "plain")) than the first one. Another, please.")
                } else if shares.contains(where: { $0.index == share.index }) {
                    console.printError("That is share \(share.index), which was given already. Another, please.")
                } else {
                    shares.append(share)
                    console.printError("Share \(share.index) is in order.")
                }
            } catch {
                console.printError("\(error.message) Please try again.")
            }
        } while shares.isEmpty || shares.count < shares[0].quorum
        return shares
    }
}
