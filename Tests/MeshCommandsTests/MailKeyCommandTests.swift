import Foundation
import MeshCommands
import MeshCore
import MeshEncoding
import Testing

/// Keys for mail on two machines of a person, with the tool as it is installed and GnuPG as it is.
struct MailKeyCommandTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func environment(_ name: String) throws -> [String: String] {
        let home = "gnupg-\(name)"
        if !scratch.names.contains(home) {
            try scratch.makeDirectory(home)
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: scratch(home))
        }
        return [
            "HOME": scratch.path, "MESH_HOME": scratch(name), "MESH_KEYSTORE": "files-clear",
            "MESH_PORTAL": "dir:\(scratch("portal"))", "GNUPGHOME": scratch(home), "LC_ALL": "C",
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
        ]
    }

    @discardableResult
    private func mesh(
        _ name: String, _ arguments: String..., input: String = "", status: ToolStatus = .done
    ) throws -> Child.End {
        let end = try Child.tool(arguments, input: Array(input.utf8), environment: try environment(name))
        #expect(end.status == status.rawValue, "\(arguments): \(end.words)")
        return end
    }

    @discardableResult
    private func gpg(
        _ name: String, _ arguments: String..., input: String = "", fails: Bool = false
    ) throws -> Child.End {
        let end = try Child.run(
            ["gpg", "--batch", "--no-tty"] + arguments, input: Array(input.utf8),
            environment: try environment(name))
        #expect((end.status == 0) != fails, "\(arguments): \(end.words)")
        return end
    }

    @discardableResult
    private func gpgsm(_ name: String, _ arguments: String..., input: String = "") throws -> Child.End {
        let end = try Child.run(
            ["gpgsm", "--batch", "--no-tty", "--disable-crl-checks", "--pinentry-mode", "loopback"] + arguments,
            input: Array(input.utf8), environment: try environment(name))
        #expect(end.status == 0, "\(arguments): \(end.words)")
        return end
    }

    @discardableResult
    private func openssl(_ arguments: String...) throws -> Child.End {
        let end = try Child.run(["openssl"] + arguments, environment: try environment("friend"))
        #expect(end.status == 0, "\(arguments): \(end.words)")
        return end
    }

    /// Two machines that are connected to one account with a mail account.
    private func household() throws {
        try mesh("first", "portal", "create", scratch("portal"), "--domain", "example.com")
        try mesh("first", "account", "create", "alice@example.com")
        let asked = try mesh("second", "device", "request", "alice@example.com")
        let witness = try #require(asked.output.split(separator: "\n").first.map(String.init))
        try mesh("first", "device", "accept", "--witness", witness)
        try mesh("second", "device", "complete")
        try mesh("first", "mail", "add", "alice@example.org", "--name", "Alice")
    }

    /// Ends the agents that GnuPG has left running.
    private func endAgents() {
        for name in ["first", "second", "friend"] {
            guard let environment = try? environment(name) else { continue }
            _ = try? Child.run(["gpgconf", "--kill", "all"], environment: environment)
        }
    }

    #if OpenPGP
        private func sign(_ text: String, passphrase: String) throws -> String {
            try scratch.write(text.utf8, to: "message")
            return try gpg(
                "second", "--pinentry-mode", "loopback", "--passphrase-fd", "0", "--armor", "--sign", "--output", "-",
                scratch("message"), input: "\(passphrase)\n"
            ).output
        }

        @Test func aKeyMadeOnOneMachineSignsOnAnother() throws {
            defer { endAgents() }
            try household()
            let made = try mesh("first", "mail", "key", "make", "alice@example.org", "--openpgp")
            let first = String(made.output.prefix { $0 != "\n" })
            try mesh("first", "sync")
            try mesh("second", "sync")
            // Never unprotected unless that is said.
            try mesh("second", "mail", "key", "install", "alice@example.org", status: .usage)
            let installed = try mesh(
                "second", "mail", "key", "install", "alice@example.org", "--trust", input: "open sesame\n")
            #expect(installed.output == "gpg  \(first)  added\n")
            #expect(try gpg("second", "--list-secret-keys").output.contains("[ultimate] Alice <alice@example.org>"))
            let again = try mesh(
                "second", "mail", "key", "install", "alice@example.org", "--json", input: "other\n")
            #expect(try JSONValue(parsing: again.output)["installed"]?.array?.first?["result"] == "unchanged")

            let publicKey = try mesh("first", "mail", "key", "public", "alice@example.org").output
            try gpg("friend", "--import", input: publicKey)
            let message = try sign("hello", passphrase: "open sesame")
            let verified = try gpg("friend", "--status-fd", "2", "--decrypt", input: message)
            #expect(verified.output == "hello" && verified.errors.contains("VALIDSIG \(first)"), "\(verified.words)")
            let sealed = try gpg(
                "friend", "--armor", "--trust-model", "always", "--encrypt", "--recipient", "alice@example.org",
                input: "for alice"
            ).output

            // Another key from now on. The friend hears of it, and old mail stays readable.
            let replaced = try mesh("first", "mail", "key", "replace", "alice@example.org")
            let second = String(replaced.output.prefix { $0 != "\n" })
            #expect(first != second && replaced.errors.contains("\(first) is kept for old mail, and revoked."))
            try mesh("first", "sync")
            try mesh("second", "sync")
            let both = try mesh("second", "mail", "key", "public", "alice@example.org", "--former").output
            try gpg("friend", "--import", input: both)
            let known = try gpg("friend", "--with-colons", "--list-keys").output.split(separator: "\n")
            #expect(known.contains { $0.hasPrefix("pub:r:") && $0.contains(first.suffix(16)) }, "\(known)")
            #expect(known.contains { $0.hasPrefix("pub:-:") && $0.contains(second.suffix(16)) }, "\(known)")
            let updated = try mesh("second", "mail", "key", "install", "alice@example.org", input: "open sesame\n")
            #expect(
                updated.output.split(separator: "\n") == [
                    "gpg  \(second)  added", "gpg  \(first)  was there; what was new was added, for old mail",
                ])
            let after = try gpg(
                "friend", "--status-fd", "2", "--decrypt", input: try sign("again", passphrase: "open sesame"))
            #expect(after.output == "again" && after.errors.contains("VALIDSIG \(second)"))
            try scratch.write(sealed.utf8, to: "sealed")
            let old = try gpg(
                "second", "--pinentry-mode", "loopback", "--passphrase-fd", "0", "--decrypt", scratch("sealed"),
                input: "open sesame\n")
            #expect(old.output == "for alice")
        }

        @Test func afterADeviceIsLostItsKeysAreNamed() throws {
            defer { endAgents() }
            try household()
            try mesh("first", "mail", "key", "make", "alice@example.org", "--openpgp", "--years", "2")
            try mesh("first", "sync")
            try mesh("second", "sync")
            let list = try mesh("first", "device", "list", "--connected", "--json").output
            let devices = try JSONValue(parsing: list)["devices"]?.array ?? []
            let other = try #require(devices.first { $0["this"] != true }?["udf"]?.string, "\(list)")
            let removed = try mesh("first", "device", "remove", other, "--yes")
            #expect(
                removed.errors.contains("meshclient mail key replace alice@example.org --openpgp"), "\(removed.words)")
            #expect(try mesh("first", "mail", "list").errors.contains("mail key replace alice@example.org"))
            let shown = try JSONValue(parsing: try mesh("first", "mail", "show", "alice@example.org", "--json").output)
            #expect(shown["keys"]?.array?.first?["replace"] == true)
            let finished = try mesh("first", "device", "remove", "--finish", "--json")
            #expect(try JSONValue(parsing: finished.output)["mailKeysToReplace"]?.array?.count == 1)
            try mesh("first", "mail", "key", "replace", "alice@example.org", "--compromised")
            #expect(try mesh("first", "mail", "list").errors.isEmpty)
        }

        @Test func keysGoFromGnuPGAndBack() throws {
            defer { endAgents() }
            try household()
            try gpg(
                "first", "--pinentry-mode", "loopback", "--passphrase-fd", "0", "--quick-generate-key",
                "Alice <alice@example.org>", "default", "default", "never", input: "old\n")
            let exported = try gpg(
                "first", "--pinentry-mode", "loopback", "--passphrase-fd", "0", "--armor", "--export-secret-keys",
                input: "old\n"
            ).output
            try scratch.write(exported.utf8, to: "key.asc")
            try scratch.write("old\n".utf8, to: "passphrase")
            try scratch.write("wrong\n".utf8, to: "wrong")
            let key = scratch("key.asc")
            try mesh("first", "mail", "key", "import", "alice@example.org", key, status: .usage)
            try mesh("first", "mail", "key", "import", "alice@example.org", "-", input: exported, status: .prompt)
            try mesh(
                "first", "mail", "key", "import", "alice@example.org", key, "--passphrase-file", scratch("wrong"),
                status: .prompt)
            try mesh("first", "mail", "key", "import", "alice@example.org", scratch("passphrase"), status: .unverified)
            try mesh("first", "mail", "key", "import", "alice@example.org", scratch("none"), status: .notFound)
            let publicKey = try gpg("first", "--armor", "--export").output
            let refused = try mesh(
                "first", "mail", "key", "import", "alice@example.org", "-", input: publicKey, status: .noKey)
            #expect(refused.errors.contains("gpg --export-secret-keys"))
            let imported = try mesh(
                "first", "mail", "key", "import", "alice@example.org", "-", "--passphrase-file", scratch("passphrase"),
                input: exported)
            let fingerprint = String(imported.output.prefix { $0 != "\n" })
            #expect(try gpg("first", "--list-keys").output.contains(fingerprint))
            try mesh("first", "sync")
            try mesh("second", "sync")

            // Exported under another passphrase, on the other machine.
            try mesh(
                "second", "mail", "key", "export", "alice@example.org", "--to", scratch("out.asc"), input: "new\n")
            try mesh(
                "second", "mail", "key", "export", "alice@example.org", "--to", scratch("out.asc"), input: "new\n",
                status: .refused)
            let file = try FileManager.default.attributesOfItem(atPath: scratch("out.asc"))
            #expect(file[.posixPermissions] as? Int == 0o600)
            try gpg("second", "--import", scratch("out.asc"))
            #expect(try sign("hello", passphrase: "new").contains("BEGIN PGP MESSAGE"))
            let open = try mesh(
                "second", "mail", "key", "export", "alice@example.org", "--to", "-", "--unprotected", "--key",
                String(fingerprint.prefix(8)))
            try gpg("friend", "--import", input: open.output)
            #expect(try gpg("friend", "--list-secret-keys").output.contains(fingerprint))
            // It asks before it forgets keys.
            try mesh("second", "mail", "remove", "alice@example.org", status: .usage)
            try mesh("second", "mail", "remove", "alice@example.org", "--yes")
        }
    #endif

    @Test func anSMIMEKeySignsWithGPGSMAndOpenSSL() throws {
        defer { endAgents() }
        try household()
        try mesh("first", "mail", "key", "make", "alice@example.org", "--smime", "--years", "1")
        try mesh("first", "sync")
        try mesh("second", "sync")
        let refused = try mesh(
            "second", "mail", "key", "install", "alice@example.org", "--unprotected", status: .usage)
        #expect(refused.errors.contains("gpgsm takes no key that is not protected"))
        let installed = try mesh("second", "mail", "key", "install", "alice@example.org", input: "open sesame\n")
        #expect(installed.output.hasPrefix("gpgsm  ") && installed.output.hasSuffix("  added\n"), "\(installed.words)")
        let again = try mesh("second", "mail", "key", "install", "alice@example.org", input: "open sesame\n")
        #expect(again.output.hasSuffix("  was there already\n"), "\(again.words)")
        // The agent keeps it under the passphrase.
        let kept = try FileManager.default.contentsOfDirectory(atPath: scratch("gnupg-second/private-keys-v1.d"))
        let file = try #require(scratch.read("gnupg-second/private-keys-v1.d/\(kept.first ?? "")"))
        #expect(kept.count == 1 && file.contains("protected-private-key".utf8))

        try scratch.write("hello".utf8, to: "message")
        let listed = try gpgsm("second", "--with-colons", "--list-secret-keys").output.split(separator: "\n")
        let line = try #require(listed.first { $0.hasPrefix("fpr:") }?.split(separator: ":"))
        // It certifies itself: whoever uses it says once that this will do.
        try scratch.write("\(line[1]) S relax\n".utf8, to: "gnupg-second/trustlist.txt")
        try gpgsm(
            "second", "--passphrase-fd", "0", "--output", scratch("signed"), "--sign", scratch("message"),
            input: "open sesame\n")
        try scratch.write(try mesh("first", "mail", "key", "public", "alice@example.org").output.utf8, to: "alice.crt")
        let verified = try openssl(
            "cms", "-verify", "-inform", "DER", "-in", scratch("signed"), "-CAfile", scratch("alice.crt"), "-certfile",
            scratch("alice.crt"), "-purpose", "smimesign")
        #expect(verified.output == "hello", "\(verified.words)")

        // For OpenSSL, mutt, Thunderbird.
        try mesh(
            "first", "mail", "key", "export", "alice@example.org", "--to", scratch("alice.pem"), "--pem",
            input: "other\n")
        let sealed = try openssl("cms", "-encrypt", "-aes256", "-in", scratch("message"), scratch("alice.crt"))
        try scratch.write(sealed.output.utf8, to: "sealed")
        let opened = try openssl(
            "cms", "-decrypt", "-in", scratch("sealed"), "-recip", scratch("alice.pem"), "-passin", "pass:other")
        #expect(opened.output == "hello", "\(opened.words)")
        try mesh(
            "first", "mail", "key", "export", "alice@example.org", "--to", scratch("alice.p12"), input: "other\n")
        try openssl("pkcs12", "-in", scratch("alice.p12"), "-nodes", "-passin", "pass:other")
        try mesh(
            "first", "mail", "key", "export", "alice@example.org", "--to", "-", "--unprotected", status: .usage)
    }

    @Test func anIssuersCertificateIsTaken() throws {
        defer { endAgents() }
        try household()
        try mesh("first", "mail", "key", "request", "alice@example.org", status: .notFound)
        try mesh("first", "mail", "key", "make", "alice@example.org", "--smime")
        let request = try mesh("first", "mail", "key", "request", "alice@example.org").output
        try scratch.write(request.utf8, to: "alice.csr")
        try scratch.write(
            "keyUsage=digitalSignature,keyEncipherment\nsubjectAltName=email:alice@example.org".utf8, to: "e")
        try openssl(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", scratch("ca.key"), "-out", scratch("ca.crt"),
            "-subj", "/CN=Issuer", "-days", "30")
        try openssl(
            "x509", "-req", "-in", scratch("alice.csr"), "-CA", scratch("ca.crt"), "-CAkey", scratch("ca.key"),
            "-CAcreateserial", "-out", scratch("alice.crt"), "-days", "30", "-extfile", scratch("e"))
        try mesh("first", "mail", "key", "certificate", "alice@example.org", scratch("ca.crt"), status: .refused)
        try mesh("first", "mail", "key", "certificate", "alice@example.org", scratch("e"), status: .unverified)
        let issued = String(
            decoding: (scratch.read("alice.crt") ?? []) + (scratch.read("ca.crt") ?? []), as: UTF8.self)
        try mesh("first", "mail", "key", "certificate", "alice@example.org", "-", input: issued)
        let chain = try mesh("first", "mail", "key", "public", "alice@example.org").output
        try scratch.write(chain.utf8, to: "chain")
        try openssl("verify", "-CAfile", scratch("ca.crt"), "-purpose", "smimesign", scratch("chain"))
        #expect(chain.split(separator: "\n").filter { $0.contains("BEGIN") }.count == 2)
        let shown = try mesh("first", "mail", "show", "alice@example.org").output
        #expect(shown.contains("former, since"))
        // A PKCS#12 file of another program is taken in its place.
        try openssl(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", scratch("b.key"), "-out", scratch("b.crt"),
            "-subj", "/CN=Alice", "-days", "30", "-addext", "subjectAltName=email:alice@example.org", "-addext",
            "keyUsage=digitalSignature,keyEncipherment", "-addext", "basicConstraints=critical,CA:FALSE")
        try openssl(
            "pkcs12", "-export", "-inkey", scratch("b.key"), "-in", scratch("b.crt"), "-out", scratch("b.p12"),
            "-passout", "pass:p12")
        try scratch.write("p12\n".utf8, to: "passphrase")
        try mesh(
            "first", "mail", "key", "replace", "alice@example.org", "--with", scratch("b.p12"), "--passphrase-file",
            scratch("passphrase"))
        #expect(
            try mesh("first", "mail", "key", "public", "alice@example.org").output
                == {
                    String(decoding: scratch.read("b.crt") ?? [], as: UTF8.self)
                }())
    }

    @Test func programsReadTheirConfiguration() throws {
        try mesh("first", "portal", "create", scratch("portal"), "--domain", "example.com")
        try mesh("first", "account", "create", "alice@example.com")
        try mesh(
            "first", "mail", "add", "alice@example.org", "--name", "Alice", "--inbound",
            "imaps://alice@imap.example.org", "--outbound", "smtp+starttls://alice@mail.example.org")
        let early = try mesh("first", "mail", "show", "alice@example.org", "--for", "msmtp")
        #expect(early.errors.contains("meshclient credential add mail.example.org --protocol smtp --username alice"))
        for (host, name) in [("imap.example.org", "imap"), ("mail.example.org", "smtp")] {
            try mesh(
                "first", "credential", "add", host, "--protocol", name, "--username", "alice",
                input: "password of \(name)\n")
        }
        try scratch.makeDirectory("bin")
        try scratch.makeLink("bin/meshclient", to: try #require(Child.tool).path)
        var environment = try environment("first")
        environment["PATH"] = "\(scratch("bin")):\(environment["PATH"] ?? "")"
        func run(_ arguments: [String], input: String = "") throws -> Child.End {
            try Child.run(arguments, input: Array(input.utf8), environment: environment)
        }
        func configuration(_ program: String) throws -> String {
            let text = try mesh("first", "mail", "show", "alice@example.org", "--for", program)
            #expect(text.errors.isEmpty && !text.output.contains("password of"), "\(text.words)")
            return try scratch.write(text.output.utf8, to: program)
        }
        let msmtp = try run(
            [
                "msmtp", "--file", try configuration("msmtp"), "--account", "alice@example.org", "--pretend",
                "b@example.net",
            ],
            input: "Subject: x\n\nx\n")
        #expect(msmtp.status == 0, "\(msmtp.words)")
        for line in ["host = mail.example.org", "port = 587", "tls_starttls = on", "user = alice"] {
            #expect(msmtp.output.contains(line), "\(msmtp.words)")
        }
        let mutt = try run([
            "mutt", "-n", "-F", try configuration("mutt"), "-Q", "imap_pass", "-Q", "smtp_pass", "-Q", "folder", "-Q",
            "smtp_url", "-Q", "realname",
        ])
        #expect(mutt.status == 0, "\(mutt.words)")
        for value in [
            "imap_pass=\"password of imap\"", "smtp_pass=\"password of smtp\"", "imaps://alice@imap.example.org:993/",
            "smtp://alice@mail.example.org:587/", "realname=\"Alice\"",
        ] {
            #expect(mutt.output.contains(value), "\(mutt.words)")
        }
        // It reads all of it before it says that there is no such channel.
        let mbsync = try run(["mbsync", "-c", try configuration("mbsync"), "none"])
        #expect(mbsync.words.contains("No channel or group named 'none' defined."), "\(mbsync.words)")

        // What would be taken for something else there is not written.
        try mesh("first", "mail", "set", "alice@example.org", "--name", "`id`")
        try mesh("first", "mail", "show", "alice@example.org", "--for", "mutt", status: .usage)
        try mesh("first", "mail", "set", "alice@example.org", "--outbound", "smtps://a%22b@mail.example.org")
        try mesh("first", "mail", "show", "alice@example.org", "--for", "msmtp", status: .usage)
        try mesh("first", "mail", "set", "alice@example.org", "--outbound", "")
        try mesh("first", "mail", "show", "alice@example.org", "--for", "msmtp", status: .usage)
    }
}
