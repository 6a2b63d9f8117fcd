//! The value of a field in words, for those who read the record and not the format.

use crate::Time;
use serde_json::Value;
use std::collections::BTreeMap;

/// The longest text without a space that is told whole: a digest fits, a certificate does not.
const LONGEST_WORD: usize = 100;
/// The longest line on which the parts of a value stand together.
const LINE: usize = 80;
/// The names under which events hold moments, in milliseconds since 1970.
const MOMENTS: [&str; 17] = [
    "as_of",
    "at",
    "clock",
    "due",
    "ends",
    "fetched",
    "issued",
    "made",
    "next",
    "review",
    "second_factor_at",
    "signed_on",
    "since",
    "starts",
    "time",
    "until",
    "valid_until",
];

/// A value in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The words; lines are ended by `\n`, and what belongs to the line before is set in by four spaces.
    pub words: String,
    /// Whether something that nobody reads, such as a certificate, was cut short.
    pub shortened: bool,
}

/// Tells the value of a field: text as it is, moments as `moment` writes them, lists with commas, and what has parts one part a line
/// where it does not fit one.
pub fn told(name: &str, value: &Value, moment: &dyn Fn(Time) -> String) -> Told {
    let mut teller = Teller { moment, shortened: false };
    let words = teller.words(name, value, 0);
    Told { words, shortened: teller.shortened }
}

struct Teller<'a> {
    moment: &'a dyn Fn(Time) -> String,
    shortened: bool,
}

impl Teller<'_> {
    fn words(&mut self, name: &str, value: &Value, depth: usize) -> String {
        let next_line = format!("\n{}", "    ".repeat(depth));
        match value {
            Value::Null => "–".to_owned(),
            Value::Bool(true) => "yes".to_owned(),
            Value::Bool(false) => "no".to_owned(),
            Value::Number(number) => match number.as_i64().filter(|_| MOMENTS.contains(&name)) {
                Some(moment) => (self.moment)(Time(moment)),
                None => number.to_string(),
            },
            Value::String(text) if text.contains("-----BEGIN ") => {
                self.shortened = true;
                let label = text.split("-----BEGIN ").nth(1).and_then(|rest| rest.split("-----").next());
                let (count, label) = (text.matches("-----BEGIN ").count(), label.unwrap_or_default());
                format!("{count} × {label}, as PEM ({} characters)", text.chars().count())
            }
            Value::String(text) => {
                let mut line =
                    |line: &str| line.split(' ').map(|word| self.short(word)).collect::<Vec<_>>().join(" ");
                text.split('\n').map(&mut line).collect::<Vec<_>>().join(&next_line)
            }
            Value::Array(items) if items.is_empty() => "none".to_owned(),
            Value::Array(items) => {
                let parted = items.iter().any(|item| item.is_object() || item.is_array());
                let items: Vec<String> = items.iter().map(|item| self.words(name, item, depth)).collect();
                items.join(if parted { &next_line } else { ", " })
            }
            Value::Object(parts) => {
                // In the order of their names: how an object keeps them is not the same in every build.
                let parts: BTreeMap<&String, &Value> = parts.iter().collect();
                let parts: Vec<(&String, String)> =
                    parts.into_iter().map(|(name, part)| (name, self.words(name, part, depth + 1))).collect();
                let line: Vec<String> = parts.iter().map(|(name, part)| format!("{name}: {part}")).collect();
                let line = line.join(", ");
                if !line.contains('\n') && line.chars().count() <= LINE {
                    return line;
                }
                let parts = parts.iter().map(|(name, part)| match part.contains('\n') {
                    true => format!("{name}:{next_line}    {part}"),
                    false => format!("{name}: {part}"),
                });
                parts.collect::<Vec<_>>().join(&next_line)
            }
        }
    }

    fn short(&mut self, word: &str) -> String {
        if word.chars().nth(LONGEST_WORD).is_none() {
            return word.to_owned();
        }
        self.shortened = true;
        let beginning: String = word.chars().take(32).collect();
        format!("{beginning}… ({} characters)", word.chars().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(name: &str, value: Value) -> Told {
        told(name, &value, &|moment| moment.for_people("Europe/Oslo"))
    }

    #[test]
    fn what_has_parts_is_told_part_by_part_and_what_nobody_reads_is_cut_short() {
        let stamp = json!([{
            "authority": "Zeitstempel AG",
            "time": 1_772_529_164_000_i64,
            "token": "A".repeat(1_700),
            "chain": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n".repeat(2),
            "revocation": [{ "digest": "0c".repeat(32), "held_by": 9, "fetched": 1_772_529_164_000_i64 }],
        }]);
        let Told { words, shortened } = of("stamps", stamp);
        for line in [
            "authority: Zeitstempel AG",
            "time: 3 Mar 2026, 10:12 CET",
            "token: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA… (1700 characters)",
            "fetched: 3 Mar 2026, 10:12 CET",
            "chain: 2 × CERTIFICATE, as PEM (118 characters)",
        ] {
            assert!(words.lines().any(|told| told.trim() == line), "{line} is not in:\n{words}");
        }
        assert!(words.contains(&"0c".repeat(32)), "a digest is whole: {words}");
        assert!(shortened);
    }

    #[test]
    fn what_fits_a_line_stands_on_one() {
        for (name, value, words) in [
            ("by", json!({ "via": { "way": "shell", "os_user": "root" } }), "via: os_user: root, way: shell"),
            ("size", json!(1_772_529_164_000_i64), "1772529164000"),
            ("failed", json!([["A", "did not answer"], ["B", "lied"]]), "A, did not answer\nB, lied"),
            ("roles", json!([]), "none"),
            ("ends", Value::Null, "–"),
            ("starts", json!(0), "1 Jan 1970, 01:00 CET"),
            ("opens", json!(true), "yes"),
        ] {
            assert_eq!(of(name, value), Told { words: words.to_owned(), shortened: false });
        }
    }
}
