import MeshCore
import MeshPlatforms

// The rules on the files of a directory of containers.
extension ContainerCase {
    func absent(in directory: any ContainerDirectory) throws {
        for access in [ContainerAccess.read, .append] {
            let isNil = try directory.openFile("none", access) == nil
            try expect(isNil, "nil for a file that is not there", "a file was opened")
        }
        let isRemoved = try directory.remove("none")
        try expect(!isRemoved, "false from the removal", "it was true")
        try expectError(.notFound, from: "a rename") { try directory.rename("none", to: "other") }
        try expectError(.notFound, from: "an exchange") { try directory.exchange("none", with: "other") }
        try directory.createFile("here", with: [1])
        try expectError(.notFound, from: "an exchange with what is not there") {
            try directory.exchange("here", with: "none")
        }
        try expectContent([1], of: "here", in: directory)
        let hasSidecar = try directory.openSidecar("none", .read) != nil
        try expect(!hasSidecar, "no sidecar for reading", "there is one")
        let listed = try directory.names()
        try expect(listed == ["here"], "the one file in the listing", "it has \(listed)")
    }

    func creation(in directory: any ContainerDirectory, _ other: any ContainerDirectory) throws {
        for size in [0, 1, 511, 512, 513, 4096, 65_537] {
            let octets = context.random.bytes(size)
            try directory.createFile("file", with: octets)
            try expectContent(octets, of: "file", in: other)
            for directory in [directory, other] {
                try expectError(.alreadyExists, from: "making a file that is there") {
                    try directory.createFile("file", with: [9, 9])
                }
            }
            try expectContent(octets, of: "file", in: directory)
            _ = try directory.remove("file")
        }
    }

    func oneCreator(in directory: any ContainerDirectory) async throws {
        for round in 0..<4 {
            let made = try await sideBySide { number -> UInt8? in
                let octets = [UInt8](repeating: UInt8(number + 1), count: 50_000)
                do {
                    try directory.createFile("file\(round)", with: octets)
                } catch let error as PlatformError where error.code == .alreadyExists {
                    return nil
                }
                return UInt8(number + 1)
            }.compactMap { $0 }
            try expect(made.count == 1, "one that succeeds", "\(made.count) did")
            try await blocking {
                try expectContent([UInt8](repeating: made[0], count: 50_000), of: "file\(round)", in: directory)
            }
        }
    }

    func reading(in directory: any ContainerDirectory) throws {
        let octets = context.random.bytes(10_000)
        try directory.createFile("file", with: octets)
        for access in [ContainerAccess.read, .append] {
            let file = try file("file", in: directory, access)
            let length = try file.length()
            try expect(length == 10_000, "a length of 10000", "it is \(length)")
            for (offset, count) in [
                (0, 10_000), (0, 1), (4095, 2), (9_999, 1), (9_990, 100), (0, 20_000), (10_000, 5), (50_000, 5), (3, 0),
            ] {
                let found = try read(file, at: offset, count: count)
                let wanted = Array(octets.dropFirst(offset).prefix(count))
                try expect(
                    found == wanted, "\(wanted.count) octets of the file at \(offset) of \(count) asked",
                    "\(found.count) were read, or others")
            }
        }
    }

    func writing(in directory: any ContainerDirectory, _ other: any ContainerDirectory) throws {
        var octets = context.random.bytes(1000)
        try directory.createFile("file", with: octets)
        let (writer, reader) = (try file("file", in: directory), try file("file", in: other, .read))
        // Inside, over the end, at the end, behind it (which leaves zeros), and nothing.
        for (offset, count) in [(0, 3), (500, 20), (990, 50), (1040, 700), (5000, 10), (77, 0)] {
            let added = context.random.bytes(count)
            try write(added, at: offset, to: writer)
            if count > 0, octets.count < offset + count {
                octets += [UInt8](repeating: 0, count: offset + count - octets.count)
            }
            octets.replaceSubrange(offset..<offset + count, with: added)
            try expectContent(octets, of: writer, "after \(count) octets were written at \(offset)")
            try expectContent(octets, of: reader, "after another wrote \(count) octets at \(offset)")
        }
        try writer.synchronize()
        try directory.synchronize()
        try expectContent(octets, of: "file", in: other)
        try expectCurrent(true, writer, "of a file that only grew")
    }

