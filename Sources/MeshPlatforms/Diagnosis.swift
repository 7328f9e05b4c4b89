import MeshCore

/// One thing that was looked at, and what was found. Holds no secrets.
public struct Finding: Hashable, Sendable {
    /// How bad it is.
    public enum Severity: String, Hashable, Sendable, Comparable {
        /// In order.
        case ok
        /// Works, with something to know or to do.
        case warning
        /// Does not work.
        case problem

        public static func < (left: Severity, right: Severity) -> Bool {
            let order: [Severity] = [.ok, .warning, .problem]
            return (order.firstIndex(of: left) ?? 0) < (order.firstIndex(of: right) ?? 0)
        }
    }

    /// How bad it is.
    public var severity: Severity
    /// What was looked at: `key store secret-service`, `registry`, a fingerprint.
    public var subject: String
    /// The stable name of the case: an error code, or `ok`.
    public var code: String
    /// What was found.
    public var message: String
    /// What to do about it, if anything.
    public var remedy: String?

    /// A finding.
    public init(_ severity: Severity, _ subject: String, code: String = "ok", _ message: String, remedy: String? = nil)
    {
        self.severity = severity
        self.subject = subject
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    /// The finding that `error` is.
    public init(_ severity: Severity = .problem, _ subject: String, _ error: any Error) {
        if let error = error as? any MeshError {
            self.init(severity, subject, code: error.codeName, error.message, remedy: error.remedy)
        } else {
            self.init(severity, subject, code: "error", "\(error)")
        }
    }
}

/// Looks at the parts of a platform without changing anything and without showing a prompt.
public enum Diagnosis {
    /// What each key store would answer that is not in use. Read-only; each answers by its deadline.
    ///
    /// Not being there is no problem by itself, and so nothing here is more than a warning.
    public static func keyStores(_ candidates: [KeyStoreCandidate]) async -> [Finding] {
        var findings: [Finding] = []
        for candidate in candidates {
            let subject = "key store \(candidate.name)"
            guard candidate.isAutomatic else {
                findings.append(Finding(.ok, subject, "Used only when it is named: \(candidate.note)."))
                continue
            }
            do {
                let store = try await candidate.open()
                findings.append(Finding(.ok, subject, "Could be used: \(words(store.traits))."))
            } catch {
                findings.append(Finding(.warning, subject, error))
            }
        }
        return findings
    }

    private static func words(_ traits: KeyStoreTraits) -> String {
        "\(traits.provider)\(traits.collection.isEmpty ? "" : ", collection \(traits.collection)"); "
            + "kept \(traits.persistence), protected by \(traits.protection)"
    }

    /// Whether `store` can be used, what it is, and which of its keys cannot be read.
    public static func keyStore(_ store: any KeyStore, subject: String) async -> [Finding] {
        let traits = store.traits
        var findings: [Finding] = []
        switch await store.state() {
        case .ready:
            let isWeak = traits.persistence < .untilDeleted || traits.protection < .passphrase
            findings.append(Finding(isWeak ? .warning : .ok, subject, "Ready: \(words(traits))."))
        case .locked:
            findings.append(
                Finding(
                    .warning, subject, code: PlatformError.Code.locked.name, "Locked: \(words(traits)).",
                    remedy: "Unlock it, by logging in or with --unlock."))
        case .unavailable(let error):
            findings.append(Finding(.problem, subject, error))
            findings += error.candidates.map { Finding(.warning, "key store \($0.name)", code: "unusable", $0.detail) }
            return findings
        }
        guard traits.capabilities.contains(.listing) else { return findings }
        do {
            let listing = try await store.list(matching: KeyFilter(), options: CallOptions(deadline: .seconds(30)))
            findings += listing.problems.map { Finding(.problem, $0.store, $0) }
        } catch let error as PlatformError where error.code == .locked {
            // Said already.
        } catch {
            findings.append(Finding(.problem, subject, error))
        }
        return findings
    }

    /// Whether the registry and the profile files of `platform` can be read, and whether they agree.
    public static func files(_ platform: any MeshPlatform) async -> [Finding] {
        var findings: [Finding] = []
        let directory = ProfileDirectory(platform.registry)
        do {
            let generation = try await platform.registry.read { $0.generation }
            findings.append(
                Finding(.ok, "registry", "\(platform.registry.name) can be read (generation \(generation))."))
            let entries = try await directory.entries(kind: .personal) + directory.entries(kind: .device)
            let stored = Set(try await platform.profiles.list())
            for entry in entries {
                if let stage = entry.stage {
                    findings.append(
                        Finding(
                            .warning, entry.profile.text, code: "unfinished", "\(stage.rawValue) it was interrupted.",
                            remedy: "It is finished the next time a profile is created or deleted."))
                } else if !stored.contains(entry.profile) {
                    findings.append(
                        Finding(
                            .problem, entry.profile.text, code: PlatformError.Code.notFound.name,
                            "The registry names it, but its file is missing.",
                            remedy:
                                "Put it back from its key (meshclient profile repair), or recover it from its shares."))
                }
            }
            for profile in stored.subtracting(entries.map(\.profile)) {
                findings.append(
                    Finding(
                        .warning, profile.text, code: "orphan", "Its file is here, but the registry does not name it.",
                        remedy: "Put it back from its key (meshclient profile repair), or remove its directory."))
            }
        } catch {
            findings.append(Finding(.problem, "registry or profiles", error))
        }
        return findings
    }

    /// Whether this process can keep its secrets out of the swap.
    public static func memory() -> Finding {
        // A first secret is made, so that there is something to tell of.
        _ = SecretBytes(count: 1) { (_: UnsafeMutableRawBufferPointer) in }
        return SecretMemory.isLocked
            ? Finding(.ok, "memory", "Secrets are held in locked memory.")
            : Finding(
                .warning, "memory", code: "memory-not-locked", "The system does not let this process lock memory.",
                remedy: "Raise the limit of locked memory (ulimit -l).")
    }
}
