//! A past moment as people give it: a day and, where they know it, a time of day in the organisation's zone.
//!
//! What was recorded on that day, or in that minute, counts: a history shows minutes, and whoever types the one they read
//! there means what they read.

use jiff::civil;
use jiff::tz::TimeZone;
use program::{Date, Refusal, Time};

/// Reads a day and a time of day, `2026-03-03` and `14:05` or `14:05:30`: the last instant of what was said, and no later
/// than `now`. Without a day there is no moment.
///
/// # Errors
/// What was typed is no day or no time, or is still to come. The refusal names the field `as_of`.
pub(crate) fn read(day: &str, clock: &str, zone: &str, now: Time) -> Result<Option<Time>, Refusal> {
    let (day, clock) = (day.trim(), clock.trim());
    if day.is_empty() && clock.is_empty() {
        return Ok(None);
    }
    let date = Date::parse(day).map_err(|error| Refusal::input("as_of", error.to_string()))?;
    let (start, end) = if clock.is_empty() {
        (date.start(zone), date.end(zone))
    } else {
        let start = instant(day, clock, zone).ok_or_else(|| {
            Refusal::input("as_of", format!("`{clock}` is not a time of day")).remedy("write it as 14:05")
        })?;
        let seconds = if clock.matches(':').count() > 1 { 1 } else { 60 };
        (start, start + seconds * 1000)
    };
    if start > now {
        return Err(Refusal::input("as_of", "that moment is still to come"));
    }
    Ok(Some((end + -1).min(now)))
}

/// The first instant of that second or minute. Where the clocks were put back it came twice, and the first one counts.
fn instant(day: &str, clock: &str, zone: &str) -> Option<Time> {
    let day: civil::Date = day.parse().ok()?;
    let clock: civil::Time = clock.parse().ok()?;
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let zoned = day.to_datetime(clock).to_zoned(zone).ok()?;
    Some(Time(zoned.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONE: &str = "Europe/Oslo";

    fn at(day: &str, clock: &str) -> Option<String> {
        let now = Time::parse("2026-11-27T07:00:00Z").unwrap();
        read(day, clock, ZONE, now).unwrap().map(Time::rfc3339)
    }

    #[test]
    fn a_day_a_minute_and_a_second_count_to_their_end() {
        assert_eq!(at("2026-03-03", "").unwrap(), "2026-03-03T22:59:59.999Z");
        assert_eq!(at("2026-03-03", "14:05").unwrap(), "2026-03-03T13:05:59.999Z");
        assert_eq!(at("2026-03-03", "14:05:30").unwrap(), "2026-03-03T13:05:30.999Z");
        assert_eq!(at("", ""), None);
    }

    #[test]
    fn today_ends_now_and_tomorrow_is_refused() {
        assert_eq!(at("2026-11-27", "").unwrap(), "2026-11-27T07:00:00.000Z");
        let now = Time::parse("2026-11-27T07:00:00Z").unwrap();
        for (day, clock) in [
            ("2026-11-28", ""),
            ("2026-11-27", "08:01"),
            ("", "14:05"),
            ("3.3.2026", ""),
            ("2026-03-03", "2 pm"),
        ] {
            assert_eq!(read(day, clock, ZONE, now).unwrap_err().field, Some("as_of"), "{day} {clock}");
        }
    }

    #[test]
    fn where_the_clocks_were_put_back_the_first_of_two_counts() {
        assert_eq!(at("2026-10-25", "02:30").unwrap(), "2026-10-25T00:30:59.999Z");
        assert_eq!(at("2026-03-29", "02:30").unwrap(), "2026-03-29T01:30:59.999Z");
    }
}
