import MeshCore
import MeshEncoding

/// The logs of 2017 (`.jlog`), which are no sequences yet: JSON objects one after another, a header and then items
/// (`dare` §11). They are read, and never written.
public struct OldLog: Sendable {
    /// One change of an object.
    public struct Item: Sendable {
        /// The number of the change.
        public let transactionID: String?
        /// The key of the object.
        public let primaryKey: String
        /// What happened.
        public let event: ContentMeta.Event
        /// When it was added.
        public let added: Timestamp?
        /// The object as text.
        public let text: String
    }

    /// The members of the header.
    public let header: JSONObject
    /// The changes, in their order.
    public let items: [Item]

    /// Reads a whole log.
    ///
    /// - Throws: ``DAREError`` `malformed`, with the number of the item.
    public init(parsing octets: [UInt8]) throws(DAREError) {
        let values: [JSONValue]
        do {
            values = try JSONValue.values(decoding: octets)
        } catch {
            throw DAREError(.malformed, "The log is no row of JSON objects.", cause: error)
        }
        guard let header = values.first?["Header"]?.object else {
            throw DAREError(.malformed, "The log does not begin with a header.")
        }
        self.header = header
        var items: [Item] = []
        for (number, value) in values.dropFirst().enumerated() {
            guard let item = value["DataItem"], let key = item["PrimaryKey"]?.string,
                let action = item["Action"]?.string?.asLabel, action == "New" || action == "Update"
            else { throw DAREError(.malformed, "Item \(number + 1) of the log is no change of an object.") }
            let identifier = item["TransactionID"]
            items.append(
                Item(
                    transactionID: identifier?.string ?? identifier?.integer.map { "\($0)" }, primaryKey: key,
                    event: ContentMeta.Event(rawValue: action),
                    added: item["Added"]?.string.flatMap { Timestamp($0) }, text: item["Text"]?.string ?? ""))
        }
        self.items = items
    }
}
