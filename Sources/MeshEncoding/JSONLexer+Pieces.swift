/// Where the reader is in a text or a binary item that it hands out in pieces.
enum JSONFlow {
    /// Between quotes.
    case quoted
    /// In a chunk under `tag`, of which `left` octets are still to come.
    case chunk(tag: UInt8, left: UInt64)
    /// An item that is there as a whole, because a code stands for it.
    case whole([UInt8])
    case ended
}

extension JSONLexer {
    /// Starts on the next item, which must be a text or binary.
    ///
    /// - Returns: the flow, and whether the octets are a text's.
    mutating func beginFlow() throws(JSONError) -> (flow: JSONFlow, isText: Bool) {
        let start = offset
        let tag = try peek()
        switch tag {
        case 0x22:
            place += 1
            return (.quoted, true)
        case 0x80...0x8F where accepted >= .jsonB:
            place += 1
            return (.chunk(tag: tag, left: try unsigned(octets: 1 << Int(tag & 3))), tag < 0x88)
        case 0xC0...0xC2, 0xC8...0xCA:
            switch try tagged(tag) {
            case .string(let text): return (.whole(Array(text.utf8)), true)
            case .binary(let octets): return (.whole(octets), false)
            default: break
            }
        default: break
        }
        throw JSONError(.unexpectedValue, at: start, "A text or a binary item was expected.")
    }

    /// Appends the next octets of the item to `piece`: some, unless the flow has ended.
    mutating func continueFlow(_ flow: inout JSONFlow, into piece: inout [UInt8]) throws(JSONError) {
        switch flow {
        case .quoted: try continueQuoted(&flow, into: &piece)
        case .chunk(let tag, let left): try continueChunk(&flow, tag, left, into: &piece)
        case .whole(let octets):
            piece.append(contentsOf: octets)
            flow = .ended
        case .ended: break
        }
    }

    private mutating func continueQuoted(_ flow: inout JSONFlow, into piece: inout [UInt8]) throws(JSONError) {
        let count = piece.count
        while place < window.count || piece.count == count {
            guard let octet = try peekOrEnd() else { throw unterminated() }
            switch octet {
            case 0x22:
                place += 1
                endedAsText = true
                flow = .ended
                return
            case 0x5C:
                scratch.removeAll(keepingCapacity: true)
                try escape()
                piece.append(contentsOf: scratch)
            case 0..<0x20:
                guard isTolerant else { throw controlCharacter() }
                piece.append(octet)
                place += 1
            default:
                let start = place
                skipPlain()
                piece.append(contentsOf: UnsafeBufferPointer(rebasing: window[start..<place]))
            }
        }
    }

    private mutating func continueChunk(
        _ flow: inout JSONFlow, _ tag: UInt8, _ left: UInt64, into piece: inout [UInt8]
    ) throws(JSONError) {
        guard left > 0 else {
            if tag & 4 == 0 {
                endedAsText = false
                flow = .ended
            } else {
                let next = try nextChunk(tag & 0xF8)
                flow = .chunk(tag: next, left: try unsigned(octets: 1 << Int(next & 3)))
            }
            return
        }
        if place == window.count {
            guard try more() else { throw JSONError(.truncated, at: offset, "A length is greater than what follows.") }
        }
        let count = min(left, UInt64(window.count - place))
        piece.append(contentsOf: try take(count))
        flow = .chunk(tag: tag, left: left - count)
    }
}
