extension PortalError {
    /// What it means that a portal answered `transaction` with `status`, which is no success; with the portal's words for it.
    init(_ status: PortalStatus?, of transaction: PortalTransaction, words: String?) {
        let said = PortalText.shown(words).map { " The portal says: \($0)" } ?? ""
        func error(_ code: Code, _ message: String, _ remedy: String? = nil) -> PortalError {
            PortalError(code, message + said, remedy: remedy)
        }
        guard let status else {
            self = error(
                .serviceFailed, "The portal does not say whether it was done.", "Look whether it was done.")
            return
        }
        self =
            switch (status, transaction) {
            case (.badRequest, _): error(.malformed, "The portal cannot read the request.", "Update this program.")
            case (.unauthorized, _):
                error(
                    .unauthorized, "The portal does not let this device do that.",
                    "Check the address, and whether the device is still connected to the account.")
            case (.notFound, _): error(.notFound, "The portal does not have that.", "Check the address.")
            case (.unknownOperation, _): error(.unsupported, "The portal does not do that.")
            case (.conflict, .createAccount): error(.accountExists, "There is such an account.", "Choose another name.")
            case (.conflict, _):
                error(.conflict, "The portal has something newer.", "Synchronise, and try again.")
            case (.gone, .connectStart), (.gone, .connectStatus), (.gone, .connectComplete), (.gone, .pollClaim),
                (.gone, .claim):
                error(.expired, "The time for that is over.", "Start the connection again.")
            case (.gone, _):
                error(
                    .deviceRevoked, "The device was removed from the account.",
                    "Connect the device again, if it should have the account.")
            case (.tooLarge, _): error(.tooLarge, "That is more than the portal takes.", "Send less at once.")
            case (.staleEpoch, _):
                error(.staleEpoch, "The portal was started anew while it was asked.", "Try again.")
            case (.invalid, _): error(.rejected, "The portal does not take that.")
            case (.tooMany, .transact):
                error(.overloaded, "The portal takes no more for this account now.", "Ask whoever runs the portal.")
            case (.tooMany, _): error(.overloaded, "The portal has too many requests.", "Try again later.")
            case (.unavailable, _): error(.overloaded, "The portal cannot do that now.", "Try again later.")
            // In the portal's words there is nothing more.
            case (.full, _):
                PortalError(
                    .full, "The disk of the portal is full: what was sent is not kept there.",
                    remedy:
                        "Have whoever runs the portal make space on its disk, then try again; what was not sent waits here."
                )
            case _ where (500..<600).contains(status.rawValue):
                error(.serviceFailed, "The portal failed.", "Try again later.")
            default:
                error(.unsupported, "The portal answers with a status that is not known, \(status.rawValue).")
            }
    }
}