    func truncation(in directory: any ContainerDirectory, _ other: any ContainerDirectory) throws {
        let octets = context.random.bytes(3000)
        try directory.createFile("file", with: octets)
        let (writer, reader) = (try file("file", in: directory), try file("file", in: other, .read))
        for length in [3000, 2999, 512, 1, 0] {
            try writer.truncate(to: length)
            try expectContent(Array(octets.prefix(length)), of: writer, "after it was cut off")
            try expectContent(Array(octets.prefix(length)), of: reader, "after another cut it off")
        }
        // What was cut off does not come back.
        try write([7], at: 100, to: writer)
        try expectContent([UInt8](repeating: 0, count: 100) + [7], of: reader, "after it grew again")
    }

    func exchange(in directory: any ContainerDirectory, _ other: any ContainerDirectory) throws {
        try directory.createFile("a", with: [1, 1])
        try directory.createFile("b", with: [2, 2, 2])
        let (a, b) = (try file("a", in: directory), try file("b", in: other))
        for file in [a, b] { try expectCurrent(true, file, "before the exchange") }
        do {
            try directory.exchange("a", with: "b")
        } catch let error as PlatformError where error.code == .unsupported {
            throw Skip("\(error)")
        }
        for directory in [directory, other] {
            try expectContent([2, 2, 2], of: "a", in: directory)
            try expectContent([1, 1], of: "b", in: directory)
        }
        for file in [a, b] { try expectCurrent(false, file, "after the exchange") }
        try expectContent([1, 1], of: a, "that was opened before the exchange")
        let identities = [try file("a", in: other).identity, try file("b", in: other).identity]
        try expect(identities == [b.identity, a.identity], "the identities to go with the files", "they do not")
        let listed = try directory.names()
        try expect(listed == ["a", "b"], "both names", "there are \(listed)")
    }

    func renaming(in directory: any ContainerDirectory, _ other: any ContainerDirectory) throws {
        try directory.createFile("a", with: [1])
        try directory.createFile("b", with: [2])
        let a = try file("a", in: other)
        try expectError(.alreadyExists, from: "a rename to a name that is taken") { try directory.rename("a", to: "b") }
        try expectContent([1], of: "a", in: other)
        try expectContent([2], of: "b", in: other)
        try expectCurrent(true, a, "after a rename that was refused")
        try directory.rename("a", to: "c")
        try expectContent(nil, of: "a", in: other)
        try expectContent([1], of: "c", in: other)
        try expectCurrent(false, a, "after the rename")
        // Whoever has it open writes into the same file.
        try write([5], at: 1, to: a)
        try expectContent([1, 5], of: "c", in: directory)
        try directory.createFile("a", with: [3])
        try expectCurrent(false, a, "when another file has its old name")
    }

    func removal(in directory: any ContainerDirectory, _ other: any ContainerDirectory) throws {
        try directory.createFile("file", with: [1, 2, 3])
        try directory.createFile("kept", with: [4])
        let open = try file("file", in: other)
        let first = try directory.remove("file")
        let second = try other.remove("file")
        try expect(first && !second, "true and then false", "it was \(first) and then \(second)")
        try expectCurrent(false, open, "after the removal")
        try expectContent([1, 2, 3], of: open, "that was removed")
        try expectContent(nil, of: "file", in: other)
        try directory.createFile("file", with: [9])
        try expectCurrent(false, open, "when another file has its name")
        try expectContent([1, 2, 3], of: open, "when another file has its name")
        try expectContent([4], of: "kept", in: other)
    }

    func identity(in directory: any ContainerDirectory, _ other: any ContainerDirectory) throws {
        var seen: Set<UInt64> = [0]
        func see(_ identity: UInt64) throws {
            try expect(seen.insert(identity).inserted, "an identity that no other has, and not 0", "it is \(identity)")
        }
        for name in ["a", "b"] {
            try directory.createFile(name, with: [1])
            let (one, two) = (try file(name, in: directory), try file(name, in: other, .read))
            try see(one.identity)
            try write([2, 2], at: 1, to: one)
            try expect(one.identity == two.identity, "one identity for all who open the file", "there are two")
        }
        let a = try file("a", in: directory)
        try directory.rename("a", to: "c")
        let renamed = try file("c", in: other).identity
        try expect(renamed == a.identity, "the same identity under a new name", "it is another")
        // Files that come and go under one name, as after repairs.
        for _ in 0..<5 {
            try directory.createFile("a", with: [1])
            try see(try file("a", in: directory).identity)
            _ = try directory.remove("a")
        }
    }
}
