import MeshCore
import MeshPlatforms

// The rules on names in a directory of containers.
extension ContainerCase {
    func listing(in directory: any ContainerDirectory, _ other: any ContainerDirectory) throws {
        var names = ["b", "B", "a", "a.dare", "a-", "10", "9", "ü", "z"]
        for name in names { try directory.createFile(name, with: [1]) }
        for name in names { _ = try sidecar(name, in: directory) }
        do {
            _ = try directory.subdirectory("directory", create: true)
        } catch let error as PlatformError where error.code == .unsupported {
            // Then there is none to be listed.
        }
        func expectListed() throws {
            let wanted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            for directory in [directory, other] {
                let listed = try directory.names()
                try expect(listed == wanted, "the names \(wanted)", "they are \(listed)")
            }
        }
        try expectListed()
        _ = try other.remove("9")
        try directory.rename("B", to: "y")
        names.removeAll { ["9", "B"].contains($0) }
        names.append("y")
        try expectListed()
    }

    func names(in directory: any ContainerDirectory) throws {
        try directory.createFile("file", with: [1])
        let hostile = [
            "", ".", "..", "/", "a/b", "/a", "a/", "../a", "a\0", "a\0b", "a\nb", "\u{7F}",
            String(repeating: "x", count: 251), String(repeating: "x", count: 255), String(repeating: "x", count: 256),
            String(repeating: "ü", count: 126),
        ]
        for name in hostile {
            let calls: [(String, () throws -> Void)] = [
                ("openFile", { _ = try directory.openFile(name, .read) }),
                ("openFile for appending", { _ = try directory.openFile(name, .append) }),
                ("createFile", { try directory.createFile(name, with: [1]) }),
                ("exchange", { try directory.exchange("file", with: name) }),
                ("exchange", { try directory.exchange(name, with: "file") }),
                ("rename", { try directory.rename("file", to: name) }),
                ("rename", { try directory.rename(name, to: "other") }),
                ("remove", { _ = try directory.remove(name) }),
                ("openSidecar", { _ = try directory.openSidecar(name, .append) }),
            ]
            for (call, body) in calls {
                try expectError(.invalidArgument, from: "\(call) with the name \(name.debugDescription)", body)
            }
            do {
                _ = try directory.subdirectory(name, create: true)
                throw context.failure(expected: "no directory \(name.debugDescription)", answer: "it was made")
            } catch let error as PlatformError {
                try expect(
                    [.invalidArgument, .unsupported].contains(error.code), "invalidArgument", "it threw \(error.code)")
            }
        }
        let listed = try directory.names()
        try expect(listed == ["file"], "no other file", "there are \(listed)")
        // No name stands for another: they are neither folded nor trimmed.
        let exact = [
            "File", "file ", " file", "file.", ".file", "-", "~", "\\", "*", "%2F", "a:b", "é", "…",
            String(repeating: "x", count: 250), String(repeating: "ü", count: 125),
        ]
        for (number, name) in exact.enumerated() {
            try expectContent(nil, of: name, in: directory)
            try directory.createFile(name, with: [UInt8(number)])
            _ = try sidecar(name, in: directory)
        }
        for (number, name) in exact.enumerated() { try expectContent([UInt8(number)], of: name, in: directory) }
        let count = try directory.names().count
        try expect(count == exact.count + 1, "\(exact.count + 1) names", "there are \(count)")
    }

    func subdirectories(in directory: any ContainerDirectory, _ other: any ContainerDirectory) throws {
        do {
            let isNil = try directory.subdirectory("a", create: false) == nil
            try expect(isNil, "nil for a directory that is not there", "there is one")
        } catch let error as PlatformError where error.code == .unsupported {
            throw Skip("\(error)")
        }
        func make(_ name: String, in directory: any ContainerDirectory) throws -> any ContainerDirectory {
            guard let made = try directory.subdirectory(name, create: true) else {
                throw context.failure(expected: "the directory to be made", answer: "it is nil")
            }
            return made
        }
        let (a, b) = (try make("a", in: directory), try make("b", in: directory))
        try directory.createFile("file", with: [0])
        try a.createFile("file", with: [1])
        let isOther = try b.openFile("file", .read) == nil
        try expect(isOther, "no file in the other directory", "there is one")
        try b.createFile("file", with: [2])
        try expectContent([0], of: "file", in: directory)
        try expectContent([1], of: "file", in: try make("a", in: other))
        try expectContent([2], of: "file", in: try make("b", in: other))
        // Each with locks of its own, the same however it was reached.
        let held = try sidecar("file", in: a)
        let isTaken = try held.tryAcquire(.append)
        let isFree = try sidecar("file", in: b).tryAcquire(.append)
        let isFreeAbove = try sidecar("file", in: directory).tryAcquire(.append)
        let isTakenTwice = try sidecar("file", in: try make("a", in: other)).tryAcquire(.append)
        held.release(.append)
        try expect(isTaken && isFree && isFreeAbove, "locks of its own in each directory", "they are shared")
        try expect(!isTakenTwice, "one lock for all who reach the directory", "there are two")
        try expect(a.path != b.path && !a.path.isEmpty, "paths that tell directories apart", "they are \(a.path)")
        for directory in [a, b] { _ = try directory.remove("file") }
    }
}
