import MeshCore
import MeshDARE
import MeshPortals
import MeshProfiles

// Everything an account keeps, page by page: for a move to another portal, or a copy of one's own.
extension PortalService {
    func transfer(_ request: TransferRequest, _ member: AccountMember) async throws -> TransferResponse {
        let account = member.account
        let stores = try await stores(of: account.partition)
        var place = TransferPlace.frames(store: stores[0], index: 0)
        if let text = request.pageKey {
            guard let found = TransferPlace(text) else { throw PortalFailure.badRequest("There is no such page.") }
            place = found
        }
        var room = PageRoom(limits)
        var response = TransferResponse()
        var updates: [ContainerUpdate] = []
        response.status = .success
        while case .frames(let name, let index) = place {
            guard let number = stores.firstIndex(of: name) else {
                throw PortalFailure.badRequest("There is no such page.")
            }
            let count = try await store.state(of: name.containerName, in: account.partition).count
            guard index < count else {
                guard index == count || index == 0 else { throw PortalFailure.badRequest("There is no such page.") }
                place = number + 1 < stores.count ? .frames(store: stores[number + 1], index: 0) : .entries(after: nil)
                continue
            }
            guard let update = try await page(of: name, account, index..<count, &room) else {
                response.updates = updates
                response.pageKey = place.text
                return response
            }
            updates.append(update)
            place = .frames(store: name, index: index + update.frames.count)
        }
        response.updates = updates
        try await addEntries(place, account, to: &response)
        return response
    }

    private func addEntries(
        _ place: TransferPlace, _ account: PortalAccount, to response: inout TransferResponse
    ) async throws {
        guard case .entries(let after) = place else { return }
        let most = 16
        let owned = try await ownedEntries(account.profile.udf, after: after, limit: most + 1)
        var entries: [DAREEnvelope] = []
        for record in owned.prefix(most) {
            if let entry = try await store.read(EntryRecord.self, record.content.identifier, in: .portal) {
                entries.append(entry.content.entry)
            }
        }
        response.entries = entries
        if owned.count > most, let last = owned.prefix(most).last {
            response.pageKey = TransferPlace.entries(after: last.content.identifier).text
        }
    }
}

/// Where a page of a transfer begins.
private enum TransferPlace {
    case frames(store: StoreName, index: Int)
    case entries(after: String?)

    /// Reads the key of a page.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        switch (parts.first, parts.count) {
        case ("frames", 3):
            guard let store = StoreName(containerName: parts[1]), let index = Int(parts[2]), index >= 0 else {
                return nil
            }
            self = .frames(store: store, index: index)
        case ("entries", 2):
            guard let identifier = UDF(parts[1]) else { return nil }
            self = .entries(after: identifier.text)
        default: return nil
        }
    }

    var text: String {
        switch self {
        case .frames(let store, let index): "frames/\(store.containerName)/\(index)"
        case .entries(let after): "entries/\(after ?? "")"
        }
    }
}
