import MeshCore
import MeshEncoding

extension Console {
    /// Prints a secret once, on standard output.
    func print(secret: SharedSecret) {
        secret.bytes.withUnsafeBytes { write($0) }
        print("")
    }

    /// Prints an object of which one member is a secret: put together in pieces, so that the secret is never in a string.
    ///
    /// - Parameters:
    ///   - rest: the other members, at least one.
    ///   - name: the name of the secret member.
    ///   - secret: plain letters and digits, nothing that JSON would have to escape; nil leaves it out.
    func print(_ rest: JSONObject, _ name: String, _ secret: SharedSecret?) {
        guard let secret else { return print(.object(rest)) }
        var text = JSONValue.object(rest).compact
        text.removeLast()
        text.append(contentsOf: Array(#",""#.utf8) + Array(name.utf8) + Array(#"":""#.utf8))
        text.withUnsafeBytes { write($0) }
        secret.bytes.withUnsafeBytes { write($0) }
        print("\"}")
    }
}

extension CommandEnvironment {
    /// The secret in the file at `path`, on its first line that is not empty; without a file it is asked for, or read from
    /// standard input.
    ///
    /// - Throws: ``UsageError`` if there is none.
    func secret(from path: String?, prompt: String, _ what: String) throws -> SharedSecret {
        let secret: SharedSecret?
        if let path {
            secret = try SecretFile.lines(of: path).first
        } else {
            secret = console.readShared(prompt: prompt)
        }
        guard let secret, secret.bytes.count > 0 else {
            throw UsageError("No \(what) was given.", remedy: "Type it when asked, or write it to standard input.")
        }
        return secret
    }
}
