import MeshCore
import Testing

@Suite struct TimestampTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2000-02-29T23:59:59Z", 951_868_799), ("2020-01-01T00:00:00Z", 1_577_836_800),
        ("2038-01-19T03:14:08Z", 2_147_483_648), ("1969-12-31T23:59:59Z", -1),
        ("0001-01-01T00:00:00Z", -62_135_596_800),
        ("9999-12-31T23:59:59Z", 253_402_300_799),
    ])
    func knownMoments(text: String, seconds: Int) throws {
        let moment = try #require(Timestamp(text))
        #expect(moment.secondsSince1970 == Int64(seconds))
        #expect(moment.description == text)
    }

    @Test(arguments: [
        "", "2020-01-01", "2020-01-01T00:00:00", "2020-01-01T00:00:00+00:00", "2020-01-01 00:00:00Z",
        "2020-13-01T00:00:00Z", "2020-00-01T00:00:00Z", "2020-01-00T00:00:00Z", "2021-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z", "2020-04-31T00:00:00Z", "2020-01-01T24:00:00Z", "2020-01-01T00:60:00Z",
        "2020-01-01T00:00:60Z", "0000-01-01T00:00:00Z", "2020-01-01T00:00:0aZ", "２020-01-01T00:00Z",
    ])
    func badTextsAreRefused(text: String) { #expect(Timestamp(text) == nil) }

    @Test func everyDayRoundTrips() {
        // Every 9th day and some seconds from the year 1 to 9999.
        for seconds in stride(from: Int64(-62_135_596_800), through: 253_402_300_799, by: 86_400 * 9 + 3_661) {
            let moment = Timestamp(secondsSince1970: seconds)
            #expect(Timestamp(moment.description) == moment)
        }
    }

    @Test func momentsOutsideTheTextFormAreTheNearestInside() {
        #expect(Timestamp(secondsSince1970: .max).description == "9999-12-31T23:59:59Z")
        #expect(Timestamp(secondsSince1970: .min).description == "0001-01-01T00:00:00Z")
        #expect(Timestamp(secondsSince1970: 1) < Timestamp(secondsSince1970: 2))
    }

    @Test func aManualClockMovesOnlyWhenItIsMoved() {
        let clock = ManualClock()
        let start = clock.now
        #expect(clock.now == start)
        clock.advance(by: 60)
        #expect(clock.now.secondsSince1970 == start.secondsSince1970 + 60)
    }
}

@Suite struct RandomSourceTests {
    @Test func seededSourcesRepeatThemselves() {
        #expect(SeededRandomSource(seed: 1).bytes(100) == SeededRandomSource(seed: 1).bytes(100))
        #expect(SeededRandomSource(seed: 1).bytes(100) != SeededRandomSource(seed: 2).bytes(100))
    }

    @Test func theSystemFillsEveryLength() {
        for count in [0, 1, 255, 256, 257, 5000] {
            let octets = SystemRandomSource().bytes(count)
            #expect(octets.count == count)
            // The chance that the last 16 are all zero is 2^-128.
            if count >= 16 { #expect(octets.suffix(16).contains { $0 != 0 }) }
        }
    }
}
