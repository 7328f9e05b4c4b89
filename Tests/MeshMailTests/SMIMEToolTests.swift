import MeshCore
import MeshMail
import Testing

/// Both ways against OpenSSL's command, GnuPG and NSS, which is what Thunderbird has.
@Suite(.enabled(if: ToolRun.has("openssl"), "openssl is not installed"))
struct SMIMEToolTests {
    private static let mail = Array("a letter\r\n".utf8)

    @Test func openSSLSignsAndDecryptsWithAKey() throws {
        let directory = try OpenSSLDirectory()
        let key = try SMIMESamples.alice.get()
        try directory.put(key.pem(passphrase: nil).octets(), "open.pem")
        try directory.put(key.pem(passphrase: passphrase("correct horse")).octets(), "sealed.pem")
        try directory.put(Array(key.certificate.pem.utf8), "alice.crt")
        let checked = try directory.run(
            "x509 -in @alice.crt -noout -ext basicConstraints,keyUsage,extendedKeyUsage,subjectAltName")
        for words in [
            "CA:FALSE", "Digital Signature, Non Repudiation, Key Encipherment", "E-mail Protection",
            "email:alice@example.com",
        ] {
            #expect(checked.text.contains(words), "\(checked.text)")
        }
        let signed = try directory.run(
            "cms -sign -signer @open.pem -inkey @sealed.pem -passin", "pass:correct horse", input: Self.mail)
        #expect(signed.status == 0, "\(signed.words)")
        let verified = try directory.run("cms -verify -purpose smimesign -CAfile @alice.crt", input: signed.octets)
        #expect(verified.status == 0 && verified.octets == Self.mail, "\(verified.words)")
        let sealed = try directory.run("cms -encrypt -aes256", "@alice.crt", input: Self.mail)
        let opened = try directory.run("cms -decrypt -recip @open.pem", input: sealed.octets)
        #expect(opened.octets == Self.mail, "\(opened.words)")
    }

    @Test(arguments: SMIMEPKCS12Form.allCases) func openSSLReadsAPKCS12File(form: SMIMEPKCS12Form) throws {
        let directory = try OpenSSLDirectory()
        let key = try SMIMESamples.alice.get()
        try directory.put(key.pkcs12(passphrase: passphrase("pw"), name: "Alice", form: form).octets(), "alice.p12")
        let listed = try directory.run("pkcs12 -info -nokeys -in @alice.p12 -passin pass:pw")
        #expect(listed.status == 0 && listed.text.contains("friendlyName: Alice"), "\(listed.words)")
        #expect(listed.words.contains("MAC: sha256, Iteration 600000"))
        #expect(listed.words.contains(form == .aes256 ? "AES-256-CBC" : "AES-128-CBC"))
        let read = try directory.run("pkcs12 -nocerts -nodes -in @alice.p12 -passin pass:pw")
        let ours = try key.pem(passphrase: nil).octets()
        let theirs = read.text.drop { $0 != "-" }
        #expect(String(decoding: ours, as: UTF8.self).hasPrefix(theirs))
        #expect(try directory.run("pkcs12 -nodes -in @alice.p12 -passin pass:wrong").status != 0)
    }

    @Test(.enabled(if: ToolRun.has("gpgsm", "gpgconf"), "gpgsm is not installed"))
    func gpgsmImportsAKeyAndSignsAndDecrypts() throws {
        let home = try GnuPGHome()
        let key = try SMIMESamples.alice.get()
        func gpgsm(_ arguments: String..., input: [UInt8] = []) throws -> ToolRun {
            let common = ["gpgsm", "--batch", "--no-tty", "--pinentry-mode", "loopback", "--disable-crl-checks"]
            return try ToolRun(common + arguments, input: input, environment: home.environment)
        }
        try home.put(key.pkcs12(passphrase: passphrase("pw")).octets(), "alice.p12")
        // The agent keeps it without a passphrase: it is asked for a new one, and the same words are given.
        let imported = try gpgsm(
            "--passphrase-fd", "0", "--import", "\(home.path)/alice.p12", input: Array("pw\n".utf8))
        #expect(imported.words.contains("secret keys imported: 1"), "\(imported.words)")
        let listed = try gpgsm("--with-colons", "-K").text
        let line = try #require(listed.split(separator: "\n").first { $0.hasPrefix("fpr:") })
        // Its own root, to be trusted.
        try home.put("\(line.split(separator: ":")[1]) S relax\n", "trustlist.txt")
        let sealed = try gpgsm("--encrypt", "-r", "alice@example.com", input: Self.mail)
        #expect(sealed.status == 0, "\(sealed.words)")
        try home.put(sealed.octets, "sealed")
        let opened = try gpgsm("--passphrase-fd", "0", "--decrypt", "\(home.path)/sealed", input: Array("pw\n".utf8))
        #expect(opened.octets == Self.mail, "\(opened.words)")
        try home.put(Self.mail, "mail")
        let written = try gpgsm(
            "--passphrase-fd", "0", "--sign", "-u", "alice@example.com", "\(home.path)/mail", input: Array("pw\n".utf8))
        #expect(written.status == 0, "\(written.words)")
        let verified = try gpgsm("--verify", input: written.octets)
        #expect(verified.words.contains("Good signature from"), "\(verified.words)")
    }

