import MeshCore
import MeshPlatforms
import MeshPortals

// The two usual ways to a portal in this process. `MeshPortalDirect(domain, service)` hands requests to it, and
// `MeshPortalDirect([domain: service, …])` to several.
extension PortalService {
    /// A portal of `domain` that keeps everything, its own seed too, in the memory of this process: for tests and trials.
    ///
    /// ```swift
    /// let portal = MeshPortalDirect("example.com", try await PortalService.inMemory(domain: "example.com"))
    /// ```
    ///
    /// - Throws: ``PortalError`` `invalidAddress` for a domain that is none.
    public static func inMemory(
        domain: String, clock: any MeshClock = SystemClock(), random: any RandomSource = SystemRandomSource(),
        limits: PortalLimits = PortalLimits(), rules: AccountNameRules = AccountNameRules(),
        observer: @escaping PortalObserver = { _ in }
    ) async throws -> PortalService {
        let domain = try AccountAddress("portal@\(domain)").domain
        let store = InMemoryPortalStore()
        let made = try ServiceIdentity.make(now: clock.now, random: random)
        try await store.commit([made.identity.creation], in: .portal)
        return PortalService(
            domain: domain, identity: made.identity, store: store, clock: clock, random: random, limits: limits,
            rules: rules, observer: observer)
    }

    /// Opens the portal of `domain` on `platform`: it keeps its data in DARE files in the platform's containers, and its seed in
    /// the platform's key store. Several processes may open it at a time.
    ///
    /// A platform that a person's sessions use is none for a portal: give it a directory of its own.
    ///
    /// - Throws: as ``open(domain:store:keys:clock:random:limits:rules:observer:)``.
    public static func open(
        domain: String, on platform: any MeshPlatform, limits: PortalLimits = PortalLimits(),
        rules: AccountNameRules = AccountNameRules(), observer: @escaping PortalObserver = { _ in }
    ) async throws -> PortalService {
        try await open(
            domain: domain, store: DAREPortalStore(platform.containers), keys: platform.keys, clock: platform.clock,
            random: platform.random, limits: limits, rules: rules, observer: observer)
    }
}
