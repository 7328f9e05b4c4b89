import MeshPlatforms

/// Our lines in a file of the person's: between two marks, put in, replaced and taken out without a change of anything else.
public struct KeptBlock: Sendable {
    private let start: String
    private let end: String

    /// The block of `owner`: something like a fingerprint, without blanks. A file may have blocks of several owners.
    ///
    /// A name with blanks, line breaks or nothing in it is a programmer's mistake.
    public init(_ owner: String) {
        precondition(
            !owner.isEmpty && owner.utf8.allSatisfy { (0x21...0x7E).contains($0) }, "no name for the owner of a block")
        start = "# BEGIN mmm \(owner)"
        end = "# END mmm \(owner)"
    }

    /// What is said after the mark of the beginning.
    private static let note = " (kept by meshclient: changes up to the line END are lost)"

    /// `file` with `lines` in the place of the block: after it if there was none. Without lines there is no block.
    ///
    /// Everything else stays, octet by octet; only a last line that had no end gets one when a block follows it. Merging the
    /// same again changes nothing.
    ///
    /// - Throws: ``PlatformError`` `corrupt` if the marks are not one beginning and then one end: what is between them could be
    ///   the person's. `tooLarge`.
    public func merged(_ lines: [String], into file: [UInt8]) throws -> [UInt8] {
        precondition(
            lines.allSatisfy { line in !line.utf8.contains(0x0A) && !isMark(Array(line.utf8)[...]) },
            "a line of a block is not one line, or a mark")
        guard file.count <= SSHLines.maximumFile else {
            throw PlatformError(.tooLarge, store: SSHError.subject, "The file is too large to be one of SSH's.")
        }
        let block = lines.isEmpty ? [] : Array(([start + Self.note] + lines + [end]).map { $0 + "\n" }.joined().utf8)
        guard let range = try range(in: file) else {
            let needsEnd = !block.isEmpty && file.last.map { $0 != 0x0A } ?? false
            return file + (needsEnd ? [0x0A] : []) + block
        }
        return Array(file[..<range.lowerBound]) + block + Array(file[range.upperBound...])
    }

    /// The lines of the block, without the marks; nil if there is none.
    ///
    /// - Throws: as ``merged(_:into:)``.
    public func lines(in file: [UInt8]) throws -> [String]? {
        guard let range = try range(in: file) else { return nil }
        let lines = try SSHLines(Array(file[range])).lines
        return lines.dropFirst().dropLast().map { String(decoding: $0, as: UTF8.self) }
    }

    private func isMark(_ line: ArraySlice<UInt8>) -> Bool { isStart(line) || isEnd(line) }

    /// The note after the mark may be another one: of another version, or cut by an editor.
    private func isStart(_ line: ArraySlice<UInt8>) -> Bool {
        let line = SSHLines.trimmed(line)
        return line.starts(with: start.utf8)
            && (line.count == start.utf8.count || line.dropFirst(start.utf8.count).first == 0x20)
    }

    private func isEnd(_ line: ArraySlice<UInt8>) -> Bool { SSHLines.trimmed(line).elementsEqual(end.utf8) }

    /// Where the block stands, from the beginning of its first line to the end of its last one.
    private func range(in file: [UInt8]) throws -> Range<Int>? {
        var (first, last): (Int?, Int?)
        let broken = PlatformError(
            .corrupt, store: SSHError.subject,
            "The marks of our lines (\(start)) are not one beginning and one end any more.",
            remedy: "Remove these marks and our lines between them with an editor, then do this again.")
        for line in try SSHLines(file).lines {
            if isStart(line) {
                guard first == nil else { throw broken }
                first = line.startIndex
            } else if isEnd(line) {
                guard first != nil, last == nil else { throw broken }
                last = min(line.endIndex + 1, file.count)
            }
        }
        guard let first else { return nil }
        guard let last else { throw broken }
        return first..<last
    }
}
