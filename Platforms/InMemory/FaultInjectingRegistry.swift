import MeshPlatforms

/// A registry that shows scripted faults, and otherwise does what the registry it wraps does.
public struct FaultInjectingRegistry: Registry {
    /// The registry that does the work.
    public let wrapped: any Registry
    /// What goes wrong, and when.
    public let script: FaultScript

    /// Wraps `registry`; `script` may be shared with other parts of the machine.
    public init(wrapping registry: any Registry, script: FaultScript) {
        self.wrapped = registry
        self.script = script
    }

    public var name: String { wrapped.name }

    public func read<R: Sendable>(
        options: CallOptions, _ body: @Sendable (any RegistryReader) throws -> R
    ) async throws -> R {
        let passage = try await script.enter(.registry, .read, options, store: name)
        let result = try await wrapped.read(options: passage.options, body)
        try await passage.leave()
        return result
    }

    public func modify<R: Sendable>(
        expecting: RegistryGeneration?, options: CallOptions,
        _ body: @Sendable (inout any RegistryTransaction) throws -> R
    ) async throws -> R {
        let passage = try await script.enter(.registry, .store, options, store: name)
        let result = try await wrapped.modify(expecting: expecting, options: passage.options, body)
        try await passage.leave()
        return result
    }

    public func changes() -> AsyncStream<RegistryGeneration> { wrapped.changes() }

    public func eraseTestData(options: CallOptions) async throws {
        let passage = try await script.enter(.registry, .remove, options, store: name)
        try await wrapped.eraseTestData(options: passage.options)
        try await passage.leave()
    }
}
