import MeshCore
import MeshEncoding
import MeshPlatforms
import MeshSessions

/// What an operation changed, for a program.
func json(_ changes: SessionChanges) -> JSONValue {
    .array(
        changes.list.map { change in
            [
                "subject": .string(change.subject.rawValue), "effect": .string(change.effect.rawValue),
                "name": .string(change.name),
            ]
        })
}

extension Console {
    /// Prints what an operation changed: one thing a line, or as JSON.
    func print(_ changes: SessionChanges, asJSON: Bool) {
        if asJSON {
            print(["changes": json(changes)])
        } else if changes.isEmpty {
            printError("Nothing had to be changed.")
        } else {
            for change in changes.list { print(change.description) }
        }
    }
}
