import Glibc
import MeshPlatforms

/// The file in which a writer says what it has begun and what was acknowledged, and is told to stop: what it says there
/// stays when it is killed.
struct Claims: ~Copyable {
    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = open(path, O_RDWR | O_CREAT, 0o600)
        guard descriptor >= 0 else {
            throw PlatformError(.unavailable, store: path, "The claims cannot be written.")
        }
    }

    deinit { close(descriptor) }

    func acknowledge(_ count: UInt32) { write(count, at: 0) }
    func begin(_ count: UInt32) { write(count, at: 4) }

    /// Whether somebody has written something behind the two counts.
    var mustStop: Bool {
        var octet: UInt8 = 0
        return pread(descriptor, &octet, 1, 8) == 1 && octet != 0
    }

    private func write(_ count: UInt32, at offset: off_t) {
        var count = count
        // Again if it fails: it is not what is tested.
        while pwrite(descriptor, &count, 4, offset) != 4 {}
    }
}
