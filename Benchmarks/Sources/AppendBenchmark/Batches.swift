import MeshDARE

/// Many records together.
enum Batches {
    /// One synchronization for each batch.
    static func measure(_ place: Place) throws {
        let (raw, log) = (try RawFile("\(place.path)/raw-batches"), try place.log("batches"))
        for (size, rounds) in [(10, 400), (100, 300), (1_000, 100)] {
            let together = (0..<size).flatMap { _ in AppendBenchmark.frame }
            var (ours, baseline): ([Double], [Double]) = ([], [])
            for turn in 0..<rounds + 10 {
                let first = try AppendBenchmark.time { try log.add(size, .grouped) }
                let second = try AppendBenchmark.time { try raw.append(together, durably: true) }
                guard turn >= 10 else { continue }
                ours.append(first / Double(size))
                baseline.append(second / Double(size))
            }
            AppendBenchmark.report("append-batch-\(size)-raw", ours, baseline)
        }
    }

    /// Records one by one, none of them waiting for the disk: each written at once, and through a buffer. The baseline is a
    /// `write` each.
    static func measureBuffered(_ place: Place) throws {
        let (raw, log) = (try RawFile("\(place.path)/raw-buffered"), try place.log("buffered"))
        let buffered = try place.log("buffered-together").buffered()
        let count = 2_000
        var (ours, together, baseline): ([Double], [Double], [Double]) = ([], [], [])
        for _ in 0..<15 {
            ours.append(try AppendBenchmark.time { for _ in 0..<count { try log.add(1, .atClose) } } / Double(count))
            together.append(
                try AppendBenchmark.time {
                    for _ in 0..<count { try buffered.add([AppendBenchmark.record]) }
                    try buffered.flush()
                } / Double(count))
            baseline.append(
                try AppendBenchmark.time {
                    for _ in 0..<count { try raw.append(AppendBenchmark.frame, durably: false) }
                } / Double(count))
        }
        AppendBenchmark.report("append-at-close-raw", ours, baseline)
        AppendBenchmark.report("append-buffered-raw", together, baseline)
        try buffered.close()
    }
}
