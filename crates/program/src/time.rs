//! Instants and dates, and how people write them.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, Sub};

/// One minute in milliseconds.
pub const MINUTE: i64 = 60_000;
/// One hour in milliseconds.
pub const HOUR: i64 = 60 * MINUTE;
/// Twenty-four hours in milliseconds.
pub const DAY: i64 = 24 * HOUR;

/// An instant: milliseconds since 1 January 1970 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub i64);

/// A date or time that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a date: write it as 2026-03-31, or with a time as 2026-03-31T17:00+01:00")]
pub struct TimeError(String);

impl Time {
    /// The last instant that can be written with a four-digit year: a bound for arithmetic on input.
    pub const LATEST: Time = Time(253_402_300_799_999);

    /// This instant in RFC 3339, UTC, to the millisecond.
    #[must_use]
    pub fn rfc3339(self) -> String {
        self.zoned("UTC")
            .map_or_else(|| self.0.to_string(), |z| z.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
    }

    /// For people: `3 Mar 2026, 14:05 CET`, in the named time zone (UTC where it is unknown).
    #[must_use]
    pub fn for_people(self, zone: &str) -> String {
        self.strftime(zone, "%-d %b %Y, %H:%M %Z")
    }

    /// For people, the day alone: `3 Mar 2026`.
    #[must_use]
    pub fn day_for_people(self, zone: &str) -> String {
        self.strftime(zone, "%-d %b %Y")
    }

    /// The date in the named time zone, as `2026-03-31`.
    #[must_use]
    pub fn date(self, zone: &str) -> String {
        self.strftime(zone, "%Y-%m-%d")
    }

    fn strftime(self, zone: &str, format: &str) -> String {
        self.zoned(zone).map_or_else(|| self.0.to_string(), |z| z.strftime(format).to_string())
    }

    fn zoned(self, zone: &str) -> Option<jiff::Zoned> {
        let instant = jiff::Timestamp::from_millisecond(self.0).ok()?;
        let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
        Some(instant.to_zoned(zone))
    }

    /// Reads `2026-03-31T17:00+01:00` (any RFC 3339 instant).
    ///
    /// # Errors
    /// The text is not an instant.
    pub fn parse(text: &str) -> Result<Time, TimeError> {
        let text = text.trim();
        text.parse::<jiff::Timestamp>()
            .map(|t| Time(t.as_millisecond()))
            .map_err(|_| TimeError(text.to_owned()))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

impl Add<i64> for Time {
    type Output = Time;
    /// Saturates: a far date on input must not wrap round to the past.
    fn add(self, milliseconds: i64) -> Time {
        Time(self.0.saturating_add(milliseconds).min(Time::LATEST.0))
    }
}

impl Sub for Time {
    type Output = i64;
    fn sub(self, other: Time) -> i64 {
        self.0.saturating_sub(other.0)
    }
}

/// A calendar day, as it is written in a contract: `2026-03-31`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(jiff::civil::Date);

impl Date {
    /// Reads `2026-03-31`.
    ///
    /// # Errors
    /// The text is not a day of the years 1900 to 9998.
    pub fn parse(text: &str) -> Result<Date, TimeError> {
        let text = text.trim();
        let date = text.parse::<jiff::civil::Date>().map_err(|_| TimeError(text.to_owned()))?;
        if text.len() == 10 && (1900..=9998).contains(&date.year()) {
            Ok(Date(date))
        } else {
            Err(TimeError(text.to_owned()))
        }
    }

    /// The first instant of this day in the named zone.
    #[must_use]
    pub fn start(self, zone: &str) -> Time {
        let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
        self.0.to_zoned(zone).map_or(Time::LATEST, |z| Time(z.timestamp().as_millisecond()))
    }

    /// The first instant after this day: a contract that ends "on 31 March" holds until then.
    #[must_use]
    pub fn end(self, zone: &str) -> Time {
        self.0.tomorrow().map_or(Time::LATEST, |next| Date(next).start(zone))
    }
}
