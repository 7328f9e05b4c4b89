import MeshPlatforms
import Testing

/// The case of the error that `body` throws; nil if it throws none.
func code(_ body: () throws -> Void) -> PlatformError.Code? {
    do {
        try body()
        return nil
    } catch let error as PlatformError {
        return error.code
    } catch {
        Issue.record("not a platform error: \(error)")
        return nil
    }
}
