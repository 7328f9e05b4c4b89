import Glibc
import MeshCore
internal import MeshEncoding

// The functions of `meshlight.h`, which says what they do. Each of them checks what it is given, and lets no error out but as
// a code.

func calling(_ handle: UInt64, _ body: (LightContext) throws -> LightCode) -> Int32 {
    guard let open = ContextTable.shared[handle] else { return noSuchHandle() }
    do {
        return try body(open.context).rawValue
    } catch {
        open.lastError = words(error)
        return LightCode(error).rawValue
    }
}

private func noSuchHandle() -> Int32 {
    ContextTable.shared.lastError = "There is no such context: it was closed, or never opened."
    return LightCode.invalidHandle.rawValue
}

/// What is said of an error: in words, without the parts of a C text's end.
private func words(_ error: any Error) -> String { "\(error)".replacing("\0", with: " ") }

func json(_ value: JSONValue) -> String { String(decoding: value.compact, as: UTF8.self) }

private func store(_ name: UnsafePointer<CChar>?) throws -> LightStore {
    guard let store = LightStore(rawValue: try ForeignText(name).required()) else {
        throw LightError(
            .invalidArgument, "There is no such store: \(LightStore.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    return store
}

// MARK: Contexts

@_cdecl("mesh_open")
public func meshOpen(
    _ home: UnsafePointer<CChar>?, _ keyStore: UnsafePointer<CChar>?, _ portal: UnsafePointer<CChar>?,
    _ passphrase: UnsafePointer<CChar>?, _ handle: UnsafeMutablePointer<UInt64>?
) -> Int32 {
    do {
        guard let handle else { throw LightError(.invalidArgument, "There is no place for the context.") }
        handle.pointee = 0
        let (home, keyStore) = (try ForeignText(home).optional(), try ForeignText(keyStore).optional())
        let (portal, passphrase) = (try ForeignText(portal).optional(), try ForeignText(passphrase).secret())
        let context = try blocking {
            try await openLight(home: home, keyStore: keyStore, portal: portal, passphrase: passphrase)
        }
        guard let number = ContextTable.shared.insert(context) else {
            throw LightError(.tooManyHandles, "\(ContextTable.maximum) contexts are open already.")
        }
        handle.pointee = number
        return LightCode.ok.rawValue
    } catch {
        ContextTable.shared.lastError = words(error)
        return LightCode(error).rawValue
    }
}

@_cdecl("mesh_close")
public func meshClose(_ handle: UInt64) -> Int32 {
    ContextTable.shared.remove(handle) ? LightCode.ok.rawValue : noSuchHandle()
}

@_cdecl("mesh_last_error")
public func meshLastError(
    _ handle: UInt64, _ room: UnsafeMutablePointer<CChar>?, _ size: Int, _ needed: UnsafeMutablePointer<Int>?
) -> Int32 {
    let message: String
    if handle == 0 {
        message = ContextTable.shared.lastError
    } else {
        guard let open = ContextTable.shared[handle] else { return LightCode.invalidHandle.rawValue }
        message = open.lastError
    }
    do {
        let buffer = ForeignBuffer(room, size, needed)
        try buffer.clear()
        try buffer.give(message)
        return LightCode.ok.rawValue
    } catch {
        return LightCode(error).rawValue
    }
}

// MARK: Devices

@_cdecl("mesh_create_device")
public func meshCreateDevice(_ handle: UInt64, _ name: UnsafePointer<CChar>?) -> Int32 {
    calling(handle) { context in
        let name = try ForeignText(name).optional()
        try blocking { _ = try await createDevice(context, name: name) }
        return .ok
    }
}

@_cdecl("mesh_get_device")
public func meshGetDevice(
    _ handle: UInt64, _ room: UnsafeMutablePointer<CChar>?, _ size: Int, _ needed: UnsafeMutablePointer<Int>?
) -> Int32 {
    calling(handle) { context in
        let buffer = ForeignBuffer(room, size, needed)
        try buffer.clear()
        try buffer.give(try blocking { try await device(context).text })
        return .ok
    }
}

@_cdecl("mesh_request_connection")
public func meshRequestConnection(
    _ handle: UInt64, _ account: UnsafePointer<CChar>?, _ expected: UnsafePointer<CChar>?,
    _ pin: UnsafePointer<CChar>?
) -> Int32 {
    calling(handle) { context in
        let account = try ForeignText(account).required()
        let expected = try ForeignText(expected).optional().map { text in
            guard let fingerprint = UDF(text) else { throw LightError(.invalidArgument, "The fingerprint is none.") }
            return fingerprint
        }
        let pin = try ForeignText(pin).secret()
        try blocking { _ = try await requestConnection(context, to: account, expecting: expected, pin: pin) }
        return .ok
    }
}

@_cdecl("mesh_get_witness")
public func meshGetWitness(
    _ handle: UInt64, _ account: UnsafePointer<CChar>?, _ room: UnsafeMutablePointer<CChar>?, _ size: Int,
    _ needed: UnsafeMutablePointer<Int>?
) -> Int32 {
    calling(handle) { context in
        let buffer = ForeignBuffer(room, size, needed)
        try buffer.clear()
        let account = try ForeignText(account).required()
        try buffer.give(try blocking { try await connectionWitness(context, to: account) })
        return .ok
    }
}

@_cdecl("mesh_poll_connection")
public func meshPollConnection(_ handle: UInt64, _ account: UnsafePointer<CChar>?) -> Int32 {
    calling(handle) { context in
        let account = try ForeignText(account).required()
        return try blocking { try await pollConnection(context, to: account) } ? .ok : .pending
    }
}

@_cdecl("mesh_wait_connection")
public func meshWaitConnection(_ handle: UInt64, _ account: UnsafePointer<CChar>?, _ seconds: UInt32) -> Int32 {
    calling(handle) { context in
        let account = try ForeignText(account).required()
        try blocking { try await waitForConnection(context, to: account, timeout: .seconds(Int64(seconds))) }
        return .ok
    }
}

@_cdecl("mesh_abandon_connection")
public func meshAbandonConnection(_ handle: UInt64, _ account: UnsafePointer<CChar>?) -> Int32 {
    calling(handle) { context in
        let account = try ForeignText(account).required()
        try blocking { try await abandonConnection(context, to: account) }
        return .ok
    }
}

// MARK: The profile

@_cdecl("mesh_get_profile")
public func meshGetProfile(
    _ handle: UInt64, _ room: UnsafeMutablePointer<CChar>?, _ size: Int, _ needed: UnsafeMutablePointer<Int>?
) -> Int32 {
    calling(handle) { context in
        let buffer = ForeignBuffer(room, size, needed)
        try buffer.clear()
        let profile = try blocking { try await personalProfile(context) }
        try buffer.give(
            json([
                "Udf": .string(profile.udf), "Accounts": .array(profile.accounts.map { .string($0) }),
                "Device": .string(profile.device), "Rights": .array(profile.rights.map { .string($0) }),
            ]))
        return .ok
    }
}

@_cdecl("mesh_sync")
public func meshSync(_ handle: UInt64, _ conflicts: UnsafeMutablePointer<Int>?) -> Int32 {
    calling(handle) { context in
        conflicts?.pointee = 0
        let count = try blocking { try await synchronize(context) }
        conflicts?.pointee = count
        return .ok
    }
}

// MARK: Entries

@_cdecl("mesh_list_keys")
public func meshListKeys(
    _ handle: UInt64, _ name: UnsafePointer<CChar>?, _ room: UnsafeMutablePointer<CChar>?, _ size: Int,
    _ needed: UnsafeMutablePointer<Int>?
) -> Int32 {
    calling(handle) { context in
        let buffer = ForeignBuffer(room, size, needed)
        try buffer.clear()
        let store = try store(name)
        let keys = try blocking { try await entryKeys(context, in: store) }
        try buffer.give(json(.array(keys.map { .string($0) })))
        return .ok
    }
}

@_cdecl("mesh_get_entry")
public func meshGetEntry(
    _ handle: UInt64, _ name: UnsafePointer<CChar>?, _ key: UnsafePointer<CChar>?,
    _ content: UnsafeMutablePointer<CChar>?, _ contentSize: Int, _ contentNeeded: UnsafeMutablePointer<Int>?,
    _ version: UnsafeMutablePointer<CChar>?, _ versionSize: Int, _ versionNeeded: UnsafeMutablePointer<Int>?
) -> Int32 {
    calling(handle) { context in
        let rooms = try ForeignRooms(
            ForeignBuffer(content, contentSize, contentNeeded), ForeignBuffer(version, versionSize, versionNeeded))
        let (store, key) = (try store(name), try ForeignText(key).required())
        var found = try blocking { try await entry(context, in: store, key: key) }
        defer { wipe(&found.content) }
        try rooms.put(found.content, found.version)
        return .ok
    }
}

@_cdecl("mesh_update_entry")
public func meshUpdateEntry(
    _ handle: UInt64, _ name: UnsafePointer<CChar>?, _ content: UnsafePointer<CChar>?,
    _ version: UnsafePointer<CChar>?
) -> Int32 {
    calling(handle) { context in
        let store = try store(name)
        let base = try ForeignText(version).base()
        let secret = try ForeignText(content).content()
        try blocking {
            var octets = secret.bytes.withUnsafeBytes { Array($0) }
            defer { wipe(&octets) }
            _ = try await updateEntry(context, in: store, octets, base: base)
        }
        return .ok
    }
}

@_cdecl("mesh_remove_entry")
public func meshRemoveEntry(
    _ handle: UInt64, _ name: UnsafePointer<CChar>?, _ key: UnsafePointer<CChar>?, _ version: UnsafePointer<CChar>?
) -> Int32 {
    calling(handle) { context in
        let (store, key) = (try store(name), try ForeignText(key).required())
        let version = try ForeignText(version).optional()
        try blocking { try await removeEntry(context, in: store, key: key, version: version) }
        return .ok
    }
}

/// Overwrites octets that nobody else holds.
func wipe(_ octets: inout [UInt8]) {
    octets.withUnsafeMutableBytes { octets in
        if let start = octets.baseAddress { explicit_bzero(start, octets.count) }
    }
}
