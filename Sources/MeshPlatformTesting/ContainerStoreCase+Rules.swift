import MeshCore
import MeshPlatforms

// The rules on container stores.
extension ContainerStoreCase {
    /// The containers of the machine and of accounts that a case makes.
    private static let machine = "host.dare"
    private static let catalog = "MMM_Contact.dcat"

    private func blocking<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
        try await BlockingCalls(store: suite.name).run(deadline: suite.caseLimit, body)
    }

    /// The directory of an account, or of the machine if none is given, which must be made.
    private func directory(_ account: UDF?, in store: any ContainerStore) throws -> any ContainerDirectory {
        let made = try account.map { try store.directory(of: $0, create: true) } ?? store.root(create: true)
        guard let made else { throw context.failure(expected: "the directory to be made", answer: "it is nil") }
        return made
    }

    /// Makes a container for the machine and each of `accounts`, each with another content.
    private func fill(_ store: any ContainerStore, _ accounts: [UDF]) throws {
        for (number, account) in ([nil] + accounts).enumerated() {
            let (name, made) = (account == nil ? Self.machine : Self.catalog, try directory(account, in: store))
            let isEmpty = try made.openFile(name, .read) == nil
            try expect(isEmpty, "a directory of its own for each account", "\(name) is there already")
            try made.createFile(name, with: [UInt8(number)])
        }
    }

    /// Expects `store` to have what ``fill(_:_:)`` makes; or nothing.
    private func expectFilled(
        _ isFilled: Bool, _ store: any ContainerStore, _ accounts: [UDF], _ when: String
    ) throws {
        for (number, account) in ([nil] + accounts).enumerated() {
            let name = account == nil ? Self.machine : Self.catalog
            let found = try account.map { try store.directory(of: $0, create: false) } ?? store.root(create: false)
            let file = try found?.openFile(name, .read)
            try expect((file != nil) == isFilled, "\(name) to be there: \(isFilled), \(when)", "it is not so")
            guard let file else { continue }
            var octet: UInt8 = 0xA5
            let count = try withUnsafeMutableBytes(of: &octet) { try file.read(at: 0, into: $0) }
            let length = try file.length()
            try expect(
                count == 1 && length == 1 && octet == UInt8(number), "the content of \(name) \(when)",
                "it is another one's")
        }
        let listed = try store.accounts()
        let wanted = isFilled ? accounts.sorted { $0.text < $1.text } : []
        try expect(listed == wanted, "\(wanted.count) accounts, in order, \(when)", "they are \(listed)")
    }

    func absent() async throws {
        let store = try await open()
        let account = context.identifier()
        try await blocking {
            for _ in 0..<2 {
                let isNil = try store.root(create: false) == nil && store.directory(of: account, create: false) == nil
                try expect(isNil, "nil for directories that are not there", "there is one")
                let listed = try store.accounts()
                try expect(listed.isEmpty, "no accounts", "there are \(listed)")
            }
        }
    }

    func directories() async throws {
        let (one, two) = (try await open(), try await open())
        let accounts = (0..<3).map { _ in context.identifier() }
        try await blocking {
            try fill(one, accounts)
            for store in [one, two] { try expectFilled(true, store, accounts, "once they were made") }
            // Making what is there changes nothing.
            for account in [nil] + accounts { _ = try directory(account, in: two) }
            try expectFilled(true, one, accounts, "after another asked for them to be made")
            // One lock for all who reach a container, another for each container.
            func sidecar(_ account: UDF, _ store: any ContainerStore) throws -> (any ContainerSidecar)? {
                try directory(account, in: store).openSidecar(Self.catalog, .append)
            }
            let held = try sidecar(accounts[0], one)
            let isTaken = try held?.tryAcquire(.append)
            let isTakenTwice = try sidecar(accounts[0], two)?.tryAcquire(.append)
            let isFree = try sidecar(accounts[1], two)?.tryAcquire(.append)
            held?.release(.append)
            try expect(
                isTaken == true && isTakenTwice == false && isFree == true, "a lock of its own for each account",
                "there are more, or fewer")
        }
    }

    func accounts() async throws {
        let store = try await open()
        let accounts = (0..<9).map { _ in context.identifier() }
        try await blocking {
            _ = try directory(nil, in: store)
            for (count, account) in accounts.enumerated() {
                let listed = try store.accounts()
                let wanted = accounts[..<count].sorted { $0.text < $1.text }
                try expect(listed == wanted, "\(count) accounts, in order", "they are \(listed)")
                _ = try directory(account, in: store)
            }
        }
    }

    func modes() async throws {
        let (one, two) = (try await open("a"), try await open("b"))
        let accounts = [context.identifier()]
        try await blocking {
            try fill(one, accounts)
            try expectFilled(false, two, accounts, "in another mode")
            try fill(two, accounts)
            for account in [nil] + accounts {
                _ = try directory(account, in: two).remove(account == nil ? Self.machine : Self.catalog)
            }
            try expectFilled(true, one, accounts, "after another mode removed its own")
        }
    }

    func emptyDirectories() async throws {
        let (one, two) = (try await open(), try await open())
        let (account, other) = (context.identifier(), context.identifier())
        try await blocking {
            func expectRemoved(_ wanted: Bool, _ when: String) throws {
                let isRemoved = try one.removeEmptyDirectory(of: account)
                try expect(isRemoved == wanted, "removing a directory to be \(wanted) \(when)", "it is \(isRemoved)")
            }
            try expectRemoved(false, "when there is none")
            _ = try directory(other, in: one)
            let made = try directory(account, in: two)
            let held = try made.openSidecar(Self.catalog, .append)
            for lock in ContainerLock.allCases {
                try held?.acquire(lock, until: .now + suite.deadline)
                try expectRemoved(false, "while somebody holds a lock of it")
                held?.release(lock)
            }
            let isCurrent = try held?.isCurrent()
            try expect(isCurrent == true, "a lock that somebody held to be current", "it is not")
            try made.createFile(Self.catalog, with: [1])
            try expectRemoved(false, "while there is a file in it")
            let file = try made.openFile(Self.catalog, .read)
            try expect(file != nil, "the file to be there still", "it is not")
            _ = try made.remove(Self.catalog)
            try expectRemoved(true, "when it is empty")
            try expectRemoved(false, "when it was removed")
            let wasCurrent = try held?.isCurrent()
            try expect(wasCurrent == false, "a lock of a directory that was removed not to be current", "it is")
            let listed = try two.accounts()
            try expect(listed == [other], "the other account alone", "they are \(listed)")
            do {
                try made.createFile(Self.catalog, with: [2])
                throw context.failure(
                    expected: "no file to be made in a directory that was removed", answer: "it was made")
            } catch is PlatformError {}
            try directory(account, in: two).createFile(Self.catalog, with: [3])
            let again = try directory(account, in: one).openFile(Self.catalog, .read)
            try expect(again != nil, "a file in the directory that was made anew", "there is none")
        }
    }

    func erase() async throws {
        let (one, two) = (try await open("a"), try await open("b"))
        let accounts = (0..<3).map { _ in context.identifier() }
        let opened = try await blocking {
            for store in [one, two] { try fill(store, accounts) }
            return try ([nil] + accounts).map { account in
                let directory = try directory(account, in: one)
                let name = account == nil ? Self.machine : Self.catalog
                return (try directory.openFile(name, .append), try directory.openSidecar(name, .append))
            }
        }
        for _ in 0..<2 {
            do {
                try await one.eraseTestData(options: options)
            } catch let error as PlatformError {
                throw context.failure(expected: "erasing to succeed, twice", answer: "it threw \(error.code)")
            }
            try await blocking {
                try expectFilled(false, one, accounts, "after erasing")
                try expectFilled(true, two, accounts, "of a mode that was not erased")
                for (file, sidecar) in opened {
                    let isCurrent = try file?.isCurrent() != false || sidecar?.isCurrent() != false
                    try expect(!isCurrent, "what was open not to be current", "it is")
                }
            }
        }
        try await blocking {
            try fill(one, accounts)
            try expectFilled(true, one, accounts, "made after erasing")
        }
    }

    func eraseWaits() async throws {
        let store = try await open()
        let accounts = [context.identifier(), context.identifier()]
        try await blocking { try fill(store, accounts) }
        for account in [nil] + accounts {
            let held = try await blocking {
                try directory(account, in: store)
                    .openSidecar(account == nil ? Self.machine : Self.catalog, .append)
            }
            try await blocking { try held?.acquire(.append, until: .now + suite.deadline) }
            try await context.expectError(.timedOut, from: "erasing while somebody appends") {
                try await store.eraseTestData(options: CallOptions(deadline: .milliseconds(100)))
            }
            try await blocking {
                held?.release(.append)
                try expectFilled(true, store, accounts, "after erasing was given up")
            }
        }
        try await store.eraseTestData(options: options)
        try await blocking { try expectFilled(false, store, accounts, "after erasing") }
    }

    func productionRefused() async throws {
        guard suite.allowsProduction else { throw Skip("the suite was not allowed to open production mode") }
        let store: any ContainerStore
        do {
            store = try suite.makeStore(.production)
        } catch let error as PlatformError where error.code == .unsupported {
            throw Skip("the factory makes no store of production mode")
        }
        let account = context.identifier()
        let made = try await blocking {
            let made = try directory(account, in: store)
            try made.createFile(Self.catalog, with: [1])
            return made
        }
        let result = await refusal(by: store)
        let isThere = try await blocking {
            let isThere = try made.openFile(Self.catalog, .read)?.isCurrent() == true
            _ = try made.remove(Self.catalog)
            return isThere
        }
        try result.get()
        try expect(isThere, "the container to be there after the refusal", "it is gone")
    }

    private func refusal(by store: any ContainerStore) async -> Result<Void, any Error> {
        do {
            try await context.expectError(.productionRefused, from: "erasing in production mode") {
                try await store.eraseTestData(options: options)
            }
            return .success(())
        } catch {
            return .failure(error)
        }
    }
}
