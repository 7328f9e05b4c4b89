import MeshCore
import MeshEncoding

/// JBCD records and frames.
enum FrameVectors {
    static func frame(_ input: VectorInput) throws -> VectorMembers {
        let records = try input.texts("records").map { text in
            guard let octets = Hex.octets(text) else { throw VectorProblem("a record is not hexadecimal") }
            return octets
        }
        return [
            "hex": { expected in
                let frame = JBCDFrame.encode(records)
                // And back: the published frame is taken apart.
                guard let published = Hex.octets(expected.description) else {
                    throw VectorProblem("hex is not hexadecimal")
                }
                let walk = try Walk(forward: published)
                guard walk.positions == [0], walk.records == [records] else {
                    throw VectorProblem("the published frame does not hold the records")
                }
                return .text(Hex.text(frame))
            }
        ]
    }

    static func walk(_ input: VectorInput) throws -> VectorMembers {
        let octets = try input.octets("hex")
        func walk() throws -> Walk {
            let forward = try Walk(forward: octets)
            guard try Walk(backward: octets) == forward else { throw VectorProblem("forward and backward differ") }
            return forward
        }
        func numbers(_ numbers: [Int]) -> VectorValue { .array(numbers.map { .number("\($0)") }) }
        return [
            "positions": { _ in numbers(try walk().positions) },
            "recordLengths": { _ in .array(try walk().records.map { numbers($0.map(\.count)) }) },
        ]
    }

    static func error(_ input: VectorInput) throws -> VectorMembers {
        let octets = try input.octets("hex")
        return [
            "error": { _ in .bool((try? Walk(forward: octets)) == nil && (try? Walk(backward: octets)) == nil) }
        ]
    }

    /// The frames of a file.
    private struct Walk: Equatable {
        var positions: [Int] = []
        var records: [[[UInt8]]] = []

        init(forward octets: [UInt8]) throws {
            var place = 0
            repeat {
                let extent = try octets.withUnsafeBytes { try JBCDFrame.frame(at: place, in: $0) }
                try add(extent, at: place, octets)
                place += extent.frameSize
            } while place < octets.count
        }

        init(backward octets: [UInt8]) throws {
            var end = octets.count
            repeat {
                let extent = try octets.withUnsafeBytes { try JBCDFrame.frame(endingAt: end, in: $0) }
                end -= extent.frameSize
                try add(extent, at: end, octets)
            } while end > 0
            positions.reverse()
            records.reverse()
        }

        private mutating func add(_ extent: JBCDFrame.Extent, at start: Int, _ octets: [UInt8]) throws {
            let content = Array(octets[start + extent.headSize..<start + extent.headSize + extent.contentSize])
            positions.append(start)
            records.append(
                try content.withUnsafeBytes { try JBCDFrame.records(in: $0) }.map { Array(content[$0]) })
        }
    }
}
