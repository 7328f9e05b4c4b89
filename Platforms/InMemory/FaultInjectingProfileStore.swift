import MeshCore
import MeshPlatforms

/// A profile store that shows scripted faults, and otherwise does what the store it wraps does.
public struct FaultInjectingProfileStore: ProfileStore {
    /// The store that does the work.
    public let wrapped: any ProfileStore
    /// What goes wrong, and when.
    public let script: FaultScript

    /// Wraps `store`; `script` may be shared with other parts of the machine.
    public init(wrapping store: any ProfileStore, script: FaultScript) {
        self.wrapped = store
        self.script = script
    }

    public var name: String { wrapped.name }

    private func strike<R>(
        _ operation: FaultScope.Operation, _ options: CallOptions, _ work: (CallOptions) async throws -> R
    ) async throws -> R {
        let passage = try await script.enter(.profiles, operation, options, store: name)
        let result = try await work(passage.options)
        try await passage.leave()
        return result
    }

    public func latest(of profile: UDF, options: CallOptions) async throws -> [UInt8]? {
        try await strike(.read, options) { try await wrapped.latest(of: profile, options: $0) }
    }

    public func accept(_ signedProfile: [UInt8], of profile: UDF, options: CallOptions) async throws {
        try await strike(.store, options) { try await wrapped.accept(signedProfile, of: profile, options: $0) }
    }

    public func archive(of profile: UDF, options: CallOptions) async throws -> [[UInt8]] {
        try await strike(.read, options) { try await wrapped.archive(of: profile, options: $0) }
    }

    public func restoreLatest(
        of profile: UDF, options: CallOptions, where isValid: @Sendable ([UInt8]) -> Bool
    ) async throws -> [UInt8]? {
        try await strike(.store, options) {
            try await wrapped.restoreLatest(of: profile, options: $0, where: isValid)
        }
    }

    public func remove(_ profile: UDF, options: CallOptions) async throws -> Bool {
        try await strike(.remove, options) { try await wrapped.remove(profile, options: $0) }
    }

    public func list(options: CallOptions) async throws -> [UDF] {
        try await strike(.list, options) { try await wrapped.list(options: $0) }
    }

    public func eraseTestData(options: CallOptions) async throws {
        try await strike(.remove, options) { try await wrapped.eraseTestData(options: $0) }
    }
}
