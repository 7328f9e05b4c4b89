import MeshEncoding

extension FuzzTarget {
    /// Files of frames.
    static let frames = [
        FuzzTarget("frames") { input in
            input.withUnsafeBytes { octets in
                var position = 0
                while position < octets.count {
                    let rest = UnsafeRawBufferPointer(rebasing: octets[position...])
                    guard let extent = try? JBCDFrame.frameHead(rest), extent.frameSize <= rest.count else { break }
                    let content = UnsafeRawBufferPointer(rebasing: rest[extent.headSize...].prefix(extent.contentSize))
                    guard let records = try? JBCDFrame.records(in: content) else { break }
                    let frame = JBCDFrame.encode(records.map { Array(content[$0]) })
                    let same = frame.withUnsafeBytes { try? JBCDFrame.frameHead($0) }
                    require(same.map { $0.frameSize == frame.count } == true, "a frame that was written does not read")
                    position += extent.frameSize
                }
                _ = try? JBCDFrame.frameTail(octets)
            }
        }
    ]
}
