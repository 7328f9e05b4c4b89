import ArgumentParser
import Foundation
import MeshVectors

@main
struct MeshVectorsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mesh-vectors", abstract: "Checks this package against files of test vectors.",
        subcommands: [Check.self])
}

/// Runs every case of the files.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs every case of the files and prints the ones that fail.",
        discussion: """
            The last line is always `N passed, N failed, N skipped`. Kinds, forms, methods and members that are not \
            known are failures; nothing is skipped today.

            Exit status: 0 when every case passed, 1 when one failed, 2 when a file cannot be read or is not a file of \
            vectors, 64 for a mistake in the arguments.
            """)

    @Argument(help: "The files to check.", completion: .file(extensions: ["json"]))
    var files: [String]

    @Flag(name: .long, help: "Print the cases that pass, too.")
    var verbose = false

    func run() throws {
        var passed = 0
        var failed = 0
        var unreadable = false
        for path in files {
            let file: VectorFile
            do {
                file = try VectorFile(path: path)
            } catch {
                FileHandle.standardError.write(Data("mesh-vectors: \(error)\n".utf8))
                unreadable = true
                continue
            }
            for vector in file.cases {
                let result = VectorChecker.check(vector)
                if result.passed { passed += 1 } else { failed += 1 }
                if verbose || !result.passed { print(files.count > 1 ? "\(path): \(result.line)" : result.line) }
            }
        }
        print("\(passed) passed, \(failed) failed, 0 skipped")
        if unreadable { throw ExitCode(2) }
        if failed > 0 { throw ExitCode(1) }
    }
}
