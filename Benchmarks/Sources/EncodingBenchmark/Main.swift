import Foundation
import MeshEncoding

/// Reading and writing a header of a DARE frame, and a large text, against Foundation's JSONSerialization on the same octets
/// in the same run. Prints `name ratio ours baseline`, times in microseconds (medians).
@main struct EncodingBenchmark {
    static func main() throws {
        let header = header
        let text = header.compact
        try measure("header-\(text.count)-octets", text, rounds: 200, repeats: 1000)
        let binary = try header.encoded(JSONWritingOptions(.jsonB))
        report("header-read-jsonb", time(200, 1000) { _ = try? JSONValue(decoding: binary) }, nil)
        report("header-write-jsonb", time(200, 1000) { _ = try? header.encoded(JSONWritingOptions(.jsonB)) }, nil)
        report("header-read-tokens", time(200, 100) { try? readTokens(text) }, nil)

        let records = JSONValue.array((0..<20_000).map { record($0) })
        let large = records.compact
        try measure("records-\(large.count >> 10)-KiB", large, rounds: 15, repeats: 1)
        report("records-read-tokens", time(15, 1) { try? readTokens(large) }, nil)
        let largeBinary = try records.encoded(JSONWritingOptions(.jsonB))
        report("records-read-jsonb", time(15, 1) { _ = try? JSONValue(decoding: largeBinary) }, nil)
        report("records-write-jsonb", time(15, 1) { _ = try? records.encoded(JSONWritingOptions(.jsonB)) }, nil)
    }

    static func measure(_ name: String, _ text: [UInt8], rounds: Int, repeats: Int) throws {
        let value = try JSONValue(decoding: text)
        let data = Data(text)
        let object = try JSONSerialization.jsonObject(with: data)
        report(
            "\(name)-read", time(rounds, repeats) { _ = try? JSONValue(decoding: text) },
            time(rounds, max(repeats / 10, 1)) { _ = try? JSONSerialization.jsonObject(with: data) })
        report(
            "\(name)-write", time(rounds, repeats) { _ = value.compact },
            time(rounds, max(repeats / 10, 1)) { _ = try? JSONSerialization.data(withJSONObject: object) })
    }

    static func readTokens(_ text: [UInt8]) throws {
        let reader = JSONReader(text)
        while try reader.next() != nil {}
    }

    /// A header as a frame of an encrypted sequence has it.
    static var header: JSONValue {
        [
            "enc": "A256CBC", "dig": "S512", "kid": "EBQC-XLMG-LV7L-7GUU-A42D-XKNH-ZSX4",
            "Salt": "5pfKmfCcmLpt7P7dWCUF9A",
            "recipients": [
                [
                    "kid": "MC26-ABWY-V347-CYLP-BL4I-OJK2-USAM",
                    "wmk": "RULfmLICnOo1eazhF1I6r8qhygYVPNP6xJceiDXz4a1rQuicgXeBkA",
                ]
            ],
            "ContentMetaData": "e30", "SequenceInfo": ["Index": 17, "TreePosition": 23_671],
        ]
    }

    static func record(_ number: Int) -> JSONValue {
        [
            "Id": .string("MAAA-BBBB-CCCC-DDDD-\(number)"), "Name": "Alice \"A\" Example", "Count": .integer(number),
            "Weight": .number("\(Double(number) / 7)"), "Tags": ["one", "two", "three"], "Active": true, "Next": .null,
        ]
    }

    /// Microseconds a call, the median of `rounds` rounds of `repeats` calls.
    static func time(_ rounds: Int, _ repeats: Int, _ body: () -> Void) -> Double {
        let times = (0..<rounds).map { _ in
            let start = ContinuousClock.now
            for _ in 0..<repeats { body() }
            let (seconds, attoseconds) = start.duration(to: .now).components
            return (Double(seconds) * 1e6 + Double(attoseconds) / 1e12) / Double(repeats)
        }
        return times.sorted()[rounds / 2]
    }

    static func report(_ name: String, _ ours: Double, _ baseline: Double?) {
        func rounded(_ value: Double) -> String { "\((value * 1000).rounded() / 1000)" }
        print(name, baseline.map { rounded(ours / $0) } ?? "-", rounded(ours), baseline.map(rounded) ?? "-")
    }
}
