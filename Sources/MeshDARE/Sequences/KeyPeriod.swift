import MeshCryptography
import MeshEncoding

/// Which key exchange the frames go by that are appended to a sequence of one exchange.
///
/// A sequence of the policy ``SequencePolicy/Encryption/once`` begins with an exchange in frame 0. When who may read changes,
/// a later frame has a new one, to other keys, and the frames after it name that frame as their `ExchangePosition`
/// (`dare-12` §5.3.2): the frames before stay as they are.
enum KeyPeriod: Sendable {
    /// That of frame 0.
    case first
    /// That of a later frame.
    case frame(Int)
    /// A new one, in the first frame that is appended, for these keys.
    case new([PublicKey])
}

/// The last key exchange of a sequence: where it is, and whom it is for.
struct LastExchange: Sendable {
    private(set) var frame = 0
    private var recipients: [Recipient] = []

    /// Looks at the header of the next frame.
    mutating func take(_ header: JSONObject, _ frame: Int) {
        guard let entries = header["recipients"]?.array, !entries.isEmpty else { return }
        self.frame = frame
        recipients = entries.compactMap { $0.object.map { Recipient($0) } }
    }

    /// Whether it is for `keys`, and for nobody else.
    func isFor(_ keys: [PublicKey]) -> Bool {
        recipients.count == keys.count && keys.allSatisfy { key in recipients.contains { $0.names(key) } }
    }

    /// What frames for `keys` go by; nil: for whoever it is for.
    func period(for keys: [PublicKey]?) -> KeyPeriod {
        if let keys, !isFor(keys) { return .new(keys) }
        return frame == 0 ? .first : .frame(frame)
    }
}
