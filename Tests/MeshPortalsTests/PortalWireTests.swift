import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPortals
import Testing

struct PortalWireTests {
    private func request(_ text: String) throws(PortalError) -> PortalRequestBody {
        try PortalWire.decodeRequest(Array(text.utf8), limit: 1 << 20)
    }

    @Test func requestsAreNamedByTheTransaction() throws {
        let message = StatusRequest(account: "alice@example.com", containers: ["MMM_Device"])
        let body = try PortalWire.encode(message)
        #expect(
            String(decoding: body, as: UTF8.self)
                == #"{"Status":{"Account":"alice@example.com","Catalogs":["MMM_Device"]}}"#)
        for text in [String(decoding: body, as: UTF8.self), #" {"StatusRequest": {"Account":"a@b", "Other": [1]}} "#] {
            let request = try request(text)
            #expect(request.transaction == .status && request.encoding == .json)
            #expect(try request.message(StatusRequest.self).account.contains("@"))
            #expect(throws: PortalError(.unsupported, "")) { try request.message(GetRequest.self) }
        }
    }

    /// Every transaction has its name and that of its message, in both encodings.
    @Test(arguments: PortalTransaction.allCases)
    func everyTransactionIsFound(transaction: PortalTransaction) throws {
        for name in [transaction.rawValue, transaction.rawValue + "Request"] {
            #expect(try request(#"{"\#(name)":{}}"#).transaction == transaction)
            let octets = try JSONValue.object([name: [:]]).encoded(JSONWritingOptions(.jsonB))
            let body = try PortalWire.decodeRequest(octets, limit: 100)
            #expect(body.transaction == transaction && body.encoding == .jsonB)
        }
    }

    @Test func bothEncodingsHoldTheSame() throws {
        let frames = (0..<4096).map { [UInt8](repeating: UInt8($0 & 0xFF), count: 300) }
        let update = ContainerUpdate(container: "MMM_Device", index: 7, digest: [1, 2, 3], frames: frames)
        let message = TransactRequest(account: "alice@example.com", updates: [update])
        for encoding in PortalEncoding.allCases {
            let octets = try PortalWire.encode(message, as: encoding)
            let body = try PortalWire.decodeRequest(octets, limit: 4 << 20)
            #expect(body.encoding == encoding)
            #expect(try body.message(TransactRequest.self).updates == [update])
        }
        #expect(PortalWire.encodings == ["JSON", "JSON-B"])
    }

