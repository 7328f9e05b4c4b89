import MeshCore
internal import MeshEncoding
internal import MeshProfiles

// What applications of their own kind keep: functions of `meshlight.h`, which says what they do.

/// The application that is named, with the rights by which its values are read and written.
private func application(
    _ name: UnsafePointer<CChar>?, _ readers: UnsafePointer<CChar>?, _ writers: UnsafePointer<CChar>?
) throws -> LightApplication {
    LightApplication(
        try ForeignText(name).required(),
        readers: try ForeignText(readers).optional() ?? Right.member.rawValue,
        writers: try ForeignText(writers).optional())
}

@_cdecl("mesh_list_values")
public func meshListValues(
    _ handle: UInt64, _ name: UnsafePointer<CChar>?, _ readers: UnsafePointer<CChar>?,
    _ writers: UnsafePointer<CChar>?, _ room: UnsafeMutablePointer<CChar>?, _ size: Int,
    _ needed: UnsafeMutablePointer<Int>?
) -> Int32 {
    calling(handle) { context in
        let buffer = ForeignBuffer(room, size, needed)
        try buffer.clear()
        let application = try application(name, readers, writers)
        let keys = try blocking { try await valueKeys(context, in: application) }
        try buffer.give(json(.array(keys.map { .string($0) })))
        return .ok
    }
}

@_cdecl("mesh_get_value")
public func meshGetValue(
    _ handle: UInt64, _ name: UnsafePointer<CChar>?, _ readers: UnsafePointer<CChar>?,
    _ writers: UnsafePointer<CChar>?, _ key: UnsafePointer<CChar>?, _ content: UnsafeMutablePointer<CChar>?,
    _ contentSize: Int, _ contentNeeded: UnsafeMutablePointer<Int>?, _ version: UnsafeMutablePointer<CChar>?,
    _ versionSize: Int, _ versionNeeded: UnsafeMutablePointer<Int>?
) -> Int32 {
    calling(handle) { context in
        let rooms = try ForeignRooms(
            ForeignBuffer(content, contentSize, contentNeeded), ForeignBuffer(version, versionSize, versionNeeded))
        let (application, key) = (try application(name, readers, writers), try ForeignText(key).required())
        var found = try blocking { try await value(context, in: application, key: key) }
        defer { wipe(&found.content) }
        try rooms.put(found.content, found.version)
        return .ok
    }
}

@_cdecl("mesh_put_value")
public func meshPutValue(
    _ handle: UInt64, _ name: UnsafePointer<CChar>?, _ readers: UnsafePointer<CChar>?,
    _ writers: UnsafePointer<CChar>?, _ key: UnsafePointer<CChar>?, _ content: UnsafePointer<CChar>?,
    _ version: UnsafePointer<CChar>?
) -> Int32 {
    calling(handle) { context in
        let (application, key) = (try application(name, readers, writers), try ForeignText(key).required())
        let base = try ForeignText(version).base()
        let secret = try ForeignText(content).content()
        try blocking {
            var octets = secret.bytes.withUnsafeBytes { Array($0) }
            defer { wipe(&octets) }
            _ = try await putValue(context, in: application, key: key, octets, base: base)
        }
        return .ok
    }
}

@_cdecl("mesh_remove_value")
public func meshRemoveValue(
    _ handle: UInt64, _ name: UnsafePointer<CChar>?, _ readers: UnsafePointer<CChar>?,
    _ writers: UnsafePointer<CChar>?, _ key: UnsafePointer<CChar>?, _ version: UnsafePointer<CChar>?
) -> Int32 {
    calling(handle) { context in
        let (application, key) = (try application(name, readers, writers), try ForeignText(key).required())
        let version = try ForeignText(version).optional()
        try blocking { try await removeValue(context, in: application, key: key, version: version) }
        return .ok
    }
}
