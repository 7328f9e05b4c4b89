/// What the disk of the files is like: the other figures mean little without it. A slow synchronization hides what is done
/// around it, and makes sharing one pay; beside a fast one everything shows.
enum Disk {
    /// Prints `disk`, then the median, the 10th and the 90th of 100 of the time of one write and synchronization, in
    /// microseconds.
    static func measure(_ place: Place, _ when: String) throws {
        let file = try RawFile("\(place.path)/raw-disk-\(when)")
        var times: [Double] = []
        for _ in 0..<300 {
            times.append(try AppendBenchmark.time { try file.append(AppendBenchmark.frame, durably: true) })
        }
        let figures = [0.5, 0.1, 0.9].map { "\(times.quantile($0).rounded())" }.joined(separator: " ")
        print("disk-synchronization-\(when) \(figures)")
    }
}
