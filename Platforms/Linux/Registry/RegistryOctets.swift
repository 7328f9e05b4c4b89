/// The files of the registry as octets, for tests that feed their readers with anything.
package enum RegistryOctets {
    /// A registry file that is read and written again.
    ///
    /// - Throws: ``PlatformError`` `corrupt`, `unknownVersion`.
    package static func rewritten(_ octets: [UInt8]) throws -> [UInt8] {
        let file = try RegistryFile(octets, path: "registry")
        return RegistryFile.text(file.root, generation: file.generation)
    }
}
