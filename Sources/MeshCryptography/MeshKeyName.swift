/// The name that a Mesh key is derived under: type, actor and operation, as in `CompleteAccountAdminSign`.
public struct MeshKeyName: Hashable, Sendable, CustomStringConvertible {
    /// What kind of profile the key belongs to.
    public enum Kind: String, CaseIterable, Sendable {
        case complete = "Complete"
        case base = "Base"
        case activation = "Activation"
    }

    /// Whose key it is.
    public enum Actor: String, CaseIterable, Sendable {
        case account = "Account"
        case member = "Member"
        case device = "Device"
        case service = "Service"
        case host = "Host"
    }

    /// What the key is for.
    public enum Operation: String, CaseIterable, Sendable {
        case encrypt = "Encrypt"
        case sign = "Sign"
        case authenticate = "Authenticate"
        /// The master key: signs the profile and nothing else.
        case profile = "Profile"
        case adminEncrypt = "AdminEncrypt"
        case adminSign = "AdminSign"
        case escrow = "Escrow"

        /// Ed448 for what signs, X448 for all others.
        public var defaultAlgorithm: KeyAlgorithm {
            switch self {
            case .sign, .profile, .adminSign: .ed448
            case .encrypt, .authenticate, .adminEncrypt, .escrow: .x448
            }
        }
    }

    /// The kind of profile.
    public let kind: Kind
    /// Whose key it is.
    public let actor: Actor
    /// What it is for.
    public let operation: Operation

    /// A name of those parts.
    public init(_ kind: Kind, _ actor: Actor, _ operation: Operation) {
        self.kind = kind
        self.actor = actor
        self.operation = operation
    }

    /// The name of the key for `operation` under a seed of type `specifier`; nil for a seed that is not a Mesh profile's.
    ///
    /// - Parameter host: for a service profile's seed, names the key of one of the service's hosts.
    public init?(_ operation: Operation, of specifier: KeySpecifier, host: Bool = false) {
        switch specifier.type {
        case KeySpecifier.profileDevice.rawValue: self.init(.base, .device, operation)
        case KeySpecifier.activationDevice.rawValue: self.init(.activation, .device, operation)
        case KeySpecifier.profileAccount.rawValue: self.init(.complete, .account, operation)
        case KeySpecifier.activationAccount.rawValue: self.init(.activation, .account, operation)
        case KeySpecifier.profileService.rawValue: self.init(.base, host ? .host : .service, operation)
        case KeySpecifier.activationService.rawValue: self.init(.activation, host ? .host : .service, operation)
        default: return nil
        }
    }

    /// The parts one after the other, as derivation takes them.
    public var description: String { kind.rawValue + actor.rawValue + operation.rawValue }
}
