extension PortalStatus {
    /// The status with which a service answers when `error` kept it from doing what was asked.
    public init(answering error: PortalError) {
        self =
            switch error.code {
            case .malformed: .badRequest
            // A clock that is off is told from a wrong key by Hello, not by this answer.
            case .unauthorized, .unauthenticated, .wrongClock: .unauthorized
            case .notFound: .notFound
            case .unsupported: .unknownOperation
            case .conflict, .accountExists: .conflict
            case .deviceRevoked, .expired: .gone
            case .tooLarge: .tooLarge
            case .staleEpoch: .staleEpoch
            case .invalidAddress, .invalidName, .rejected: .invalid
            case .overloaded: .tooMany
            case .full: .full
            default: .internalError
            }
    }
}
