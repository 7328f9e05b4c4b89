import ArgumentParser
import MeshCore
import MeshCryptography
import MeshEncoding
import MeshProfiles
import MeshSessions

struct EscrowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "escrow", abstract: "Make recovery shares of a personal profile.",
        discussion: """
            The shares are printed, one a line, and kept nowhere. Give them to different people or places: whoever has a quorum \
            of them has the profile. Then try them: meshclient rehearse.
            """)

    @OptionGroup var shared: SharedOptions
    @Argument(help: "Fingerprint, the beginning of one, name or account; without it the default profile.")
    var profile: String?
    @Option(help: "How many shares recover the profile.") var quorum = 2
    @Option(help: "How many shares to make, at most 15.") var shares = 3
    @Flag(help: "Write plain UDF shares, which other Mesh programs read, and which have no check value.") var plain =
        false
    @Option(help: "Write each share to a new file of its own in this directory, instead of printing them.")
    var directory: String?

    func run() async throws {
        let personal = try await MeshSession(try await shared.openKeys().platform).personalSession(profile)
        let entry = try await personal.escrow(quorum: quorum, shares: shares)
        let console = try CommandEnvironment.required.console
        if let directory {
            for share in entry.keyShares {
                try SecretFile.create(
                    "\(directory)/mesh-share-\(share.index)-of-\(shares).txt", share.text(plain: plain))
            }
        }
        if shared.json {
            printJSON(entry, on: console)
        } else {
            if directory == nil {
                for share in entry.keyShares {
                    share.withText(plain: plain) { console.write($0) }
                    console.print("")
                }
            }
            console.printError(
                "\(quorum) of these \(shares) shares recover \(entry.profile). Try them: meshclient rehearse.")
        }
    }

    /// The shares as JSON, put together in pieces, so that no text of a share is ever in a string.
    private func printJSON(_ entry: OfflineEscrowEntry, on console: any Console) {
        let head: JSONObject = [
            "profile": .string(entry.profile.text), "quorum": .integer(entry.quorum),
            "set": entry.keyShares.first?.set.map { .string($0) } ?? .null,
        ]
        var text = JSONValue.object(head).compact
        text.removeLast()
        text.append(contentsOf: Array(#","shares":["#.utf8))
        text.withUnsafeBytes { console.write($0) }
        if directory == nil {
            for (position, share) in entry.keyShares.enumerated() {
                let open = Array((position == 0 ? "\"" : "\",\"").utf8)
                open.withUnsafeBytes { console.write($0) }
                share.withText(plain: plain) { console.write($0) }
            }
            if !entry.keyShares.isEmpty { Array("\"".utf8).withUnsafeBytes { console.write($0) } }
        }
        console.print("]}")
    }
}
