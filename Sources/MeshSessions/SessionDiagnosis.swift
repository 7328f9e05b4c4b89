import MeshCore
import MeshPlatforms
import MeshProfiles

extension MeshSession {
    /// Looks at the machine without changing anything and without a prompt: key store, registry, profiles and their
    /// signatures, keys, recovery.
    ///
    /// - Parameter candidates: the key stores the program knows, of which it is told whether they could be used.
    public func diagnose(_ candidates: [KeyStoreCandidate] = []) async -> [Finding] {
        var findings: [Finding] = [Diagnosis.memory()]
        let traits = platform.keys.traits
        findings += await Diagnosis.keyStore(platform.keys, subject: "key store in use: \(traits.name)")
        findings += await Diagnosis.keyStores(candidates.filter { $0.name != traits.name })
        findings += await Diagnosis.files(platform)
        let keeper = ProfileKeeper(platform: platform)
        findings += await profiles(.device, ProfileDevice.self, keeper)
        findings += await profiles(.personal, ProfileUser.self, keeper)
        return findings
    }

    private func profiles<Content: ProfileContent>(
        _ kind: ProfileKind, _ type: Content.Type, _ keeper: ProfileKeeper
    ) async -> [Finding] {
        var findings: [Finding] = []
        // A registry that cannot be read was reported already.
        let entries = (try? await keeper.directory.entries(kind: kind)) ?? []
        for entry in entries where entry.stage == nil {
            let subject = "\(kind.words) \(entry.profile)"
            do {
                guard let signed = try await platform.profiles.latest(of: entry.profile) else { continue }
                _ = try VerifiedProfile<Content>(verifying: signed, as: entry.profile)
                _ = try await keeper.seed(type, of: entry.profile)
                findings.append(Finding(.ok, subject, "The profile verifies, and its key is in the key store."))
            } catch let error as PlatformError where error.code == .locked {
                findings.append(
                    Finding(.warning, subject, "The profile verifies; its key cannot be seen while locked."))
            } catch let error as SessionError
                where error.code == .keyMissing && kind == .personal && !entry.portals.isEmpty
            {
                findings.append(
                    Finding(
                        .ok, subject,
                        "The profile verifies; its own key is not here, and this device acts by its connection."))
                continue
            } catch let error as ProfileError {
                findings.append(
                    Finding(
                        .problem, subject, code: error.codeName, error.message,
                        remedy:
                            "It is put back from the archive when it is next used, or from its key: meshclient profile repair."
                    ))
            } catch {
                findings.append(Finding(.problem, subject, error))
            }
            if kind == .personal { findings.append(await recoveryFinding(of: entry.profile, subject)) }
        }
        return findings
    }

    private func recoveryFinding(of profile: UDF, _ subject: String) async -> Finding {
        do {
            switch try await RecoveryRecord.read(of: profile, in: platform.registry).state {
            case .proven(let time): return Finding(.ok, subject, "Recovery from shares was proven on \(time).")
            case .made:
                return Finding(
                    .warning, subject, code: "recovery-unproven", "Recovery shares were made, and never tried.",
                    remedy: "Try them: meshclient rehearse.")
            case .none:
                return Finding(
                    .warning, subject, code: "recovery-none",
                    "There are no recovery shares: this machine holds the only copy.",
                    remedy: "Make them: meshclient escrow.")
            }
        } catch {
            return Finding(.problem, subject, error)
        }
    }
}
