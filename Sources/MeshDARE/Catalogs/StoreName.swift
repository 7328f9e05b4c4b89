import MeshCore
import MeshEncoding

/// The stores of an account, with the names that their files have had (platform specification §5.1).
public enum StoreName: Hashable, Sendable {
    /// The catalogs.
    case access, application, bookmark, callsign, contact, credential, device, member, network, publication, task
    /// The spools.
    case inbound, outbound, local, archive
    /// What the applications of their kind share, which a device reads only by its right.
    case ssh, mail
    /// What applications of other kinds share: a store that is named by who reads and who writes it.
    case shared(SharedStoreName)

    /// The stores that any account may have: all but those that are named by rights.
    public static let fixed: [StoreName] = [
        .access, .application, .bookmark, .callsign, .contact, .credential, .device, .member, .network, .publication,
        .task, .inbound, .outbound, .local, .archive, .ssh, .mail,
    ]

    /// The name of the host catalog, which lies beside the accounts' directories.
    public static let host = "host.dare"

    /// Whether it is a spool of messages, not a catalog.
    public var isSpool: Bool {
        switch self {
        case .inbound, .outbound, .local, .archive: true
        default: false
        }
    }

    /// What the store is called in messages and run signatures: the file's name without its extension.
    public var containerName: String { "MMM_\(rawValue)" }

    /// The store that messages call `containerName`; nil for what is no store.
    public init?(containerName: String) {
        guard containerName.utf8.starts(with: "MMM_".utf8) else { return nil }
        self.init(rawValue: String(decoding: containerName.utf8.dropFirst(4), as: UTF8.self))
    }

    /// The name of the file that is written.
    public var fileName: String { "\(containerName).dcat" }

    /// The names that the file may have, the one that is written first. The drafts say `CatalogContact.dcat`, the
    /// reference wrote `MMM_Contact.dcat`, schema-08 prints the name as `mmm_Contact`; until 2018 files ended in `.cat`.
    public var fileNames: [String] {
        if case .shared = self { return [fileName] }
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
        if let found = StoreName.fixed.first(where: { $0.fileNames.contains { ExactText($0) == name } }) {
            self = found
            return
        }
        guard fileName.utf8.count > 5,
            case .shared(let shared)? = StoreName(containerName: String(fileName.dropLast(5))),
            ExactText(StoreName.shared(shared).fileName) == name
        else { return nil }
        self = .shared(shared)
    }

    /// The stores that `names`, the files of an account's directory, hold under the names that are written: in the order of
    /// ``fixed``, then those that are named by rights, ordered by name.
    public static func written(in names: some Sequence<String>) -> [StoreName] {
        let names = Set(names.map { ExactText($0) })
        let shared = names.compactMap { name -> SharedStoreName? in
            guard case .shared(let shared)? = StoreName(fileName: name.text) else { return nil }
            return shared
        }
        return fixed.filter { names.contains(ExactText($0.fileName)) } + shared.sorted().map { .shared($0) }
    }
}

extension StoreName: RawRepresentable {
    /// The name of the store.
    public var rawValue: String {
        switch self {
        case .access: "Access"
        case .application: "Application"
        case .bookmark: "Bookmark"
        case .callsign: "Callsign"
        case .contact: "Contact"
        case .credential: "Credential"
        case .device: "Device"
        case .member: "Member"
        case .network: "Network"
        case .publication: "Publication"
        case .task: "Task"
        case .inbound: "Inbound"
        case .outbound: "Outbound"
        case .local: "Local"
        case .archive: "Archive"
        case .ssh: "SSH"
        case .mail: "Mail"
        case .shared(let name): name.rawValue
        }
    }

    /// The store of that name; nil for what is none.
    public init?(rawValue: String) {
        let name = ExactText(rawValue)
        if let found = StoreName.fixed.first(where: { ExactText($0.rawValue) == name }) {
            self = found
        } else if let shared = SharedStoreName(rawValue: rawValue) {
            self = .shared(shared)
        } else {
            return nil
        }
    }
}
