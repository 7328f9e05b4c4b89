import MeshCore

/// The witness that was given is not that of a request.
struct WitnessError: MeshError {
    /// Whether it is the beginning of one.
    let isBeginning: Bool

    let codeName = "witness-mismatch"
    var message: String {
        isBeginning
            ? "This is only the beginning of a witness: a part proves nothing."
            : "No request that waits has this witness. Nobody was let in."
    }
    var remedy: String? {
        isBeginning
            ? "Give all of it, as the new device shows it."
            : "Compare it once more: meshclient device pending. If it is not the same, reject the request."
    }
    var cause: (any Error)? { nil }
}
