import Glibc
import MeshLinuxSSH
import MeshPlatforms
import MeshSSH
import MeshSSHTestSupport
import Testing

/// Our lines in files of the person's.
struct UserDirectoryTests {
    private func home() throws -> (TemporaryDirectory, SSHUserDirectory) {
        let home = try TemporaryDirectory()
        return (home, SSHUserDirectory(home.file(".ssh")))
    }

    @Test func filesAreMadeForTheirOwnerAlone() async throws {
        let (home, directory) = try home()
        // Nothing to say: nothing is made.
        #expect(try await !directory.install([], of: "M-A", in: .config))
        #expect(!home.exists(".ssh"))
        #expect(try await directory.install(["one", "two"], of: "M-A", in: .knownHosts))
        #expect(try home.mode(".ssh") == 0o700)
        #expect(try home.mode(".ssh/known_hosts") == 0o600)
        let text = try home.text(".ssh/known_hosts")
        #expect(text.hasPrefix("# BEGIN mmm M-A ") && text.hasSuffix("\none\ntwo\n# END mmm M-A\n"))
        // The same again writes nothing, also not the same file anew.
        var before = stat()
        var after = stat()
        lstat(home.file(".ssh/known_hosts"), &before)
        #expect(try await !directory.install(["one", "two"], of: "M-A", in: .knownHosts))
        lstat(home.file(".ssh/known_hosts"), &after)
        #expect(before.st_ino == after.st_ino)
        #expect(try await directory.read(.knownHosts) == Array(text.utf8))
        #expect(try await directory.read(.config) == nil)
    }

    @Test func whatIsThePersonsStays() async throws {
        let (home, directory) = try home()
        _ = try await directory.install(["x"], of: "M-A", in: .config)
        let theirs: [UInt8] = Array("# mine\r\nHost a\n\tUser \u{00E9}".utf8) + [0xFF, 0x00, 0x0A, 0x0A]
        try home.write(theirs, ".ssh/authorized_keys", mode: 0o644)
        #expect(try await directory.install(["key"], of: "M-A", in: .authorizedKeys))
        #expect(try await directory.install(["other"], of: "M-B", in: .authorizedKeys))
        #expect(try home.octets(".ssh/authorized_keys").starts(with: theirs))
        #expect(try await directory.install([], of: "M-A", in: .authorizedKeys))
        #expect(try await directory.install([], of: "M-B", in: .authorizedKeys))
        #expect(try home.octets(".ssh/authorized_keys") == theirs)
        #expect(try home.mode(".ssh/authorized_keys") == 0o600)
    }

    @Test func whatIsNotThePersonsOwnFileIsRefused() async throws {
        let (home, directory) = try home()
        _ = try await directory.install(["x"], of: "M-A", in: .config)
        func refused(_ expected: PlatformError.Code) async throws {
            #expect(await code { _ = try await directory.install(["y"], of: "M-A", in: .knownHosts) } == expected)
        }
        // A link, also one that leads nowhere.
        try home.write(Array("theirs\n".utf8), "elsewhere")
        symlink(home.file("elsewhere"), home.file(".ssh/known_hosts"))
        try await refused(.unexpectedFileType)
        #expect(try home.text("elsewhere") == "theirs\n")
        unlink(home.file(".ssh/known_hosts"))
        symlink(home.file("nowhere"), home.file(".ssh/known_hosts"))
        try await refused(.unexpectedFileType)
        unlink(home.file(".ssh/known_hosts"))
        // A second name.
        link(home.file("elsewhere"), home.file(".ssh/known_hosts"))
        try await refused(.insecurePermissions)
        unlink(home.file(".ssh/known_hosts"))
        // Others may change it.
        try home.write([], ".ssh/known_hosts", mode: 0o666)
        try await refused(.insecurePermissions)
        unlink(home.file(".ssh/known_hosts"))
        mkfifo(home.file(".ssh/known_hosts"), 0o600)
        try await refused(.unexpectedFileType)
        unlink(home.file(".ssh/known_hosts"))
        if geteuid() == 0 {
            try home.write([], ".ssh/known_hosts")
            chown(home.file(".ssh/known_hosts"), 65_534, 65_534)
            try await refused(.insecurePermissions)
            unlink(home.file(".ssh/known_hosts"))
        }
        // The directory itself.
        chmod(home.file(".ssh"), 0o777)
        try await refused(.insecurePermissions)
        rename(home.file(".ssh"), home.file("ssh"))
        symlink(home.file("ssh"), home.file(".ssh"))
        try await refused(.unexpectedFileType)
    }

    @Test func brokenMarksAreNotGuessed() async throws {
        let (home, directory) = try home()
        _ = try await directory.install(["x"], of: "M-A", in: .config)
        let broken = "Host a\n# BEGIN mmm M-A\nHost b\n"
        try home.write(Array(broken.utf8), ".ssh/config")
        #expect(await code { _ = try await directory.install(["y"], of: "M-A", in: .config) } == .corrupt)
        #expect(try home.text(".ssh/config") == broken)
    }

    /// Two that change one file at once, over and over: nothing of either is lost.
    @Test func changesAtTheSameTimeAreAllKept() async throws {
        let (home, directory) = try home()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for owner in ["M-A", "M-B"] {
                group.addTask {
                    for number in 0..<20 {
                        _ = try await directory.install(["\(owner) \(number)"], of: owner, in: .knownHosts)
                    }
                }
            }
            try await group.waitForAll()
        }
        let file = try home.octets(".ssh/known_hosts")
        for owner in ["M-A", "M-B"] { #expect(try KeptBlock(owner).lines(in: file) == ["\(owner) 19"]) }
    }
}
