/// The formats in which browsers and password managers export what they keep.
public enum CredentialFileFormat: String, CaseIterable, Sendable {
    /// CSV of Chrome, Chromium and Edge: `name,url,username,password,note`.
    case chrome
    /// CSV of Firefox: `url,username,password,httpRealm,formActionOrigin,guid,…`.
    case firefox
    /// CSV of KeePassXC: `Group,Title,Username,Password,URL,Notes,TOTP,…`.
    case keepassxc
    /// CSV of Bitwarden: `folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp`.
    case bitwardenCSV = "bitwarden-csv"
    /// JSON of Bitwarden, not encrypted.
    case bitwardenJSON = "bitwarden-json"
    /// Other CSV, whose first line names the columns.
    case csv

    /// What a column holds.
    enum Role: Hashable {
        case title, url, username, password, notes, oneTime, group, kind, fields, favorite
        /// Nothing that anybody would miss.
        case ignored
        /// Something that is kept among the notes, under the name of the column.
        case other
    }

    /// The columns that the format must have, as ``name(of:)`` gives them.
    private var required: Set<String> {
        switch self {
        case .chrome: ["name", "url", "username", "password"]
        case .firefox: ["url", "username", "password", "formactionorigin", "guid"]
        case .keepassxc: ["group", "title", "username", "password", "url"]
        case .bitwardenCSV: ["type", "name", "loginuri", "loginusername", "loginpassword"]
        case .bitwardenJSON, .csv: ["password"]
        }
    }

    private static let roles: [Role: Set<String>] = [
        .title: ["title", "name"],
        .url: ["url", "uri", "website", "web", "loginuri", "loginurl", "hostname", "host", "origin", "service"],
        .username: ["username", "user", "login", "loginname", "loginusername", "email"],
        .password: ["password", "pass", "loginpassword"],
        .notes: ["note", "notes", "comment", "comments", "extra"],
        .oneTime: ["totp", "otp", "otpauth", "otpuri", "otpurl", "otpsecret", "logintotp"],
        .group: ["group", "folder", "category", "grouping", "collections", "path"],
        .kind: ["type"], .fields: ["fields"], .favorite: ["favorite", "fav"],
    ]

    private var ignored: Set<String> {
        switch self {
        case .firefox:
            ["httprealm", "formactionorigin", "guid", "timecreated", "timelastused", "timepasswordchanged"]
        case .keepassxc: ["icon", "lastmodified", "created"]
        case .bitwardenCSV: ["reprompt", "archiveddate"]
        case .chrome, .bitwardenJSON, .csv: []
        }
    }

    /// The name of a column as it is compared: lower case, without what stands between words.
    private static func name(of column: String) -> String {
        String(column.lowercased().unicodeScalars.filter { !" _-\t".unicodeScalars.contains($0) })
    }

    /// The format of a file with these columns.
    ///
    /// - Throws: ``CredentialFileError`` `unknownFormat`.
    static func recognise(_ columns: [String]) throws(CredentialFileError) -> CredentialFileFormat {
        let names = Set(columns.map(name))
        let known: [CredentialFileFormat] = [.bitwardenCSV, .firefox, .keepassxc]
        if let found = known.first(where: { $0.required.isSubset(of: names) }) { return found }
        let chrome = CredentialFileFormat.chrome.required
        if chrome.isSubset(of: names), names.isSubset(of: chrome.union(["note"])) { return .chrome }
        try CredentialFileFormat.csv.check(columns)
        return .csv
    }

    /// Checks that a file with these columns can be of the format.
    ///
    /// - Throws: ``CredentialFileError`` `unknownFormat`, which names the columns.
    func check(_ columns: [String]) throws(CredentialFileError) {
        let names = Set(columns.map(Self.name))
        let isGeneric = self == .csv
        let place = (Self.roles[.url] ?? []).union(Self.roles[.title] ?? [])
        let isRight =
            isGeneric
            ? !names.isDisjoint(with: Self.roles[.password] ?? []) && !names.isDisjoint(with: place)
            : required.isSubset(of: names)
        guard !isRight else { return }
        // What stands where columns should be named may be a password.
        throw CredentialFileError(
            .unknownFormat, line: 1,
            isGeneric
                ? "The first line does not name a column for the password, and one for the URL or title."
                : "The first line does not name the columns of \(rawValue).",
            remedy: "Export the file again with its header, or name the columns in its first line: "
                + "title,url,username,password,notes,totp")
    }

    /// What the columns hold, each role once.
    func roles(of columns: [String]) -> [Role] {
        var taken: Set<Role> = []
        return columns.map { column in
            let name = Self.name(of: column)
            if ignored.contains(name) { return .ignored }
            guard let role = Self.roles.first(where: { $0.value.contains(name) })?.key, isKnown(role),
                taken.insert(role).inserted
            else { return .other }
            return role
        }
    }

    /// Elsewhere a column of that name may hold anything.
    private func isKnown(_ role: Role) -> Bool {
        switch role {
        case .kind, .fields, .favorite: self == .bitwardenCSV
        default: true
        }
    }
}
