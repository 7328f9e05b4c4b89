import MeshCryptography
import MeshEncoding

/// What frame 0 says that the others are looked at by. Taken from a frame 0 that may be damaged: wrong only together with
/// a fault in frame 0.
struct SequenceTraits: Sendable {
    var type: SequenceType?
    var label: String?
    var digest = HashAlgorithm.dareStandard
    var hasChecks = false
    var isSigned = false
    /// Frames after frame 0 do not say their numbers: files of 2017 and 2018.
    var isUnnumbered = false

    init(_ log: FrameLog, end: Int) {
        guard let stored = try? StoredFrame(log, at: 0, limit: end) else {
            self.init(header: [], trailer: [])
            return
        }
        self.init(header: stored.header[...], trailer: stored.trailer[...])
        if let header = try? FrameHeader.parse(stored.header[...], "header"), header["ContainerType"] != nil,
            let second = try? StoredFrame(log, at: stored.end, limit: end)
        {
            isUnnumbered = !second.isNumbered
        }
    }

    /// What a frame 0 of these records says.
    init(header octets: ArraySlice<UInt8>, trailer: ArraySlice<UInt8>) {
        hasChecks = trailer.withUnsafeBytes { FrameCheck.stated(in: $0) } != nil
        guard let header = try? FrameHeader.parse(octets, "header") else { return }
        let members = EnvelopeMembers(header: header)
        label = SequenceInfo(header: header).type
        type = label.flatMap { SequenceType(label: $0) }
        digest = (try? members.digestAlgorithm) ?? .dareStandard
        if header["FrameCheck"]?.string?.asLabel == FrameCheck.label { hasChecks = true }
        isSigned = header["policy"]?["Signature"]?.string?.asLabel == SequencePolicy.Signature.isolated.rawValue
    }
}
