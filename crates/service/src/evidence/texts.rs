//! What the pages of a bundle tell people: taken from the fields that the bundle shows, and from nothing else.

use super::select::{Chosen, Exporting, KEY_ROTATED, Selected};
use ledger::{Disclosure, Entry as LedgerEntry};
use press::PressError;
use press::evidence::{Dated, Entry, Evidence, Existence, Opening, SealedDocument, Seen, Who};
use program::{PersonId, Time};
use std::collections::BTreeMap;

/// What somebody outside said: that they saw so many entries of the record, by then.
pub(super) struct Word {
    pub(super) who: Vec<String>,
    pub(super) time: Time,
    pub(super) stamped: bool,
    pub(super) size: u64,
}

/// The pages and where they stand in the bundle. Typesetting takes a second and a processor: not for a thread that serves others.
pub(super) fn pages(
    evidence: &Evidence,
    existence: Option<&Existence>,
) -> Result<Vec<(String, Vec<u8>)>, PressError> {
    let mut pages = vec![
        ("README.txt".to_owned(), evidence.readme()?.into_bytes()),
        ("certificate.html".to_owned(), evidence.certificate()?.into_bytes()),
        ("certificate.pdf".to_owned(), evidence.certificate_pdf()?),
        ("index.html".to_owned(), evidence.index()?.into_bytes()),
    ];
    for (number, volume) in (1..).zip(evidence.index_pdfs()?) {
        let name = if number == 1 { "index.pdf".to_owned() } else { format!("index-{number}.pdf") };
        pages.push((name, volume));
    }
    if let Some(existence) = existence {
        pages.push(("proof.pdf".to_owned(), existence.pdf()?));
    }
    Ok(pages)
}

/// The sheet of a proof of existence: of each entry that is shown its position, its time, the digest of a document where it
/// states one, and the first word from outside about it. Nothing else is told, for nothing else is shown.
pub(super) fn existence(selected: &Selected, told: &Evidence, words: &[Word]) -> Existence {
    let mut sheet = Existence {
        secret: told.secret.clone(),
        made: told.made.clone(),
        made_at: told.made_at,
        program: told.program.clone(),
        key: told.key.clone(),
        texts: Vec::new(),
        documents: Vec::new(),
    };
    // How one key follows another proves who signed, and says nothing about what existed.
    let about = selected.chosen.iter().filter(|chosen| chosen.line.entry.kind() != KEY_ROTATED);
    for chosen in about {
        let entry = &chosen.line.entry;
        let over = words.iter().filter(|word| word.size > entry.position());
        let seen = over.min_by_key(|word| word.time).map(|word| Seen {
            who: word.who.clone(),
            time: moment(word.time),
            stamped: word.stamped,
            size: word.size,
        });
        let dated = Dated { position: entry.position(), time: moment(Time(entry.time())), seen };
        match shown(chosen, "digest") {
            Some(digest) => sheet.documents.push(SealedDocument { sha256: digest.to_owned(), dated }),
            None => sheet.texts.push(dated),
        }
    }
    sheet
}

/// All that follows from the entries chosen; the caller fills in the rest.
pub(super) fn tell(wanted: &Exporting, selected: &Selected) -> Evidence {
    let chosen = &selected.chosen;
    let people = names(chosen);
    let name = |id: &str| people.get(id).map_or_else(|| id.to_owned(), |name| format!("{name} ({id})"));
    let jumps = chosen.iter().filter(|chosen| chosen.line.entry.kind() == "organisation.clock-jumped");
    Evidence {
        organisation: organisation(selected).unwrap_or_default(),
        secret: wanted.secret.to_string(),
        title: last_shown(chosen, &["secret.submitted", "secret.revised"], "title").unwrap_or_default(),
        as_of: moment(selected.as_of),
        made: String::new(),
        made_at: 0,
        program: concat!("Ringfence ", env!("CARGO_PKG_VERSION")).to_owned(),
        key: String::new(),
        size: 0,
        entries: chosen.iter().map(entry).collect(),
        withheld: chosen.iter().map(|chosen| chosen.withheld.len()).sum(),
        clock_jumps: jumps.count(),
        who: who(wanted, selected, name),
        openings: chosen.iter().filter_map(|chosen| opening(chosen, name)).collect(),
        files: Vec::new(),
        anchors: Vec::new(),
        by_hand: None,
    }
}

