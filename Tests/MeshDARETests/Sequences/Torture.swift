import Glibc
import MeshCore

/// How much the tests of damage do: what fits into seconds, or all of it where `scripts/torture` asks for it.
enum Torture {
    static let isLong = getenv("MESH_TORTURE") != nil

    /// What random tests begin with: `MESH_STORAGE_SEED`, or another each time.
    static let seed =
        getenv("MESH_STORAGE_SEED").flatMap { UInt64(String(cString: $0)) }
        ?? SystemRandomSource().bytes(4).reduce(1) { $0 << 8 | UInt64($1) }
}