    @Test(
        .enabled(if: ToolRun.has("pk12util", "certutil"), "NSS' tools are not installed"),
        arguments: SMIMEPKCS12Form.allCases)
    func nssReadsAPKCS12File(form: SMIMEPKCS12Form) throws {
        let directory = try OpenSSLDirectory()
        let key = try SMIMESamples.alice.get()
        try directory.put(key.pkcs12(passphrase: passphrase("pw"), name: "Alice", form: form).octets(), "alice.p12")
        let store = "sql:\(directory.path)"
        #expect(try ToolRun(["certutil", "-N", "-d", store, "--empty-password"]).status == 0)
        let read = try ToolRun(["pk12util", "-i", directory.file("alice.p12"), "-d", store, "-W", "pw"])
        #expect(read.status == 0, "\(read.text) \(read.words)")
        #expect(try ToolRun(["certutil", "-K", "-d", store]).text.contains("Alice"))
    }

    struct Export: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let algorithm: String
        /// What `openssl` is to do with `k.key` and `k.crt`; nil for those as they are.
        let command: String?
        let isSealed: Bool
    }

    static let exports = [
        Export(testDescription: "PKCS#8", algorithm: "rsa:2048", command: nil, isSealed: false),
        Export(
            testDescription: "PKCS#1", algorithm: "rsa:2048", command: "rsa -traditional -in @k.key", isSealed: false),
        Export(
            testDescription: "PKCS#8, encrypted", algorithm: "rsa:2048",
            command: "pkcs8 -topk8 -in @k.key -passout pass:pw", isSealed: true),
        Export(
            testDescription: "PKCS#8, scrypt", algorithm: "rsa:2048",
            command: "pkcs8 -topk8 -scrypt -in @k.key -passout pass:pw",
            isSealed: true),
        Export(
            testDescription: "PKCS#1, encrypted", algorithm: "rsa:2048",
            command: "rsa -traditional -aes256 -in @k.key -passout pass:pw",
            isSealed: true),
        Export(
            testDescription: "SEC1", algorithm: "ec -pkeyopt ec_paramgen_curve:P-256", command: "ec -in @k.key",
            isSealed: false),
        Export(testDescription: "Ed25519", algorithm: "ed25519", command: nil, isSealed: false),
        Export(
            testDescription: "PKCS#12", algorithm: "rsa:2048",
            command: "pkcs12 -export -inkey @k.key -in @k.crt -passout pass:pw",
            isSealed: true),
        Export(
            testDescription: "PKCS#12, RC2 and Triple DES", algorithm: "rsa:2048",
            command: "pkcs12 -export -legacy -inkey @k.key -in @k.crt -passout pass:pw", isSealed: true),
        Export(
            testDescription: "PKCS#12 without a check value", algorithm: "rsa:2048",
            command: "pkcs12 -export -nomac -inkey @k.key -in @k.crt -passout pass:pw", isSealed: true),
        Export(
            testDescription: "PKCS#12, empty passphrase", algorithm: "rsa:2048",
            command: "pkcs12 -export -inkey @k.key -in @k.crt -passout pass:", isSealed: false),
    ]

    @Test(arguments: exports) func whatOpenSSLExportsIsTakenOver(export: Export) throws {
        let directory = try OpenSSLDirectory()
        try directory.make("k", export.algorithm)
        var octets = try directory.octets("k.key")
        if let command = export.command {
            let run = try directory.run(command)
            try #require(run.status == 0, "\(run.words)")
            octets = run.octets
        }
        if octets.first != 0x30 { octets += try directory.octets("k.crt") }
        let key = try SMIMEKey(importing: secret(octets), passphrase: export.isSealed ? passphrase("pw") : nil)
        #expect(key.certificate.addresses == ["k@example.com"] && key.certificate.canSign)
        #expect(key.certificate.canEncrypt == (export.algorithm != "ed25519"))
        if export.isSealed {
            #expect(smimeRefusal(octets) == .passphraseNeeded)
            #expect(smimeRefusal(octets, "wrong") == .wrongPassphrase)
        }
        // The same key: what it signs in a request is verified.
        try directory.put(key.certificateRequest().octets, "k.csr")
        let verified = try directory.run("req -verify -inform DER -in @k.csr -noout -pubkey")
        #expect(verified.status == 0 && (verified.text + verified.words).contains("verify OK"), "\(verified.words)")
        #expect(
            try directory.run("x509 -in @k.crt -noout -pubkey").text
                == verified.text.replacing("Certificate request self-signature verify OK\n", with: ""))
    }

    @Test func anIssuerSignsARequest() throws {
        let directory = try OpenSSLDirectory()
        let key = try SMIMESamples.alice.get()
        try directory.make("root", "rsa:2048 -addext basicConstraints=critical,CA:TRUE")
        try directory.make("other", "rsa:2048")
        func sign(_ request: String, by issuer: String, _ extensions: String, as name: String) throws {
            try directory.put(Array(extensions.utf8), "extensions")
            let run = try directory.run(
                "x509 -req -in @\(request) -CA @\(issuer).crt -CAkey @\(issuer).key -CAcreateserial -days 30 -copy_extensions copy -extfile @extensions -out @\(name).crt"
            )
            try #require(run.status == 0, "\(run.words)")
        }
        _ = try directory.run("req -new -nodes -newkey rsa:2048 -keyout @sub.key -out @sub.csr -subj /CN=sub")
        try sign("sub.csr", by: "root", "basicConstraints=critical,CA:TRUE", as: "sub")
        let request = try key.certificateRequest()
        try directory.put(Array(request.pem.utf8), "alice.csr")
        let shown = try directory.run("req -verify -in @alice.csr -noout -text")
        #expect(
            shown.status == 0 && shown.text.contains("email:alice@example.com") && shown.text.contains("CN = Alice"),
            "\(shown.text)")
        try sign("alice.csr", by: "sub", "keyUsage=digitalSignature,keyEncipherment", as: "alice")

        // As issuers send them: one text, in any order, with what does not belong to it.
        let bundle = try ["root", "alice", "other", "sub"].flatMap { try directory.octets("\($0).crt") }
        let all = try SMIMECertificate.all(in: bundle)
        #expect(all.count == 4)
        let issued = all[1]
        let better = try key.replacing(certificate: issued, chain: all)
        #expect(better.certificate == issued && better.chain == [all[3], all[0]] && !issued.isSelfSigned)
        #expect(better.certificate.addresses == ["alice@example.com"])
        #expect(all[0].isAuthority && all[3].isAuthority && !issued.isAuthority)
        #expect(SMIMESamples.secretOctets(better) == SMIMESamples.secretOctets(key))
        #expect(code { _ = try key.replacing(certificate: all[3], chain: []) } == .notRelated)
        #expect(code { _ = try SMIMECertificate(reading: bundle) } == .malformed)

        // All of it goes along, in both forms, and a signature by it is verified up to the root.
        for form in SMIMEPKCS12Form.allCases {
            let store = try better.pkcs12(passphrase: passphrase("pw"), form: form)
            let again = try SMIMEKey(importing: store, passphrase: passphrase("pw"))
            #expect(again.certificate == issued && again.chain == better.chain)
        }
        try directory.put(better.pem(passphrase: nil).octets(), "alice.pem")
        let signed = try directory.run("cms -sign -signer @alice.pem -certfile @sub.crt", input: Self.mail)
        let verified = try directory.run("cms -verify -purpose smimesign -CAfile @root.crt", input: signed.octets)
        #expect(verified.octets == Self.mail, "\(verified.words)")
    }

    @Test func unusableKeysAreRefused() throws {
        let directory = try OpenSSLDirectory()
        try directory.make("weak", "rsa:1024")
        try directory.make("server", "rsa:2048", usage: "serverAuth")
        try directory.make("curve", "ec -pkeyopt ec_paramgen_curve:secp224r1")
        for (name, expected) in [
            ("weak", MailKeyError.Code.notUsable), ("server", .notUsable), ("curve", .notUsable),
        ] {
            #expect(
                smimeRefusal(try directory.octets("\(name).key") + directory.octets("\(name).crt")) == expected,
                "\(name)")
        }
        #expect(try !SMIMECertificate(reading: directory.octets("weak.crt")).canSign)
        #expect(try !SMIMECertificate(reading: directory.octets("server.crt")).canSign)
        // A passphrase that would be hashed for hours: 100,000 times in the file, changed to 8 millions.
        let store = try directory.run(
            "pkcs12 -export -iter 100000 -nomac -inkey @server.key -in @server.crt -passout pass:pw"
        ).octets
        var longer = store
        let place = try #require(
            longer.indices.dropLast(4).first { longer[$0..<($0 + 5)].elementsEqual([2, 3, 1, 0x86, 0xA0]) })
        longer.replaceSubrange((place + 2)..<(place + 5), with: [0x7F, 0xFF, 0xFF])
        #expect(smimeRefusal(longer, "pw") == .unsupported)
        #expect(smimeRefusal(store, "pw") == .notUsable)
    }
}
