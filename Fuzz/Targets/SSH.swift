import MeshCore
import MeshSSH

extension FuzzTarget {
    /// What clients of an agent say, and what is in files of the person's.
    static let ssh = [
        FuzzTarget("ssh-agent") { input in
            var stream = SSHAgentStream()
            stream.append(input)
            var count = 0
            while let message = try? stream.next() {
                count += 4 + message.count
                require(
                    SSHAgentStream.framed(message) == Array(input[(count - 4 - message.count)..<count]),
                    "a message is cut elsewhere")
                guard case .sign(let wire, let data, let flags) = SSHAgentRequest(message) else { continue }
                let number = (0..<4).map { UInt8(truncatingIfNeeded: flags >> (24 - 8 * $0)) }
                require(
                    [13] + SSHAgentStream.framed(wire) + SSHAgentStream.framed(data) + number == message,
                    "a request to sign reads as another")
            }
            require(count + stream.count == input.count, "octets are lost")
        },
        FuzzTarget("ssh-files") { input in
            for host in (try? KnownHost.read(input)) ?? [] {
                guard let again = KnownHost(host.line) else {
                    return require(false, "a line that was read does not read")
                }
                require(
                    again.hosts == host.hosts && again.key == host.key && again.marker == host.marker,
                    "a known host reads as another")
                _ = host.matches("host.example.com")
                require(host.separated.allSatisfy { $0.key == host.key }, "a host has another key by itself")
            }
            for key in (try? AuthorizedKey.read(input)) ?? [] {
                guard let again = AuthorizedKey(key.line) else {
                    return require(false, "a line that was read does not read")
                }
                require(again.options == key.options && again.key == key.key, "an authorized key reads as another")
            }
            let block = KeptBlock("MAAA-BBBB")
            guard let theirs = try? block.merged([], into: input),
                let file = try? block.merged(["a", "b"], into: theirs)
            else { return }
            require((try? block.lines(in: file)) == ["a", "b"], "lines that were put in are others")
            require((try? block.merged(["a", "b"], into: file)) == file, "the same again changes something")
            let without = try? block.merged([], into: file)
            require(without == theirs || without == theirs + [0x0A], "something else was changed")
        },
    ]
}
