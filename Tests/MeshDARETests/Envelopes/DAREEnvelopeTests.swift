import MeshCore
import MeshDARE
import Testing

@Suite("Envelopes")
struct DAREEnvelopeTests {
    @Test("The empty envelope of the draft is read in both of its shapes")
    func emptyEnvelope() throws {
        let bare = try DAREEnvelope(parsing: Array(#"[{},"",{}]"#.utf8))
        let wrapped = try DAREEnvelope(parsing: Array(#"{"DareEnvelope":[{},"",{}]}"#.utf8))
        #expect(bare.body.isEmpty && wrapped.body.isEmpty)
        #expect(bare.encoded == wrapped.encoded)
    }
}
