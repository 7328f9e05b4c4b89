import MeshPortals
import Synchronization

/// Hands requests on, and counts them and their octets, those of the answers too.
final class CountingPortal: MeshPortal {
    struct Traffic {
        var requests = 0
        var octets = 0

        static func - (left: Traffic, right: Traffic) -> Traffic {
            Traffic(requests: left.requests - right.requests, octets: left.octets - right.octets)
        }
    }

    private let portal: any MeshPortal
    private let counted = Mutex(Traffic())

    init(_ portal: any MeshPortal) { self.portal = portal }

    var traffic: Traffic { counted.withLock { $0 } }

    func exchange(_ request: PortalRequest) async throws -> PortalResponse {
        let response = try await portal.exchange(request)
        counted.withLock {
            $0.requests += 1
            $0.octets += request.body.count + response.body.count
        }
        return response
    }
}
