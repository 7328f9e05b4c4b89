import MeshCore

/// Whether data are a person's own, or a test's that may be erased as a whole.
public enum PlatformMode: Hashable, Sendable, CustomStringConvertible {
    /// A person's own data. Nothing erases them as a whole.
    case production
    /// Data of the test of that name, kept apart from production and from every other test.
    case test(TestName)

    /// `production`, or `test-` and the name: as stored with every key.
    public var description: String {
        switch self {
        case .production: "production"
        case .test(let name): "test-\(name)"
        }
    }

    /// Reads what ``description`` writes; nil for anything else.
    public init?(_ description: String) {
        if description == "production" {
            self = .production
        } else if description.hasPrefix("test-"), let name = try? TestName(String(description.dropFirst(5))) {
            self = .test(name)
        } else {
            return nil
        }
    }

    /// - Throws: ``PlatformError`` `productionRefused` unless this is a test mode.
    public func requireTest(store: String) throws {
        guard case .test = self else {
            throw PlatformError(
                .productionRefused, store: store, "Production data are never erased as a whole.",
                remedy: "Open the platform in a test mode, or delete profiles one by one.")
        }
    }
}

/// The name of a test mode: 1 to 32 of the characters `a`...`z`, `0`...`9` and `-`, as it becomes part of paths.
public struct TestName: Hashable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
    /// The name.
    public let text: String
    public var description: String { text }

    /// - Throws: ``PlatformError`` `invalidArgument` if `text` cannot be a name.
    public init(_ text: String) throws {
        guard Self.isValid(text) else {
            throw PlatformError(
                .invalidArgument, store: "mode", "A test mode is named with 1 to 32 of a-z, 0-9 and '-'.")
        }
        self.text = text
    }

    /// For names written in the program; one that is not allowed is a programmer's mistake and ends the program.
    public init(stringLiteral value: String) {
        precondition(Self.isValid(value), "not the name of a test mode: \(value)")
        text = value
    }

    private static func isValid(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
    }
}
