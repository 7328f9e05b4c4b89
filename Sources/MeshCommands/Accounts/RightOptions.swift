import ArgumentParser
import MeshProfiles

/// What a device is to be allowed that is being connected.
struct RightOptions: ParsableArguments {
    @Flag(help: "Let the device administer the account too.") var administrator = false
    @Option(
        name: .customLong("right"),
        help: "A right that it is to have, instead of the usual ones ('usual' for these); may be repeated.")
    var rights: [String] = []
    @OptionGroup var own: OwnRightOptions

    /// Whether nothing was said.
    var isEmpty: Bool { !administrator && rights.isEmpty && own.names.isEmpty }

    mutating func validate() throws {
        _ = try DeviceCommand.rights(rights)
        if administrator, !rights.isEmpty || !own.names.isEmpty {
            throw ValidationError(
                "Whoever administers has every right: --administrator takes no --right or --own-right.")
        }
    }

    /// The rights.
    func given() throws -> [Right] {
        if administrator { return [.administrator] }
        let given = try (DeviceCommand.rights(rights) + own.given()).unique
        return given.isEmpty ? Right.usual : given
    }
}

/// Rights of applications, apart from those that every account has: so that nobody makes one by a slip of the finger.
struct OwnRightOptions: ParsableArguments {
    @Option(
        name: .customLong("own-right"),
        help: ArgumentHelp(
            "A right of an application, by the name that the application goes by, such as notes; made if the account does not "
                + "have it yet; may be repeated.", valueName: "name"))
    var names: [String] = []

    mutating func validate() throws { _ = try given() }

    /// The rights.
    func given() throws -> [Right] {
        try names.map { name in
            let right = Right(rawValue: name)
            guard right.isName else {
                throw ValidationError(
                    "No right can be called '\(name)': its name has 1 to 64 small letters, digits, '-' and '.', a letter or digit "
                        + "first.")
            }
            guard right.isOwn, name != DeviceCommand.usual else {
                throw ValidationError(
                    "'\(name)' is one of the rights that every account has: name it without --own-right.")
            }
            return right
        }
    }
}
