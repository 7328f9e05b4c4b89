import MeshCore
import MeshDARE

/// How a version of a profile relates to one that is known.
public enum ProfileUpdate: Sendable {
    /// It says the same.
    case same
    /// It is newer, and takes the place of the known one.
    case newer
}

extension VerifiedProfile {
    /// How this version of a profile relates to `known`, the one at hand (`schema-08` §7): a profile is updated by a later
    /// version, never by an earlier one.
    ///
    /// - Throws: ``ProfileError`` `wrongProfile` for two different profiles; `rolledBack` if this version is the older one;
    ///   `conflict` if both are of one time and differ, or if a profile that never changes was changed.
    public func update(of known: VerifiedProfile) throws(ProfileError) -> ProfileUpdate {
        guard udf == known.udf else {
            throw ProfileError(.wrongProfile, "The profile \(udf) cannot take the place of \(known.udf).")
        }
        // What is signed counts, members that are not known here included.
        if envelope.body == known.envelope.body { return .same }
        guard Content.isUpdatable else {
            throw ProfileError(
                .conflict, "There are two versions of \(udf), and a \(Content.tag) never changes.",
                remedy: "Keep the one that is known.")
        }
        let none = Timestamp(secondsSince1970: .min)
        let (ours, theirs) = (content.updated ?? none, known.content.updated ?? none)
        if ours > theirs { return .newer }
        guard ours == theirs else {
            throw ProfileError(
                .rolledBack, "An older version of the profile \(udf) was shown: of \(ours), and \(theirs) is known.",
                remedy: "Keep the one that is known, and find out who shows the old one.")
        }
        throw ProfileError(
            .conflict, "There are two versions of the profile \(udf) of one time, \(ours), that say different things.",
            remedy: "Sign a new version with the profile's seed, of a later time.")
    }
}