    @Test(arguments: [
        "", "{", "[]", "null", "{}", "3", #""Hello""#, #"{"Hello":"#, #"{"Hello":{}"#, #"{"Hello":{}}x"#,
        #"{"Hello":{},"Get":{}}"#, #"{"Hello":{},"Hello":{}}"#, #"{"Hello":[]}"#, #"{"Hello":null}"#, #"{"Hello":7}"#,
        #"{"Hello":{"Service":7}}"#, #"{"Hello":{"Service":"a","Service":"b"}}"#, #"{"Hello":{"x":{"y":1,"y":2}}}"#,
        #"{"Status":{}}"#, "{\"Hello\":{\"Service\":\"a\nb\"}}", "\u{FEFF}{\"Hello\":{}}",
    ])
    func whatIsMalformed(text: String) {
        #expect(throws: PortalError(.malformed, ""), "\(text)") {
            let body = try request(text)
            if body.transaction == .status {
                _ = try body.message(StatusRequest.self)
            } else {
                _ = try body.message(HelloRequest.self)
            }
        }
    }

    @Test func depthAndSizeAreBounded() throws {
        func nested(_ depth: Int) -> String {
            #"{"Hello":{"x":"# + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}}"
        }
        _ = try request(nested(PortalWire.maximumDepth - 2)).message(HelloRequest.self)
        #expect(throws: PortalError(.malformed, "")) {
            try request(nested(PortalWire.maximumDepth - 1)).message(HelloRequest.self)
        }
        #expect(throws: PortalError(.malformed, "")) { try request(nested(200_000)).message(HelloRequest.self) }
        // Members that are not known may not take more memory than their octets allow.
        let many = #"{"Hello":{"x":["# + String(repeating: "1,", count: 400_000) + "1]}}"
        #expect(throws: PortalError(.malformed, "")) { try request(many).message(HelloRequest.self) }
        #expect(throws: PortalError(.tooLarge, "")) {
            try PortalWire.decodeRequest(Array(nested(1).utf8), limit: nested(1).utf8.count - 1)
        }
        #expect(throws: PortalError(.tooLarge, "")) {
            try PortalWire.decodeResponse(Array(#"{"GetResponse":{}}"#.utf8), to: GetRequest.self, limit: 3)
        }
    }

    /// Nothing of what was sent stands in what is said of it.
    @Test(arguments: [
        #"{"EVIL":{}}"#, #"{"Hello":{"EVIL":1,"EVIL":2}}"#, #"{"Hello":{"Service":["EVIL"]}}"#, #"{"Hello":"EVIL"}"#,
        #"{"Hello":{"Nonce":"EVIL!"}}"#, #"{"Hello":{"x":EVIL}}"#, #"{"Hello":{"Nonce":{"EVIL":3}}}"#,
    ])
    func errorsDoNotEcho(text: String) throws {
        let error = try #require(throws: PortalError.self) { try request(text).message(HelloRequest.self) }
        #expect(!error.description.contains("EVIL"), "\(error)")
    }

    @Test func answers() throws {
        func decode(_ text: String) throws -> PortalAnswer<ConnectStatusResponse> {
            try PortalWire.decodeResponse(Array(text.utf8), to: ConnectStatusRequest.self)
        }
        let done = try decode(#"{"ConnectStatusResponse":{"Status":201,"StatusDescription":"Done"}}"#)
        #expect(done.status == .success && done.statusDescription == "Done")
        // Old services say nothing of what became of it: that is read, and no success.
        guard case .response(let silent) = try decode(#"{"ConnectStatusResponse":{}}"#) else {
            Issue.record("no response")
            return
        }
        #expect(silent.status == nil && !silent.isSuccess)
        guard case .error(let error) = try decode(#"{"ErrorResponse":{"Status":419,"Epoch":"e"}}"#) else {
            Issue.record("no error")
            return
        }
        #expect(error.status == .staleEpoch && error.epoch == "e" && !error.isSuccess)
        for text in [
            "{}", "[]", #"{"GetResponse":{"Status":201}}"#, #"{"ConnectStatusResponse":{"Status":"201"}}"#,
            #"{"ConnectStatusResponse":{"Status":201},"x":1}"#, #"{"ConnectStatusResponse":[]}"#,
        ] {
            #expect(throws: PortalError(.malformed, ""), "\(text)") { try decode(text) }
        }
    }

    @Test func limitsOfOthers() throws {
        func hello(_ members: String) throws -> HelloResponse? {
            let text = #"{"HelloResponse":{"Status":201,\#(members)}}"#
            guard case .response(let hello) = try PortalWire.decodeResponse(Array(text.utf8), to: HelloRequest.self)
            else {
                return nil
            }
            return hello
        }
        #expect(try hello(#""Limits":{"Frames":3}"#)?.limits?.frames == 3)
        #expect(try hello(#""Limits":{}"#)?.limits == PortalLimits())
        #expect(try hello(#""PolicyAccount":{"Maximum":9}"#)?.policyAccount?.maximum == 9)
        for members in [
            #""Limits":{"Frames":-1}"#, #""Limits":{"AnonymousBody":9223372036854775807}"#,
            #""PolicyAccount":{"Maximum":9223372036854775807}"#, #""PolicyAccount":{"Minimum":-1}"#,
        ] {
            #expect(throws: PortalError(.malformed, ""), "\(members)") { try hello(members) }
        }
        var rules = AccountNameRules()
        rules.maximum = .max
        #expect(rules.objection(to: "alice") == nil)
    }

    @Test func wordsOfOthers() {
        #expect(PortalText.shown("The name is taken.\n\u{1B}[31m\u{202E}") == "The name is taken. [31m")
        #expect(PortalText.shown("\u{200B}\n") == nil && PortalText.shown(nil) == nil)
        #expect(PortalText.shown(String(repeating: "a", count: 5000))?.count == 200)
    }
}
