//! The page of retention: holds, what was destroyed, and copies, each with what to do next.

use super::destroyed::{DestroyedRow, all as destructions};
use super::holds::{self, HoldRow};
use crate::frame::Frame;
use crate::parts::When;
use crate::respond::{PageResult, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::http::StatusCode;
use program::DAY;
use program::retention::{BACKERS, HOLDERS};

/// How many rows of each list this page shows; the rest is a click away.
const SHOWN: usize = 10;
/// After how long a copy is old enough to say so.
const OLD: i64 = 7 * DAY;

#[derive(Template)]
#[template(path = "retention/overview.html")]
struct OverviewPage {
    frame: Frame,
    /// Holds in force, the newest first.
    holds: Vec<HoldRow>,
    in_force: u64,
    lifted: u64,
    /// The newest that were destroyed; those not yet finished come before all others.
    destroyed: Vec<DestroyedRow>,
    all_destroyed: u64,
    open: u64,
    copies: Copies,
    /// May place and lift holds; may finish, and say that a folder is no more.
    holder: bool,
    backer: bool,
}

/// Copies against loss.
struct Copies {
    last: Option<Backup>,
    /// The last copy is older than one would want.
    old: bool,
    places: Vec<Place>,
    restored: Option<When>,
    command: String,
}

struct Backup {
    when: When,
    place: String,
    entries: u64,
    files: u64,
    /// How many entries were recorded after it was made: what is lost if the machine is.
    since: u64,
    entry: u64,
}

struct Place {
    keys: String,
    version: u32,
    when: When,
    forget: String,
}

/// `GET /retention`
pub(super) async fn page(visitor: Visitor) -> PageResult {
    let all: Vec<_> = holds::all(&visitor);
    let in_force: Vec<_> = all.iter().rev().filter(|hold| hold.lifted.is_none()).collect();
    let mut destroyed = destructions(&visitor);
    destroyed.sort_by_key(|one| (!one.is_open(), std::cmp::Reverse(one.entry)));
    let open = destroyed.iter().filter(|one| one.is_open()).count();
    let page = OverviewPage {
        frame: visitor.frame("Retention", "/retention"),
        in_force: in_force.len() as u64,
        lifted: all.len().saturating_sub(in_force.len()) as u64,
        holds: in_force.into_iter().take(SHOWN).map(|hold| HoldRow::of(&visitor, hold)).collect(),
        all_destroyed: destroyed.len() as u64,
        open: open as u64,
        destroyed: destroyed
            .into_iter()
            .take(SHOWN.max(open))
            .filter_map(|one| DestroyedRow::of(&visitor, one))
            .collect(),
        copies: copies(&visitor),
        holder: visitor.is(HOLDERS),
        backer: visitor.is(BACKERS),
    };
    render(StatusCode::OK, &page)
}

fn copies(visitor: &Visitor) -> Copies {
    let retention = &visitor.state.retention;
    let places: Vec<Place> = retention
        .places()
        .map(|place| Place {
            keys: place.keys.to_string(),
            version: place.version,
            when: visitor.moment(place.at),
            forget: format!("/retention/forget?keys={}", crate::respond::encoded(place.keys.as_str())),
        })
        .collect();
    let last = retention.last_backup.as_ref();
    // The folders that were used the last time are the ones to use again; where there are none, words stand for them.
    let folder = last.and_then(|last| std::path::Path::new(last.place.as_str()).parent());
    let folder = folder.and_then(std::path::Path::to_str).unwrap_or("FOLDER-OF-COPIES");
    let keys = last.map_or("FOLDER-OF-KEYS", |last| last.keys.as_str());
    Copies {
        old: last.is_some_and(|last| visitor.now - last.at > OLD),
        command: format!("ringfence backup --out {} --keys {}", quoted(folder), quoted(keys)),
        last: last.map(|last| Backup {
            when: visitor.moment(last.at),
            place: last.place.to_string(),
            entries: last.size,
            files: last.files,
            since: visitor.state.size.saturating_sub(last.entry.saturating_add(1)),
            entry: last.entry,
        }),
        places,
        restored: retention.restored.map(|at| visitor.moment(at)),
    }
}

/// A word of a shell: as it is where nothing in it means anything to one, and otherwise in single quotes.
fn quoted(word: &str) -> String {
    let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "/-_.+:".contains(c));
    if plain { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_folder_is_one_word_of_the_shell() {
        assert_eq!(quoted("/mnt/copies"), "/mnt/copies");
        assert_eq!(quoted("/mnt/Ada's disk"), "'/mnt/Ada'\\''s disk'");
        assert_eq!(quoted("$(reboot)"), "'$(reboot)'");
    }
}
