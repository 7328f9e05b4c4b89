import MeshCore
import MeshPlatforms
import MeshRegistry
import MeshTestSupport
import Testing

@Suite struct RegistryExportTests {
    static let sample = """
        Windows Registry Editor Version 5.00

        ; a comment
        [HKEY_CURRENT_USER\\SOFTWARE\\MathematicalMesh]

        [HKEY_CURRENT_USER\\SOFTWARE\\MathematicalMesh\\Accounts]
        @="Alice@Example.com"
        "Alice@Example.com"="MAAAA-BBBBB"

        [HKEY_CURRENT_USER\\Software\\MathematicalMesh\\PersonalProfiles]
        @="MAAAA-BBBBB"
        "MCCCC-DDDDD"="C:\\\\Users\\\\a\\\\c.mmmp"

        [HKEY_CURRENT_USER\\SOFTWARE\\MathematicalMesh\\PersonalProfiles\\MAAAA-BBBBB]
        @="C:\\\\Users\\\\a\\\\a.mmmp"
        "Archive"="TBS"
        "Portals"=hex(7):62,00,40,00,78,00,00,00,\\
          61,00,40,00,78,00,00,00,00,00
        "SSH"="MEEEE-FFFFF"

        [HKEY_CURRENT_USER\\SOFTWARE\\MathematicalMesh\\ApplicationProfiles]
        "SSH"="MEEEE-FFFFF"
        "MEEEE-FFFFF"="C:\\\\Users\\\\a\\\\e.mmma"

        [HKEY_CURRENT_USER\\SOFTWARE\\MathematicalMesh\\ThisDevice]
        @="MGGGG-HHHHH"
        "MGGGG-HHHHH"="C:\\\\Users\\\\a\\\\g.mmmd"

        [HKEY_CURRENT_USER\\SOFTWARE\\CryptoMesh\\Accounts]
        "t@x"="MTTTT"
        "Odd"=dword:0000001f

        [HKEY_CURRENT_USER\\SOFTWARE\\Other]
        "x"="y"
        """

    static func map(_ path: String) -> String? {
        path.split(separator: "\\").last.map { "profiles/\($0)" }
    }

    @Test(
        arguments: [RegistryExport.Value](
            [
                .string(""), .string("a\"b\\c\nd é 😀"), .string("a\0b"), .expandableString("%HOME%"), .strings([]),
                .strings(["b", "a"]), .strings(["", "x"]), .dword(0), .dword(.max), .qword(1 << 63), .binary([]),
                .binary((0..<100).map { UInt8($0) }), .other(0, [1]), .other(0xFFFF_FFFF, []),
            ]))
    func `Every value is written and read`(value: RegistryExport.Value) throws {
        let export = RegistryExport([
            .init(["HKEY_CURRENT_USER", "a ]b["], [.init(nil, value), .init("q\"\\=;", value)]), .init(["HKCU"]),
        ])
        #expect(try RegistryExport(parsing: export.octets) == export)
    }

