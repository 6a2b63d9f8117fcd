//! What was found, in plain words for people who rely on it.

use std::fmt::Write;

use ledger::bundle::{Failure, Findings, Verdict};
use ledger::entry::time_text;
use serde_json::Value;

/// The report: one idea a line.
pub fn text(verdict: &Verdict, file: &str) -> String {
    let mut report = Report(String::new());
    match verdict {
        Verdict::Verified(found) => report.verified(found, file),
        Verdict::NotVerified(failure) => report.not_verified(failure, file),
        Verdict::Unreadable(failure) => report.unreadable(failure, file),
    }
    report.0
}

struct Report(String);

impl Report {
    fn line(&mut self, text: &str) {
        self.0.push_str(&printable(text));
        self.0.push('\n');
    }

    fn head(&mut self, text: &str) {
        self.0.push('\n');
        self.line(text);
    }

    fn point(&mut self, text: &str) {
        self.line(&format!("  - {text}"));
    }

    fn verified(&mut self, found: &Findings, file: &str) {
        self.line(&format!("VERIFIED: {file}"));
        self.head("What is proved");
        self.point(&format!("It comes from the record `{}`.", found.origin));
        self.point(&format!("The record had {} when it was signed.", count(found.size, "entry", "entries")));
        self.point(&format!("It was signed with the key {}", found.key));
        self.point(&match found.entries {
            1 => "It shows 1 of these entries.".to_owned(),
            entries => format!("It shows {} of these entries.", grouped(entries)),
        });
        self.point("Each stands in the record at its position, exactly as it is shown.");
        self.point(&if found.first == found.last {
            format!("The record gives {} as the time.", utc(&time_text(found.first)))
        } else {
            let (first, last) = (utc(&time_text(found.first)), utc(&time_text(found.last)));
            format!("The record gives times from {first} to {last}.")
        });
        self.point(&format!("Of what they say, {} shown, exactly as recorded.", are(found.fields, "field")));
        if found.withheld > 0 {
            self.point(&format!("{} withheld.", are(found.withheld, "field")));
        }
        if found.files > 0 {
            self.point(&format!(
                "{} in the bundle, exactly as when it was made; the record holds its contents' list.",
                are(found.files, "file")
            ));
        }
        self.witnessed(found);
        self.stamped(found);
        self.said(found);
        self.head("What is not proved");
        for sentence in &found.not_proved {
            self.point(sentence);
        }
    }

    fn witnessed(&mut self, found: &Findings) {
        self.head("Who has seen the record");
        for witness in &found.witnesses {
            let entries = count(witness.size, "entry", "entries");
            self.point(&format!(
                "The witness `{}` saw its first {entries} on {}.",
                witness.name,
                utc(&witness.time_text())
            ));
        }
        if found.witnesses.is_empty() {
            self.point("No witness.");
        }
        match found.quorum {
            Some(true) if !found.witnesses.is_empty() => {
                self.point("These are as many as the policy asks for.")
            }
            Some(false) if !found.witnesses.is_empty() => {
                self.point("These are fewer than the policy asks for.")
            }
            _ => {}
        }
    }

    fn stamped(&mut self, found: &Findings) {
        if found.stamps.is_empty() {
            return;
        }
        self.head("Which authority has stamped the time");
        for stamp in &found.stamps {
            let entries = count(stamp.size, "entry", "entries");
            self.point(&format!("The first {entries} were there on {}.", utc(&stamp.time_text())));
            self.line(&format!("    by the authority `{}`", stamp.subject));
            self.line(&format!("    whose certificate has the SHA-256 fingerprint {}", stamp.root));
        }
    }

    fn said(&mut self, found: &Findings) {
        let said = found.said.iter().filter_map(|(name, value)| Some((name, plain(value)?)));
        let said: Vec<String> = said.map(|(name, value)| format!("{name}: {value}")).collect();
        if said.is_empty() {
            return;
        }
        self.head("What whoever made the bundle says of it (nobody has checked this)");
        for said in said {
            self.point(&said);
        }
    }

    fn not_verified(&mut self, failure: &Failure, file: &str) {
        self.line(&format!("NOT VERIFIED: {file}"));
        self.line("");
        self.line("Do not rely on it. It was altered, damaged or made wrongly.");
        self.line(&format!("The check `{}` failed at `{}`:", failure.check, failure.at));
        self.line(&format!("  {}", failure.reason));
        self.line("");
        self.line("Whoever gave it to you can make another from the same record.");
    }

    fn unreadable(&mut self, failure: &Failure, file: &str) {
        self.line(&format!("UNREADABLE: {file}"));
        self.line("");
        self.line("This is not an evidence bundle, or it was changed: opened and saved by another program, or cut off.");
        self.line("Nothing in it has been checked. Ask for the file as it was made.");
        self.line(&format!("  {}", failure.reason));
    }
}

fn are(number: u64, what: &str) -> String {
    match number {
        1 => format!("1 {what} is"),
        number => format!("{} {what}s are", grouped(number)),
    }
}

fn count(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// A number in groups of three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `2026-03-03T09:12:44.031Z` as people write it.
fn utc(time: &str) -> String {
    let seconds = time.split(['.', 'Z']).next().unwrap_or(time);
    format!("{} UTC", seconds.replace('T', " "))
}

/// A text, a number or a truth value; what is built of several is for programs.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.chars().take(500).collect()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A file may say anything: what would move the cursor, colour the screen or turn the direction of writing is shown as its number.
fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for letter in text.chars() {
        let turns = matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if letter.is_control() || turns {
            // Writing into a text does not fail.
            let _ = write!(printable, "\\u{{{:x}}}", u32::from(letter));
        } else {
            printable.push(letter);
        }
    }
    printable
}

#[cfg(test)]
mod tests;
