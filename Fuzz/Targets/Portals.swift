import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPortals

extension FuzzTarget {
    /// What stands in requests to a portal and in its answers.
    static let portals = [
        FuzzTarget("portal-request", seeds: portalRequests) { input in
            guard let body = try? PortalWire.decodeRequest(input, limit: input.count) else { return }
            switch body.transaction {
            case .hello: requireKept(body, HelloRequest.self)
            case .validateAccount: requireKept(body, ValidateAccountRequest.self)
            case .createAccount: requireKept(body, CreateAccountRequest.self)
            case .deleteAccount: requireKept(body, DeleteAccountRequest.self)
            case .get: requireKept(body, GetRequest.self)
            case .publish: requireKept(body, PublishRequest.self)
            case .status: requireKept(body, StatusRequest.self)
            case .download: requireKept(body, DownloadRequest.self)
            case .transact: requireKept(body, TransactRequest.self)
            case .connectStart: requireKept(body, ConnectStartRequest.self)
            case .connectStatus: requireKept(body, ConnectStatusRequest.self)
            case .connectPending: requireKept(body, ConnectPendingRequest.self)
            case .connectComplete: requireKept(body, ConnectCompleteRequest.self)
            case .claim: requireKept(body, ClaimRequest.self)
            case .pollClaim: requireKept(body, PollClaimRequest.self)
            case .transfer: requireKept(body, TransferRequest.self)
            }
        },
        FuzzTarget("portal-response", seeds: portalResponses) { input in
            func read<M: PortalRequestMessage>(_ type: M.Type) {
                guard case .response(let response)? = try? PortalWire.decodeResponse(input, to: type) else { return }
                _ = response.isSuccess
                _ = PortalText.shown(response.statusDescription)
                require((try? PortalWire.encode(response)) != nil, "an answer that was read cannot be written")
            }
            read(HelloRequest.self)
            read(ValidateAccountRequest.self)
            read(GetRequest.self)
            read(StatusRequest.self)
            read(DownloadRequest.self)
            read(ConnectStartRequest.self)
            read(ConnectPendingRequest.self)
            read(ClaimRequest.self)
            read(TransferRequest.self)
        },
        FuzzTarget("request-authorization", seeds: { [try signedRequest().authorization ?? []] }) { input in
            guard let authorization = try? RequestAuthorization(parsing: input) else { return }
            require((try? authorization.encoded()) == input, "an authorization is written as another")
            // For a service that knows the one key, and the request that this key signed once.
            let window = NonceWindow(epoch: "epoch")
            var request = PortalRequest(portal: "example.com", authorization: input, body: fuzzBody)
            let service = RequestExpectation(portal: "example.com", epoch: "epoch", now: fuzzTime)
            func isAccepted() -> Bool {
                (try? authorization.verify(
                    request, of: .status, by: FuzzKeys.signer.publicKey, as: service, remembering: window)) != nil
            }
            guard isAccepted() else { return }
            require(!isAccepted(), "a request is accepted twice")
            require(
                input == (try? signedRequest().authorization), "a request is accepted that nobody signed")
            request.body.append(0x20)
            require(!isAccepted(), "a body is accepted that nobody signed")
        },
        FuzzTarget("response-authorization", seeds: { [try signedResponse().authorization ?? []] }) { input in
            if let authorization = try? ResponseAuthorization(parsing: input) {
                require((try? authorization.encoded()) == input, "an authorization is written as another")
            }
            guard let request = try? signedRequest(), let good = try? signedResponse() else { return }
            var response = good
            response.authorization = input
            let verified = try? ResponseAuthorization.verify(
                response, to: request, by: FuzzKeys.signer.publicKey)
            require(verified == nil || input == good.authorization, "an answer is accepted that nobody signed")
        },
    ]

    /// What was read is written, and reads as what is written the same again.
    private static func requireKept<M: PortalRequestMessage>(_ body: PortalRequestBody, _ type: M.Type) {
        guard let message = try? body.message(type) else { return }
        guard let octets = try? PortalWire.encode(message) else {
            return require(false, "a request that was read cannot be written")
        }
        let again = try? PortalWire.decodeRequest(octets, limit: octets.count).message(type)
        require(
            again.flatMap { try? PortalWire.encode($0) } == octets, "a request that was written reads as another")
    }

    private static let fuzzBody = Array(#"{"Status":{"Account":"alice@example.com"}}"#.utf8)
    private static let fuzzTime = Timestamp(secondsSince1970: 1_800_000_000)

    private static func signedRequest() throws -> PortalRequest {
        let authorization = try RequestAuthorization(
            .status, body: fuzzBody, account: "alice@example.com", portal: "example.com", epoch: "epoch",
            time: fuzzTime, random: SeededRandomSource(seed: 3), key: FuzzKeys.signer, showingKey: false)
        return PortalRequest(portal: "example.com", authorization: try authorization.encoded(), body: fuzzBody)
    }

    private static func signedResponse() throws -> PortalResponse {
        let body = Array(#"{"StatusResponse":{"Status":201}}"#.utf8)
        let authorization = try ResponseAuthorization(
            to: try signedRequest().digest, status: 201, body: body, key: FuzzKeys.signer)
        return PortalResponse(status: 201, authorization: try authorization.encoded(), body: body)
    }

    private static func portalRequests() throws -> [[UInt8]] {
        let envelope = DAREEnvelope(header: ["dig": "S512"], body: [1, 2, 3])
        let update = ContainerUpdate(container: "MMM_Device", index: 1, digest: [1, 2], frames: [[1, 2, 3], []])
        func written<M: PortalRequestMessage>(_ message: M) throws -> [[UInt8]] {
            try PortalEncoding.allCases.map { try PortalWire.encode(message, as: $0) }
        }
        return try [
            written(HelloRequest(service: "mmm")),
            written(ValidateAccountRequest(account: "alice@example.com", language: ["en-uk"])),
            written(CreateAccountRequest(account: "alice@example.com", profile: envelope, updates: [update])),
            written(GetRequest(account: "alice@example.com")),
            written(DownloadRequest(account: "a@b", select: [FrameSelection(container: "MMM_Device", from: 0, to: 3)])),
            written(TransactRequest(account: "a@b", updates: [update])),
            written(ConnectStatusRequest(account: "a@b", device: "MAAA", responseID: "MBBB")),
            written(ConnectCompleteRequest(account: "a@b", device: "M", responseID: "M", result: envelope)),
            written(ClaimRequest(account: "a@b", publisher: "c@d", claim: envelope)),
        ].flatMap { $0 }
    }

    private static func portalResponses() throws -> [[UInt8]] {
        var hello = HelloResponse()
        hello.status = .success
        hello.version = ProtocolVersion(major: 3, minor: 0, encodings: PortalWire.encodings)
        hello.epoch = "epoch"
        hello.time = fuzzTime
        hello.limits = PortalLimits()
        hello.policyAccount = AccountNameRules()
        hello.profileService = DAREEnvelope(header: [:], body: [1])
        var status = StatusResponse()
        status.status = .success
        status.containers = [ContainerStatus(container: "MMM_Device", index: 3, digest: [1])]
        var error = ErrorResponse()
        error.status = .staleEpoch
        error.epoch = "epoch"
        return try PortalEncoding.allCases.flatMap { encoding in
            [
                try PortalWire.encode(hello, as: encoding), try PortalWire.encode(status, as: encoding),
                try PortalWire.encode(error, as: encoding),
            ]
        }
    }
}
