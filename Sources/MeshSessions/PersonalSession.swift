import MeshCore
import MeshPlatforms
import MeshPortals
import MeshProfiles

/// What can be done with one personal profile on a machine (guide §6.1).
public struct PersonalSession: Sendable {
    /// The machine.
    public let platform: any MeshPlatform
    /// The way to portals; nil for a session that does without.
    public let portal: (any MeshPortal)?
    /// The profile, verified.
    public let profile: VerifiedProfile<ProfileUser>
    var keeper: ProfileKeeper { ProfileKeeper(platform: platform) }

    /// The fingerprint of the profile.
    public var udf: UDF { profile.udf }

    init(platform: any MeshPlatform, portal: (any MeshPortal)?, profile: VerifiedProfile<ProfileUser>) {
        self.platform = platform
        self.portal = portal
        self.profile = profile
    }
}
