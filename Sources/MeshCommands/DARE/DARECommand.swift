import ArgumentParser

struct DARECommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dare", abstract: "DARE envelopes, sequences and archives: what Mesh data are kept and sent in.",
        discussion: """
            FILE may be - for standard input, and OUT for standard output.

            Private keys are never arguments. They come out of the key store (those of your profile and of this device), or out \
            of a file that is yours alone (chmod 600): a JSON list of {"PrivateKeyECDH":{"crv":"X448","Private":"…"}}.
            """,
        subcommands: [
            DumpCommand.self, VerifyCommand.self, SealCommand.self, OpenCommand.self, ArchiveCommand.self,
            LogCommand.self,
        ])
}
