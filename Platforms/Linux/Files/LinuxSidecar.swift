import CLinuxFiles
import Glibc
import MeshCore
import MeshPlatforms
import Synchronization

/// The lock file of a container: locks on its first octets, and the shared words.
///
/// The words are read and written by system calls, so that neither a full disk nor somebody who cuts the file off can end
/// the process with a signal; the mapping is for the kernel alone, which finds those who wait by it.
///
/// The file begins with what identifies this run of the machine; if that is another, the words are those of before a restart.
final class LinuxSidecar: ContainerSidecar {
    let path: String
    private let name: String
    private let directory: Directory
    let descriptor: FileDescriptor
    private let status: FileStatus.Identity
    private let run: UInt64
    private let page: Page
    let locks = Mutex(Locks())

    private init(_ name: String, in directory: Directory, _ opened: consuming Opened) throws {
        self.name = name
        self.directory = directory
        path = directory.path(of: name)
        status = opened.status.identity
        descriptor = opened.intoFile()
        // Else reading the words after each write would have to be noted. A system that does not allow it notes it.
        _ = fcntl(descriptor.number, F_SETFL, linux_O_NOATIME)
        run = try MachineRun.identity(device: status.device)
        page = try Page(of: descriptor, path: path)
    }

    static func open(_ name: String, in directory: Directory, _ access: ContainerAccess) throws -> LinuxSidecar? {
        while true {
            if let opened = try directory.openChecked(name, access == .read ? O_RDONLY : O_RDWR, .ownerOnly) {
                let sidecar = try LinuxSidecar(name, in: directory, opened)
                if access == .append { try sidecar.beginRun() }
                return sidecar
            }
            guard access == .append else { return nil }
            try directory.createIfAbsent(name)
        }
    }

    // MARK: Words

    private static let size = (ContainerWord.allCases.count + 1) * 8
    private static func offset(_ word: ContainerWord) -> Int { (word.rawValue + 1) * 8 }

    func words() throws -> ContainerWords {
        let (run, words) = try stored()
        if run == self.run { return words }
        var kept = ContainerWords()
        for word in ContainerWord.allCases where word.survivesRestart { kept[word] = words[word] }
        return kept
    }

    private func stored() throws -> (run: UInt64, words: ContainerWords) {
        try withUnsafeTemporaryAllocation(byteCount: Self.size, alignment: 8) { buffer in
            buffer.initializeMemory(as: UInt8.self, repeating: 0)
            _ = try descriptor.read(into: buffer, at: 0, path: path)
            var words = ContainerWords()
            for word in ContainerWord.allCases {
                words[word] = buffer.load(fromByteOffset: Self.offset(word), as: UInt64.self)
            }
            return (buffer.load(as: UInt64.self), words)
        }
    }

    func store(_ value: UInt64, in word: ContainerWord) throws { try store(value, at: Self.offset(word)) }

    // Each sets two words with one call, the second of which comes right after the first.

    func publish(end: UInt64) throws { try store(end, in: .end, andZeroIn: .writing) }

    func publish(durableEnd: UInt64) throws { try store(durableEnd, in: .durableEnd, andZeroIn: .synchronizing) }

    private func store(_ value: UInt64, in word: ContainerWord, andZeroIn next: ContainerWord) throws {
        let written = withUnsafeBytes(of: (value, UInt64(0))) {
            pwrite(descriptor.number, $0.baseAddress, $0.count, off_t(Self.offset(word)))
        }
        if written == 16 { return }
        if written < 8 { try store(value, in: word) }
        try? store(0, in: next)
    }

    func synchronize() throws { try descriptor.synchronize(path: path) }

    private func store(_ value: UInt64, at offset: Int) throws {
        try withUnsafeBytes(of: value) { try descriptor.write($0, at: offset, path: path) }
    }

    /// Makes the words those of this run of the machine.
    private func beginRun() throws {
        if try stored().run == run { return }
        let deadline = ContinuousClock.now + .seconds(10)
        try acquire(.append, until: deadline)
        defer { release(.append) }
        try acquire(.synchronize, until: deadline)
        defer { release(.synchronize) }
        if try stored().run == run { return }
        for word in ContainerWord.allCases where !word.survivesRestart { try store(0, in: word) }
        try store(run, at: 0)
    }

    func wait(for word: ContainerWord, whileEqualTo value: UInt64, atMost duration: Duration) throws {
        let nanoseconds = UInt64(max(duration.clampedNanoseconds, 0))
        guard linux_word_wait(page.address + Self.offset(word), value, nanoseconds) != 0 else { return }
        // Another value, too late, a signal; else (the file was cut off) there is nothing to wait for.
        if ![EAGAIN, ETIMEDOUT, EINTR].contains(errno) { usleep(200) }
    }

    func wake(_ word: ContainerWord) { linux_word_wake(page.address + Self.offset(word)) }

    func isCurrent() throws -> Bool {
        let links = linux_links(descriptor.number)
        guard links >= 0 else { throw PlatformError.file(errno, "statx", path: path) }
        return links > 0
    }

    /// The page of the file that those who wait are found by.
    private struct Page: ~Copyable, @unchecked Sendable {
        // Sendable proof: the address never changes, and nothing is read or written through it in this process.
        let address: UnsafeMutableRawPointer

        init(of file: borrowing FileDescriptor, path: String) throws {
            let mapped = mmap(nil, 4096, PROT_READ, MAP_SHARED, file.number, 0)
            guard let mapped, mapped != MAP_FAILED else { throw PlatformError.file(errno, "mmap", path: path) }
            address = mapped
        }

        deinit { munmap(address, 4096) }
    }
}

/// Which run of the machine this is: what was shared in an earlier one is not true any more.
enum MachineRun {
    private static let boot: UInt64? = {
        guard let file = FileDescriptor.open("/proc/sys/kernel/random/boot_id", at: AT_FDCWD, O_RDONLY) else {
            return nil
        }
        var octets = [UInt8](repeating: 0, count: 64)
        let count = octets.withUnsafeMutableBytes { try? file.read(into: $0, at: 0, path: "boot_id") }
        guard let count, count > 0 else { return nil }
        return octets[..<count].reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }()

    /// Also another if the file system is on another device, as after pulling it out and putting it in again. Never 0.
    static func identity(device: UInt64) throws -> UInt64 {
        guard let boot else {
            throw PlatformError(
                .unavailable, store: "/proc", "It cannot be found out when the machine was started.",
                remedy: "Mount /proc.")
        }
        return max(1, boot ^ device &* 0x9E37_79B9_7F4A_7C15)
    }
}
