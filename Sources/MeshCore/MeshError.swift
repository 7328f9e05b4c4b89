/// What every error of this package tells: a stable code, what happened, what to do about it, and what caused it.
///
/// Errors carry no secrets. Two errors are the same case when their codes are the same; the words may change.
public protocol MeshError: Error, CustomStringConvertible, Sendable {
    /// A stable, lower-case, dash-separated name of the case, for programs and `--json`.
    var codeName: String { get }
    /// What happened, in one sentence, naming the store, file or value it happened to.
    var message: String { get }
    /// What the person can do about it, if anything.
    var remedy: String? { get }
    /// The error below this one.
    var cause: (any Error)? { get }
}

extension MeshError {
    /// The message, the remedy and the causes, in that order, on one line.
    public var description: String {
        var text = message
        if let remedy { text += " \(remedy)" }
        if let cause { text += " (cause: \(cause))" }
        return text
    }
}
