import MeshCore
import MeshPortals
import Testing

struct ContainerHistoryTests {
    private let own = [
        ContainerPosition(container: "MMM_Device", count: 5, digest: [5]),
        ContainerPosition(container: "MMM_Access", count: 2, digest: [2]),
        ContainerPosition(container: "MMM_Contact", count: 0, digest: []),
    ]
    private func shown(_ container: String, _ index: Int, _ digest: [UInt8]) -> ContainerStatus {
        ContainerStatus(container: container, index: index, digest: digest)
    }

    @Test func whatIsTheSameOrNewer() throws {
        let device = shown("MMM_Device", 5, [5])
        #expect(try ContainerHistory.check([device, shown("MMM_Access", 2, [2])], against: own).isEmpty)
        let newer = try ContainerHistory.check(
            [device, shown("MMM_Access", 9, [9]), shown("MMM_Contact", 0, []), shown("MMM_Bookmark", 1, [1])],
            against: own)
        #expect(
            newer == [
                FrameSelection(container: "MMM_Access", from: 2), FrameSelection(container: "MMM_Bookmark", from: 0),
            ])
        #expect(try ContainerHistory.check([device], against: own, isComplete: false).isEmpty)
    }

    @Test func whatWentBackOrIsAnother() {
        let access = shown("MMM_Access", 2, [2])
        for (code, status) in [
            (PortalError.Code.rolledBack, [shown("MMM_Device", 4, [4]), access]),
            (.rolledBack, [shown("MMM_Device", 0, []), access]), (.rolledBack, [access]), (.rolledBack, []),
            (.forked, [shown("MMM_Device", 5, [6]), access]), (.forked, [shown("MMM_Device", 5, []), access]),
            (.malformed, [shown("MMM_Device", -1, []), access]),
            (.malformed, [shown("MMM_Device", .min, []), access]), (.malformed, [access, access]),
        ] {
            #expect(throws: PortalError(code, ""), "\(status)") { try ContainerHistory.check(status, against: own) }
        }
    }

    @Test func whereFramesBegin() throws {
        func update(_ container: String, _ index: Int, _ digest: [UInt8]) -> ContainerUpdate {
            ContainerUpdate(container: container, index: index, digest: digest, frames: [])
        }
        try ContainerHistory.check(update("MMM_Device", 5, [5]), continues: own[0])
        try ContainerHistory.check(update("MMM_Contact", 0, []), continues: own[2])
        for (code, update) in [
            (PortalError.Code.forked, update("MMM_Device", 5, [6])), (.malformed, update("MMM_Device", 4, [5])),
            (.malformed, update("MMM_Access", 5, [5])), (.malformed, update("MMM_Device", .max, [5])),
        ] {
            #expect(throws: PortalError(code, "")) { try ContainerHistory.check(update, continues: own[0]) }
        }
    }
}
