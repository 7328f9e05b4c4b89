import MeshEncoding

/// A callsign of the account.
public struct CatalogedCallsign: CatalogEntry {
    public static let tags = ["CatalogedCallsign"]
    public static let members = [
        EntryMember("Canonical", .text), EntryMember("ProfileUdf", .text),
        EntryMember("EnvelopedCallsignBinding", .envelope),
    ]
    public static let fileNames = StoreName.callsign.fileNames

    public let tag: String
    public var content: JSONObject

    public init(tag: String, content: JSONObject) {
        self.tag = tag
        self.content = content
    }

    /// The callsign of this canonical name.
    public init(canonical: String) { self.init(tag: Self.tags[0], content: ["Canonical": .string(canonical)]) }

    public var primaryKey: String? { canonical }
    public var secondaryKeys: [SecondaryKey] { profileUDF.map { [SecondaryKey(name: "ProfileUdf", value: $0)] } ?? [] }

    /// The canonical name.
    public var canonical: String? {
        get { self["Canonical"] }
        set { self["Canonical"] = newValue }
    }
    /// The fingerprint of the profile that it names.
    public var profileUDF: String? {
        get { self["ProfileUdf"] }
        set { self["ProfileUdf"] = newValue }
    }
}
