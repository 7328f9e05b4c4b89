import Glibc
import Synchronization

/// The process-wide pool that secrets live in: pages that are locked into memory and left out of core dumps.
///
/// Blocks are handed out from slabs of one size class, so that thousands of small secrets fit below the usual limit
/// of locked memory (a page for each would not). A block is wiped when it is given back, before it is handed out again.
/// When the system refuses to lock a slab (`RLIMIT_MEMLOCK`), the slab is used unlocked and
/// ``SecretMemory/isLocked`` turns false, so that diagnosis can say so; nothing fails because of it.
public enum SecretMemory {
    /// The sizes of blocks, in octets. A larger secret gets pages of its own.
    private static let classes = [64, 256, 1024, 4096]
    private static let slabSize = 32 * 1024

    private struct Pool {
        var free: [[UInt]] = [[], [], [], []]
        var allLocked = true
        var slabs = 0
    }

    private static let pool = Mutex(Pool())

    /// Whether every page that holds secrets in this process is locked into memory (never written to swap).
    public static var isLocked: Bool { pool.withLock { $0.allLocked } }

    static func allocate(_ count: Int) -> UnsafeMutableRawPointer {
        guard let sizeClass = classes.firstIndex(where: { count <= $0 }) else {
            let (pages, locked) = mapPages(count)
            if !locked { pool.withLock { $0.allLocked = false } }
            return pages
        }
        let address: UInt = pool.withLock { pool in
            if let block = pool.free[sizeClass].popLast() { return block }
            let (slab, locked) = mapPages(slabSize)
            pool.slabs += 1
            if !locked { pool.allLocked = false }
            let size = classes[sizeClass]
            let base = UInt(bitPattern: slab)
            for offset in stride(from: slabSize - size, to: 0, by: -size) {
                pool.free[sizeClass].append(base + UInt(offset))
            }
            return base
        }
        // Proof: `address` is never zero, for it is an address inside a mapping that `mapPages` checked.
        return UnsafeMutableRawPointer(bitPattern: address)!
    }

    static func release(_ pointer: UnsafeMutableRawPointer, _ count: Int) {
        guard let sizeClass = classes.firstIndex(where: { count <= $0 }) else {
            explicit_bzero(pointer, count)
            munmap(pointer, count)
            return
        }
        explicit_bzero(pointer, classes[sizeClass])
        pool.withLock { $0.free[sizeClass].append(UInt(bitPattern: pointer)) }
    }

    private static func mapPages(_ count: Int) -> (pages: UnsafeMutableRawPointer, locked: Bool) {
        let pages = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        // Out of memory: like any Swift allocation, this ends the process rather than going on without memory.
        guard let pages, pages != MAP_FAILED else { preconditionFailure("no memory for a secret of \(count) octets") }
        madvise(pages, count, MADV_DONTDUMP)
        return (pages, mlock(pages, count) == 0)
    }
}
