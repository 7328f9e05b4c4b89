import MeshCore
import MeshEncoding

/// The stores of an account, with the names that their files have had (platform specification §5.1).
public enum StoreName: String, CaseIterable, Sendable {
    /// The catalogs.
    case access = "Access"
    case application = "Application"
    case bookmark = "Bookmark"
    case callsign = "Callsign"
    case contact = "Contact"
    case credential = "Credential"
    case device = "Device"
    case member = "Member"
    case network = "Network"
    case publication = "Publication"
    case task = "Task"
    /// The spools.
    case inbound = "Inbound"
    case outbound = "Outbound"
    case local = "Local"
    case archive = "Archive"
    /// What the applications of their kind share, which a device reads only by its right.
    case ssh = "SSH"
    case mail = "Mail"

    /// The name of the host catalog, which lies beside the accounts' directories.
    public static let host = "host.dare"

    /// Whether it is a spool of messages, not a catalog.
    public var isSpool: Bool {
        switch self {
        case .inbound, .outbound, .local, .archive: true
        default: false
        }
    }

    /// The name of the file that is written.
    public var fileName: String { "MMM_\(rawValue).dcat" }

    /// The names that the file may have, the one that is written first. The drafts say `CatalogContact.dcat`, the
    /// reference wrote `MMM_Contact.dcat`, schema-08 prints the name as `mmm_Contact`; until 2018 files ended in `.cat`.
    public var fileNames: [String] {
        let kind = isSpool ? "Spool" : "Catalog"
        var stems = ["MMM_\(rawValue)", "mmm_\(rawValue)", "\(kind)\(rawValue)"]
        if self == .access { stems.append("CatalogRecrypt") }
        return stems.map { "\($0).dcat" } + stems.map { "\($0).cat" }
    }

    /// Which of `names`, the files of an account's directory, hold this store: the one to be used first. Where there are
    /// several, someone has used programs of several generations side by side, and the others should be looked through.
    public func find(in names: [String]) -> [String] {
        let present = Set(names.map { ExactText($0) })
        return fileNames.filter { present.contains(ExactText($0)) }
    }

    /// The name that the draft of 2020 gave the device catalog of a Mesh, beside the accounts' directories.
    public static func deviceCatalog(of mesh: UDF) -> String { "\(mesh.text).dcat" }

    /// The store that a file of this name holds, in any spelling; nil for another file.
    public init?(fileName: String) {
        let name = ExactText(fileName)
        guard let found = StoreName.allCases.first(where: { $0.fileNames.contains { ExactText($0) == name } }) else {
            return nil
        }
        self = found
    }
}
