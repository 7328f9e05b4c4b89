import MeshPlatforms

/// Cutting off what is no frame at the end of a file that was found after a restart, or of which nothing is known.
extension FrameLog {
    /// Cuts the range off at the end of the file, in front of which its last whole frame ends, unless it was not torn.
    ///
    /// - Parameter durable: as ``durablePlace(_:_:)`` says.
    /// - Throws: ``DAREError`` `malformed` if the file is damaged; nothing was changed then. ``PlatformError``.
    func cutOff(_ range: Range<Int>, durable: (claimed: Int, proven: Int)) throws {
        let place = range.lowerBound
        if place < durable.claimed { throw damaged(at: place, "It was durable up to \(durable.claimed).") }
        if durable.proven > 0 {
            try keepBeside(range, ifWhole: true)
        } else {
            // Who has written this, and whether it ever was durable, is not known.
            guard range.count <= Self.mostCutOff else { throw damaged(at: place, "Much follows.") }
            switch try damage(behind: place, length: range.upperBound) {
            case .found(let reason): throw damaged(at: place, reason)
            case .undecided: throw damaged(at: place, "Much follows that looks like frames.")
            case .none: try keepBeside(range, ifWhole: false)
            }
        }
        try file.truncate(to: place)
    }

    /// Whether what stands at a place where no whole frame is was left there by a writer that did not come to its end.
    enum Damage {
        /// It may have been.
        case none
        /// It was not.
        case found(String)
        /// It would take too long to find out.
        case undecided
    }

    func damage(behind place: Int, length: Int) throws -> Damage {
        if try FrameScan(self, length: length).isDamaged(at: place) {
            return .found("All of a frame's octets are there.")
        }
        // No more than what would be cut off.
        guard length - place <= Self.mostCutOff else { return .undecided }
        return switch try FrameSearch(self, behind: place, length: length).wholeFrame(believing: false) {
        case .frame(let next): .found("A whole frame follows at \(next).")
        case .tooMuch: .undecided
        case .none: .none
        }
    }

    /// More is not cut off a file of which nothing is known.
    private static let mostCutOff = 64 << 20

    func damaged(at place: Int, _ reason: String) -> DAREError {
        DAREError(
            .malformed, "The file \(path) is damaged at \(place): no whole frame is there. \(reason)",
            remedy: "Verify it to see what can be read, or get it from a copy. Nothing was changed.")
    }

    // MARK: Keeping what is cut off

    /// Keeps octets in a file `NAME.torn-N` beside this one.
    ///
    /// - Parameter ifWhole: only if there are whole frames among them, else if they are not all zeros.
    func keepBeside(_ range: Range<Int>, ifWhole: Bool) throws {
        if ifWhole {
            let search = FrameSearch(self, behind: range.lowerBound, length: range.upperBound)
            if try search.wholeFrame(believing: true) == .none { return }
        } else if try pieces(of: range, allSatisfy: { octets, _ in octets.allSatisfy { $0 == 0 } }) {
            return
        }
        for number in 1... {
            let name = "\(name).torn-\(number)"
            do {
                return try copy(range, to: name)
            } catch let error as PlatformError where error.code == .alreadyExists {
                // Who has kept the same may have been killed before it could cut.
                if try holds(name, range) { return }
            }
        }
    }

    private func copy(_ range: Range<Int>, to name: String) throws {
        let first = range.prefix(Self.pieceSize)
        try directory.createFile(name, with: try read(at: first.lowerBound, count: first.count))
        guard first.count < range.count else { return }
        guard let copy = try directory.openFile(name, .append) else {
            throw PlatformError(
                .changedUnderneath, store: "\(directory.path)/\(name)", "The file was removed as soon as it was made.")
        }
        _ = try pieces(of: first.upperBound..<range.upperBound) { octets, place in
            try octets.withUnsafeBytes { try copy.write($0, at: place - range.lowerBound) }
            return true
        }
        try copy.synchronize()
    }

    private func holds(_ name: String, _ range: Range<Int>) throws -> Bool {
        guard let other = try directory.openFile(name, .read), try other.length() == range.count else { return false }
        return try pieces(of: range) { octets, place in
            var copied = [UInt8](repeating: 0, count: octets.count)
            let count = try copied.withUnsafeMutableBytes { try other.read(at: place - range.lowerBound, into: $0) }
            return count == octets.count && copied == octets
        }
    }

    private static let pieceSize = 1 << 20

    /// Whether `body` is true of all pieces of the range, given one by one with their places, up to the first it is not true of.
    private func pieces(of range: Range<Int>, allSatisfy body: ([UInt8], Int) throws -> Bool) throws -> Bool {
        var place = range.lowerBound
        while place < range.upperBound {
            let octets = try read(at: place, count: min(Self.pieceSize, range.upperBound - place))
            guard try body(octets, place) else { return false }
            place += octets.count
        }
        return true
    }
}
