import ArgumentParser
import MeshCore
import MeshCryptography
import MeshEncoding
import MeshPortals
import MeshProfiles
import MeshSessions

struct EscrowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "escrow", abstract: "Make recovery shares of a personal profile.",
        discussion: """
            The shares are printed, one a line, and kept nowhere. Give them to different people or places: whoever has a quorum \
            of them has the profile. Then try them: meshclient rehearse.

            With --at-portal the key itself is put at the portal of the account, sealed, and the shares open only that: they are \
            worth nothing without the portal, and the portal cannot open it.
            """)

    @OptionGroup var options: AccountOptions
    @Argument(help: "Fingerprint, the beginning of one, name or account; without it the default profile.")
    var profile: String?
    @Option(help: "How many shares recover the profile.") var quorum = 2
    @Option(help: "How many shares to make, at most 15.") var shares = 3
    @Flag(help: "Write plain UDF shares, which other Mesh programs read, and which have no check value.") var plain =
        false
    @Flag(help: "Put the sealed key at the portal of the account, and make shares of what opens it.")
    var atPortal = false
    @Flag(help: "With --at-portal: the shares that were made so before are no longer good.") var replacing = false
    @Option(help: "Write each share to a new file of its own in this directory, instead of printing them.")
    var directory: String?

    func validate() throws {
        if replacing, !atPortal { throw ValidationError("--replacing is for --at-portal.") }
    }

    func run() async throws {
        let session =
            try await atPortal
            ? options.portalSession() : MeshSession(try await options.shared.openKeys().platform)
        let personal = try await session.personalSession(profile)
        let entry: OfflineEscrowEntry
        if atPortal {
            entry = try await personal.escrowAtPortal(quorum: quorum, shares: shares, replacing: replacing)
        } else {
            entry = try await personal.escrow(quorum: quorum, shares: shares)
        }
        let console = try CommandEnvironment.required.console
        if let directory {
            for share in entry.keyShares {
                try SecretFile.create(
                    "\(directory)/mesh-share-\(share.index)-of-\(shares).txt", share.text(plain: plain))
            }
        }
        if options.shared.json {
            printJSON(entry, on: console)
        } else {
            if directory == nil {
                for share in entry.keyShares {
                    share.withText(plain: plain) { console.write($0) }
                    console.print("")
                }
            }
            let place = entry.account.map { ", with what the portal keeps for \($0)" } ?? ""
            console.printError(
                "\(quorum) of these \(shares) shares recover \(entry.profile)\(place). Try them: meshclient rehearse.")
        }
    }

    /// The shares as JSON, put together in pieces, so that no text of a share is ever in a string.
    private func printJSON(_ entry: OfflineEscrowEntry, on console: any Console) {
        var head: JSONObject = [
            "profile": .string(entry.profile.text), "quorum": .integer(entry.quorum),
            "set": entry.keyShares.first?.set.map { .string($0) } ?? .null,
        ]
        head["account"] = entry.account.map { .string($0.canonical) }
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