    @Test func `A hive becomes the tree of this package, and back`() async throws {
        let export = try RegistryExport(parsing: Array(Self.sample.utf8))
        let hives = WindowsHive.hives(in: export, mapPath: Self.map)
        #expect(hives.map(\.name) == ["MathematicalMesh", "CryptoMesh"])
        #expect(hives.map(\.isTest) == [false, true])
        #expect(hives[0].leftOut.count == 1)
        #expect(hives[1].leftOut.count == 1)
        #expect(hives[1].leftOut[0].hasPrefix("Accounts\\Odd"))
        let scratch = try Scratch()
        let registry = FileConformanceTests.registry(scratch)
        try await registry.modify { try hives[0].write(to: &$0) }
        let path = RegistryPath(literal: "PersonalProfiles/Entries/MAAAA-BBBBB")
        #expect(try await registry.string(nil, at: RegistryPath(literal: "Accounts")) == "alice@example.com")
        #expect(try await registry.string("File", at: path) == "profiles/a.mmmp")
        #expect(try await registry.read { try $0.value("Portals", at: path) } == .strings(["b@x", "a@x"]))
        #expect(try await registry.string("SSH", at: path.appending("Defaults")) == "MEEEE-FFFFF")
        #expect(try await registry.string(nil, at: RegistryPath(literal: "DeviceProfiles")) == "MGGGG-HHHHH")
        #expect(
            try await registry.string("SSH", at: RegistryPath(literal: "ApplicationProfiles/Defaults")) == "MEEEE-FFFFF"
        )
        let back = try await registry.read {
            try WindowsHive.export($0, as: "MathematicalMesh", mapPath: { "C:\\\($0)" })
        }
        let again = WindowsHive.hives(in: try RegistryExport(parsing: back.octets)) {
            $0.hasPrefix("C:\\") ? String($0.dropFirst(3)) : nil
        }
        #expect(again.first?.leftOut == [])
        let one = Set((again.first?.entries ?? []).map { "\($0)" })
        #expect(one == Set(hives[0].entries.map { "\($0)" }))
    }

    @Test func `Whether CryptoMesh is a test is only known beside MathematicalMesh`() throws {
        func isTest(_ name: String) throws -> Bool? {
            let text = "REGEDIT4\n[HKEY_CURRENT_USER\\Software\\\(name)]\n"
            return try #require(
                WindowsHive.hives(in: try RegistryExport(parsing: Array(text.utf8)), mapPath: { $0 }).first
            ).isTest
        }
        #expect(try isTest("CryptoMesh") == nil)
        #expect(try isTest("CryptoMeshTest") == true)
        #expect(try isTest("MathematicalMesh") == false)
    }

    static let start = "Windows Registry Editor Version 5.00\n[HKCU]\n"
    static let hostile: [(String, RegistryExportError.Code)] = [
        ("", .signature), ("Windows Registry Editor Version 6.00\n", .signature), ("[HKCU]\n", .signature),
        ("REGEDIT4\n\"a\"=\"b\"", .syntax), (start + "\"a", .syntax), (start + "\"a\"", .syntax),
        (start + "\"a\"=", .syntax),
        (start + "\"a\"=\"b", .syntax), (start + "\"a\"=\"b\"c", .syntax), (start + "\"a\"=\"\\x\"", .syntax),
        (start + "\"a\"=b", .syntax), (start + "\"a\"=foo:1", .syntax), (start + "\"a\"=dword:", .value),
        (start + "\"a\"=dword:123456789", .value), (start + "\"a\"=dword:+1", .value), (start + "\"a\"=hex:1,", .value),
        (start + "\"a\"=hex:123", .value), (start + "\"a\"=hex:-1", .value), (start + "\"a\"=hex(b):00", .value),
        (start + "\"a\"=hex(4):00", .value), (start + "\"a\"=hex(7):00", .value),
        (start + "\"a\"=hex(1):00,d8", .value),
        (start + "\"a\"=hex(100000000):00", .syntax), (start + "\"a\"=hex():00", .syntax),
        (start + "\"a\"=-", .deletion),
        (start + "[-HKCU\\a]", .deletion), (start + "[HKCU\\\\a]", .syntax), (start + "[]", .syntax),
        (start + "[HKCU", .syntax),
        (start + "\"a\"=\"1\"\n\"A\"=\"2\"", .duplicate), (start + "@=\"1\"\n@=\"2\"", .duplicate),
        (start + "[hkcu]", .duplicate), (start + "garbage", .syntax), (start + "\"a\"=hex:01,\\", .value),
    ]

    @Test(arguments: hostile)
    func `What no export has is refused, with the line`(text: String, code: RegistryExportError.Code) {
        let error = #expect(throws: RegistryExportError.self) { try RegistryExport(parsing: Array(text.utf8)) }
        #expect(error?.code == code)
        #expect((error?.line ?? 0) >= 1)
    }

    @Test(
        arguments: [[0xFF, 0xFE, 0x41], [0xFF, 0xFE, 0x00, 0xD8], [0xC3, 0x28], [0xFE, 0xFF, 0x00, 0x41]] as [[UInt8]])
    func `What is not text is refused`(octets: [UInt8]) {
        #expect(throws: RegistryExportError(.encoding, line: nil, "")) { try RegistryExport(parsing: octets) }
    }

    @Test func `Every cut of a file is read or refused, and never more`() {
        let octets = Array(Self.sample.utf8)
        for count in 0..<octets.count { _ = try? RegistryExport(parsing: Array(octets[..<count])) }
    }

    /// A quote with an accent after it is a quote all the same, and must not end the text.
    @Test func `Accents after quotes and backslashes change nothing`() throws {
        let text = "a\\\u{343}b\"\u{301}\r\n\"x\"=\"y"
        let export = RegistryExport([RegistryExport.Key(["HKEY_CURRENT_USER", "A"], [.init(text, .string(text))])])
        let again = try RegistryExport(parsing: export.octets)
        #expect(again == export)
        #expect(again.keys[0].values.count == 1)
    }
}