/// Whose record it is, where an entry shows it.
pub(super) fn organisation(selected: &Selected) -> Option<String> {
    last_shown(&selected.chosen, &["organisation.founded", "organisation.changed"], "name")
}

/// An instant as the pages write it.
pub(super) fn moment(time: Time) -> String {
    time.rfc3339().replace('T', " ").replace('Z', " UTC")
}

fn last_shown(chosen: &[Chosen], kinds: &[&str], field: &str) -> Option<String> {
    let of_kind = chosen.iter().rev().filter(|chosen| kinds.contains(&chosen.line.entry.kind()));
    of_kind.filter_map(|chosen| shown(chosen, field)).next().map(str::to_owned)
}

/// A field that is shown and is a text.
fn shown<'a>(chosen: &'a Chosen, field: &str) -> Option<&'a str> {
    chosen.line.field(field).and_then(|field| field.value().as_str())
}

/// The names that entries about people show.
fn names(chosen: &[Chosen]) -> BTreeMap<String, String> {
    let lives = chosen.iter().filter(|chosen| chosen.line.entry.kind().starts_with("person."));
    let named = lives
        .filter_map(|chosen| Some((shown(chosen, "person")?.to_owned(), shown(chosen, "name")?.to_owned())));
    named.collect()
}

fn entry(chosen: &Chosen) -> Entry {
    let entry: &LedgerEntry = &chosen.line.entry;
    let words = |field: &Disclosure| program::told(field.name(), field.value(), &moment).words;
    let mut fields: Vec<(String, String)> =
        chosen.line.disclosures.iter().map(|field| (field.name().to_owned(), words(field))).collect();
    fields.sort();
    Entry {
        position: entry.position(),
        time: moment(Time(entry.time())),
        kind: entry.kind().to_owned(),
        shown: fields,
        withheld: chosen.withheld.len(),
    }
}

fn opening(chosen: &Chosen, name: impl Fn(&str) -> String) -> Option<Opening> {
    let kind = chosen.line.entry.kind();
    let opened = match kind {
        "document.opened" | "secret.read" => true,
        "document.refused" | "secret.refused" => false,
        _ => return None,
    };
    let withheld = "withheld";
    let what = match shown(chosen, "document") {
        Some(document) => document.to_owned(),
        None if kind.starts_with("secret.") => "the precise description".to_owned(),
        None => withheld.to_owned(),
    };
    Some(Opening {
        position: chosen.line.entry.position(),
        time: moment(Time(chosen.line.entry.time())),
        person: shown(chosen, "person").map_or_else(|| withheld.to_owned(), name),
        what,
        opened,
    })
}

/// Who could open it, and on which entries that rests; not told where the bundle withholds whom the entries are about.
fn who(wanted: &Exporting, selected: &Selected, name: impl Fn(&str) -> String) -> Option<Vec<Who>> {
    if wanted.existence.is_some() || !wanted.fields.tells_who() {
        return None;
    }
    let about = |chosen: &&Chosen, person: PersonId| {
        shown(chosen, "person").is_some_and(|id| id == person.to_string())
    };
    let rows = selected.who.iter().map(|row| {
        let of_grant = row.grant.and_then(|grant| {
            let granted = selected.chosen.iter().find(|chosen| {
                ["access.granted", "access.emergency-taken"].contains(&chosen.line.entry.kind())
                    && shown(chosen, "grant").is_some_and(|id| id == grant.to_string())
            });
            granted.map(|chosen| (grant.to_string(), chosen.line.entry.position()))
        });
        let grounds = selected.chosen.iter().filter(|chosen| {
            let kind = chosen.line.entry.kind();
            (kind.starts_with("person.") || kind == "agreement.signed") && about(chosen, row.person)
        });
        let failing: Vec<&str> = row.failing.iter().map(gate::Condition::as_str).collect();
        Who {
            person: name(&row.person.to_string()),
            opens: row.opens,
            grant: of_grant,
            failing: failing.join(", "),
            grounds: grounds.map(|chosen| chosen.line.entry.position()).collect(),
        }
    });
    Some(rows.collect())
}
