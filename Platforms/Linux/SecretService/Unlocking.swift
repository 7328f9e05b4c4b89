#if SecretService
    import CLibSecret
    import MeshPlatforms

    extension SecretServiceKeyStore {
        /// What the service answered to a wish to unlock.
        private enum Answer {
            case unlocked
            /// A person has to be asked, with the prompt at this path.
            case needsPrompt(String)
        }

        /// Asks the service to unlock the collection. Shows nothing.
        private func askToUnlock(_ connection: ServiceConnection, _ call: ServiceCall) throws -> Answer {
            guard try FoundCollection.isLocked(collectionPath, connection, call) else { return .unlocked }
            let reply = try connection.send(
                ServiceConnection.servicePath, ServiceConnection.serviceInterface, "Unlock", [.paths([collectionPath])],
                reply: "(aoo)", call)
            if let prompt = reply[1]?.text, prompt != "/" { return .needsPrompt(prompt) }
            if try FoundCollection.isLocked(collectionPath, connection, call) { throw Self.lockedError }
            return .unlocked
        }

        public func unlock(_ policy: UnlockPolicy, options: CallOptions) async throws {
            let begin = ContinuousClock.now
            let path = collectionPath
            let isLocked = try await perform(options) { connection, call in
                guard try FoundCollection.isLocked(path, connection, call) else { return false }
                switch policy {
                case .never: throw Self.lockedError
                case .withoutPrompt:
                    if case .needsPrompt(let prompt) = try self.askToUnlock(connection, call) {
                        Self.dismiss(prompt, connection, call)
                        throw Self.lockedError
                    }
                    return false
                case .promptAllowed: return true
                }
            }
            guard isLocked else { return }
            let left = options.deadline - begin.duration(to: .now)
            try await PromptDesk.shared.wait(for: "\(address) \(path)", deadline: left) { try self.showPrompt() }
        }

        /// Shows the prompt and waits for the person, at most for ``PromptWait/lifetime``. Blocks.
        private func showPrompt() throws {
            let call = ServiceCall(deadline: Self.promptCallDeadline)
            do {
                try onConnection(call) { connection, call in
                    guard case .needsPrompt(let prompt) = try askToUnlock(connection, call) else { return }
                    switch try PromptWait.run(prompt, connection, call) {
                    case .completed(isDismissed: false): break
                    case .completed(isDismissed: true):
                        throw try wasShown(connection, ServiceCall(deadline: Self.promptCallDeadline))
                            ? PlatformError(
                                .promptDismissed, store: Self.name, "The prompt to unlock the keyring was dismissed.",
                                remedy: "Unlock again, and enter the password of the keyring.")
                            : Self.promptImpossible(nil)
                    case .unanswered:
                        throw PlatformError(
                            .timedOut, store: Self.name, "The prompt to unlock the keyring was not answered.",
                            remedy: "Unlock again, and enter the password of the keyring.")
                    case .disconnected:
                        drop(connection)
                        throw PlatformError(
                            .disconnected, store: Self.name, "The keyring service went away during its prompt.",
                            remedy: "Try again.")
                    case .refused(let error): throw Self.promptImpossible(error)
                    }
                    let check = ServiceCall(deadline: Self.promptCallDeadline)
                    if try FoundCollection.isLocked(collectionPath, connection, check) { throw Self.lockedError }
                }
            } catch let error as GLibError {
                throw Self.platformError(error, call)
            }
        }

        /// How long one step of a prompt that needs no person may take.
        private static let promptCallDeadline = Duration.seconds(2)

        private static func promptImpossible(_ cause: (any Error)?) -> PlatformError {
            PlatformError(
                .promptImpossible, store: name, "The keyring is locked, and its prompt cannot be shown here.",
                remedy:
                    "Log in to a desktop session, or pipe the password into 'gnome-keyring-daemon --unlock' at login.",
                cause: cause)
        }

        /// Whether a person can have seen the prompt. gnome-keyring reports a prompt that could not be shown as dismissed;
        /// its prompts are shown by a program of their own, which has a name on the bus, if it runs.
        private func wasShown(_ connection: ServiceConnection, _ call: ServiceCall) throws -> Bool {
            guard traits.provider == "gnome-keyring" else { return true }
            for name in ["org.gnome.keyring.SystemPrompter", "org.gnome.keyring.PrivatePrompter"] {
                if try connection.sendToBus("NameHasOwner", [.string(name)], reply: "(b)", call)[0]?.boolean == true {
                    return true
                }
            }
            return false
        }
    }
#endif
