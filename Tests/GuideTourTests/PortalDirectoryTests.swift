import Foundation
import MeshCore
import MeshPlatforms
import MeshPortalDirectory
import MeshPortalService
import MeshPortals
import MeshProfiles
import Testing

/// Portals that are directories.
struct PortalDirectoryTests {
    @Test func aPortalIsMadeOnceAndIsTheSameEverAfter() async throws {
        let directory = try TourDirectory()
        let portal = PortalDirectory("\(directory.path)/portal")
        await #expect(throws: PlatformError(.notFound, store: "", "")) { try await portal.open() }
        let made = try await portal.create(domain: "Example.COM")
        #expect(made.domain == "example.com")
        let opened = try await portal.open()
        #expect(opened.profile.udf == made.profile.udf)
        #expect(opened.epoch != made.epoch)
        await #expect(throws: PlatformError(.alreadyExists, store: "", "")) {
            try await portal.create(domain: "a.example")
        }
        let attributes = try FileManager.default.attributesOfItem(atPath: portal.path)
        #expect(attributes[.posixPermissions] as? Int == 0o700)
    }

    @Test func whatIsNoPortalIsNotTouched() async throws {
        let directory = try TourDirectory()
        let path = directory.path
        try Data("mine".utf8).write(to: URL(filePath: "\(path)/letter"))
        await #expect(throws: PlatformError(.alreadyExists, store: "", "")) {
            try await PortalDirectory(path).create(domain: "example.com")
        }
        await #expect(throws: PlatformError(.notFound, store: "", "")) { try await PortalDirectory(path).open() }
        #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["letter"])
        await #expect(throws: PortalError(.invalidAddress, "")) {
            try await PortalDirectory("\(path)/new").create(domain: "exa mple")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["letter"])
    }

    @Test func damageIsNamed() async throws {
        let directory = try TourDirectory()
        let portal = PortalDirectory("\(directory.path)/portal")
        _ = try await portal.create(domain: "example.com")
        try FileManager.default.removeItem(atPath: "\(portal.path)/keys")
        await #expect(throws: PortalError(.serviceFailed, "")) { try await portal.open() }
        let file = URL(filePath: "\(portal.path)/portal.json")
        try Data("{}".utf8).write(to: file)
        await #expect(throws: PlatformError(.corrupt, store: "", "")) { try await portal.open() }
    }
}
