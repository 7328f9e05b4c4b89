import MeshCore
import MeshCryptography
import MeshKeyFiles
import MeshRegistry
import MeshSSH

extension FuzzTarget {
    /// Keys, and the configuration of a machine.
    static let keys = [
        FuzzTarget("ssh-private-key") { input in
            // Without a passphrase: the work that one takes is what the file says, up to a limit of its own.
            let octets = SecretBytes(copying: input)
            requireKept(try? SSHPrivateKey(openSSHText: octets))
            requireKept(try? SSHPrivateKey(openSSHContainer: octets))
        },
        FuzzTarget("ssh-public-key") { input in
            if let key = try? SSHPublicKey(wire: input) {
                require((try? SSHPublicKey(wire: key.wire)) == key, "a public key reads as another")
            }
            let text = String(decoding: input, as: UTF8.self)
            _ = try? SSHPublicKey(openSSHLine: text)
            _ = try? SSHPublicKey(rfc4716: text)
        },
        FuzzTarget("public-key") { input in
            guard let first = input.first else { return }
            let algorithms = KeyAlgorithm.allCases
            let algorithm = algorithms[Int(first) % algorithms.count]
            guard let key = try? PublicKey(algorithm: algorithm, octets: Array(input[1...])) else { return }
            require(key.matches(key.udf), "a key does not have its fingerprint")
            _ = key.isValidSignature(Array(input.suffix(algorithm.signatureSize ?? 0)), for: input, context: [])
        },
        FuzzTarget("key-file") { input in
            // The name of the file is the identifier that it states, which stands in its fourth line.
            let lines = String(decoding: input, as: UTF8.self).split(separator: "\n")
            let name = lines.count > 3 ? lines[3].split(separator: " ").last.map { String($0) } : nil
            _ = try? KeyFileOctets.read(SecretBytes(copying: input), name: name ?? "")
        },
        FuzzTarget("registry") { input in
            guard let text = try? RegistryOctets.rewritten(input) else { return }
            require((try? RegistryOctets.rewritten(text)) == text, "a registry reads as another")
        },
        FuzzTarget("registry-export") { input in
            guard let export = try? RegistryExport(parsing: input) else { return }
            require((try? RegistryExport(parsing: export.octets)) == export, "an export reads as another")
            _ = WindowsHive.hives(in: export) { $0 }
        },
    ]
}

/// A private key that was read can be written, and reads the same.
private func requireKept(_ key: consuming SSHPrivateKey?) {
    guard let key else { return }
    let publicKey = key.publicKey
    guard let text = try? key.openSSHText(random: SystemRandomSource()) else {
        return require(false, "a key cannot be written")
    }
    guard let again = try? SSHPrivateKey(openSSHText: text) else {
        return require(false, "a written key does not read")
    }
    require(again.publicKey == publicKey, "a private key reads as another")
}
