//! Numbers, names and times in the words people use; pure, the present is an argument.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// A number of bytes as people read it: `0 bytes`, `1 byte`, `4.2 MB` (powers of 1000, as file managers show).
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return count(bytes, "byte", "bytes");
    }
    let mut value = bytes as f64;
    let mut chosen = "bytes";
    for unit in UNITS {
        value /= 1000.0;
        chosen = unit;
        // 999.95 and above would print as `1000`.
        if value < 999.5 {
            break;
        }
    }
    if value < 9.95 { format!("{value:.1} {chosen}") } else { format!("{value:.0} {chosen}") }
}

/// A whole number with thin groups of three: `1 234 567`, the separator a narrow no-break space (ISO 80000-1).
pub fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3 * 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
}

/// A sentence with what somebody named in quotation marks: messages set it in backticks, as the command line shows them.
pub fn said(sentence: &str) -> String {
    let ticks = sentence.matches('`').count();
    // An odd one is part of a name, and nobody knows of which.
    if ticks == 0 || ticks % 2 == 1 {
        return sentence.to_owned();
    }
    let mut quoted = String::with_capacity(sentence.len() + 2 * ticks);
    for (index, piece) in sentence.split('`').enumerate() {
        match index {
            0 => {}
            odd if odd % 2 == 1 => quoted.push('“'),
            _ => quoted.push('”'),
        }
        quoted.push_str(piece);
    }
    quoted
}

/// A counted thing: `1 person`, `12 people`, `no people` is left to the page.
pub fn count(value: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(value), if value == 1 { one } else { many })
}

/// A share in whole percent, never rounded up to 100 or down to 0 while something is missing or there; `–` of nothing.
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let exact = (u128::from(part) * 200 / u128::from(whole)).div_ceil(2);
    let shown = match (part, exact) {
        (0, _) => 0,
        (_, 0) => 1,
        (p, e) if p < whole && e >= 100 => 99,
        (_, e) => e,
    };
    format!("{shown}\u{202f}%")
}

/// Up to two letters that stand for a person: of the first and the last word; `?` for a name without letters.
pub fn initials(name: &str) -> String {
    let mut letters = name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let first = letters.next();
    let last = letters.next_back();
    let text: String = first.into_iter().chain(last).flat_map(char::to_uppercase).collect();
    if text.is_empty() { "?".to_owned() } else { text }
}

/// The instant as the house writes it, in `zone`: `3 Mar 2026, 14:05 CET`.
pub fn moment(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%-d %b %Y, %H:%M %Z").to_string()
}

/// The day as the house writes it: `3 Mar 2026`.
pub fn day(date: Date) -> String {
    date.strftime("%-d %b %Y").to_string()
}

/// How far `at` is from `now`, rounded down to the largest fitting unit: `just now`, `in 3 days`, `2 hours ago`.
pub fn relative(at: Timestamp, now: Timestamp) -> String {
    let seconds = at.as_second().saturating_sub(now.as_second());
    let distance = seconds.unsigned_abs();
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let words = match distance {
        0..MINUTE => return "just now".to_owned(),
        MINUTE..HOUR => count(distance / MINUTE, "minute", "minutes"),
        HOUR..DAY => count(distance / HOUR, "hour", "hours"),
        _ => days_in_words(distance / DAY),
    };
    around(&words, seconds > 0)
}

/// How far `date` is from `today`: `today`, `tomorrow`, `yesterday`, `in 3 days`, `2 months ago`.
pub fn relative_day(date: Date, today: Date) -> String {
    let days = date.duration_since(today).as_hours() / 24;
    match days {
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        -1 => "yesterday".to_owned(),
        _ => around(&days_in_words(days.unsigned_abs()), days > 0),
    }
}

/// The first `limit` characters of a text, with `…` where something was left out.
pub fn shorten(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(limit.saturating_sub(1)).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

fn days_in_words(days: u64) -> String {
    match days {
        0..60 => count(days, "day", "days"),
        60..730 => count(days * 100 / 3044, "month", "months"),
        _ => count(days * 100 / 36525, "year", "years"),
    }
}

fn around(words: &str, ahead: bool) -> String {
    if ahead { format!("in {words}") } else { format!("{words} ago") }
}

#[cfg(test)]
mod tests;
