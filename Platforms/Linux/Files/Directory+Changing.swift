import Glibc
import MeshCore
import MeshPlatforms

// Files that are the person's, and of which a part is ours.
extension Directory {
    /// How often a change is made anew because somebody else has changed the file meanwhile.
    private static let changeAttempts = 16

    /// Changes the file called `name`, which others write too, on the basis of what is in it; makes it if it is not there.
    /// Afterwards it has mode 0600.
    ///
    /// A change that somebody else makes between reading and replacing is not lost: ours is made anew on that.
    ///
    /// - Parameter change: gives the new content for the present one, which is empty if there is no file. Called again if need be.
    /// - Returns: false if the file is as it should be already: then nothing is written.
    /// - Throws: ``PlatformError`` `unexpectedFileType` (a link), `insecurePermissions` (a file of somebody else, one that others
    ///   may change, or with a second name), `tooLarge`, `changedUnderneath` if it changes all the time; what `change` throws; as
    ///   ``replaceFile(_:with:permissions:)-([UInt8],_,_)``.
    public func changeFile(
        _ name: String, limit: Int, _ change: ([UInt8]) throws -> [UInt8]
    ) throws -> Bool {
        let path = self.path(of: name)
        // Among ourselves one after the other.
        let lock = try lockNames()
        defer { withExtendedLifetime(lock) {} }
        for _ in 0..<Self.changeAttempts {
            guard let opened = try openChecked(name, O_RDONLY, .everyoneReads) else {
                let content = try change([])
                guard !content.isEmpty else { return false }
                do {
                    try createFile(name, with: content)
                    return true
                } catch let error as PlatformError where error.code == .alreadyExists {
                    continue
                }
            }
            let status = opened.status
            try status.requireSole(path: path)
            let present = try read(opened, name, limit: limit)
            let content = try change(present)
            guard content != present else { return false }
            var isStale = false
            do {
                try content.withUnsafeBytes { content in
                    try write(content, name, .ownerOnly) { temporary in
                        guard try self.status(of: name) == status else {
                            isStale = true
                            throw PlatformError(.changedUnderneath, store: path, "The file was changed.")
                        }
                        return renameat(descriptor.number, temporary, descriptor.number, name) == 0 ? nil : "renameat"
                    }
                }
                return true
            } catch  where isStale {
                continue
            }
        }
        throw PlatformError(
            .changedUnderneath, store: path, "Somebody changes the file all the time.", remedy: "Try again.")
    }
}

extension FileStatus {
    /// - Throws: ``PlatformError`` `insecurePermissions` unless the user, and nobody else, owns the file under this one name.
    func requireSole(path: String) throws {
        let user = geteuid()
        guard owner == user else {
            throw PlatformError(
                .insecurePermissions, store: path, "It belongs to user \(owner), not to user \(user).",
                remedy: "Change it yourself, or give it to user \(user).")
        }
        guard links <= 1 else {
            throw PlatformError(
                .insecurePermissions, store: path,
                "The file has \(links) names: another of them would keep the old content.",
                remedy: "Change it yourself, or remove the other names.")
        }
    }
}
