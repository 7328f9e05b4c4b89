import Glibc

/// How much the tests of damage do: what fits into seconds, or all of it where `scripts/torture` asks for it.
enum Torture {
    static let isLong = getenv("MESH_TORTURE") != nil
}
