//! What people type: names of things, dates and texts.

use crate::errors::Failure;
use program::{
    Actor, AgreementId, Date, DocumentId, Line, PersonId, Refusal, Rule, SecretId, State, Text, Time,
    TimeError, documents, secrets,
};
use std::path::Path;

/// A person by id, mail address or exact name.
pub(crate) fn person(state: &State, text: &str) -> Result<PersonId, Failure> {
    if let Ok(id) = text.parse::<PersonId>() {
        return state.people.get(id).map(|person| person.id).ok_or_else(|| Refusal::unknown(id).into());
    }
    if let Some(person) = state.people.by_mail(text) {
        return Ok(person.id);
    }
    let named = state.people.iter().filter(|person| person.name.as_str() == text).map(|person| person.id);
    only(text, named.collect())
}

/// A secret by id or exact title, among those that the actor may know of.
pub(crate) fn secret(state: &State, actor: &Actor, now: Time, text: &str) -> Result<SecretId, Failure> {
    let seen = |secret: &&secrets::Secret| secrets::may_see(state, actor, now, secret);
    if let Ok(id) = text.parse::<SecretId>() {
        return state
            .secrets
            .get(id)
            .filter(seen)
            .map(|secret| secret.id)
            .ok_or_else(|| Refusal::unknown(id).into());
    }
    let titled = state.secrets.iter().filter(|secret| secret.profile.title.as_str() == text).filter(seen);
    only(text, titled.map(|secret| secret.id).collect())
}

/// A document by id or exact file name, among those that the actor may know of. An id that is not known is
/// left for the gate to refuse: that it was asked for is evidence.
pub(crate) fn document(state: &State, actor: &Actor, now: Time, text: &str) -> Result<DocumentId, Failure> {
    if let Ok(id) = text.parse::<DocumentId>() {
        return Ok(id);
    }
    let named =
        state.documents.iter().filter(|document| document.name == text && document.withdrawn.is_none());
    let seen = named.filter(|document| documents::may_see(state, actor, now, document));
    only(text, seen.map(|document| document.id).collect())
}

/// An agreement by id or exact title.
pub(crate) fn agreement(state: &State, text: &str) -> Result<AgreementId, Failure> {
    if let Ok(id) = text.parse::<AgreementId>() {
        return state.agreements.get(id).map(|found| found.id).ok_or_else(|| Refusal::unknown(id).into());
    }
    let titled = state.agreements.iter().filter(|agreement| agreement.title() == text);
    only(text, titled.map(|agreement| agreement.id).collect())
}

fn only<T: Copy + ToString>(text: &str, found: Vec<T>) -> Result<T, Failure> {
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(Refusal::unknown(text.escape_debug()).into()),
        several => {
            let ids: Vec<String> = several.iter().map(ToString::to_string).collect();
            let message = format!("`{}` names several: {}", text.escape_debug(), ids.join(", "));
            Err(Refusal::new(Rule::Input, message).remedy("name the one you mean by its id").into())
        }
    }
}

pub(crate) fn line(field: &'static str, text: &str) -> Result<Line, Failure> {
    Line::new(text).map_err(|error| Refusal::input(field, format!("{field}: {error}")).into())
}

pub(crate) fn text(field: &'static str, text: &str) -> Result<Text, Failure> {
    Text::new(text).map_err(|error| Refusal::input(field, format!("{field}: {error}")).into())
}

pub(crate) fn note(given: Option<&str>) -> Result<Option<Text>, Failure> {
    given.map(|given| text("note", given)).transpose()
}

/// A day's first instant, or an exact instant.
pub(crate) fn from(field: &'static str, text: &str, zone: &str) -> Result<Time, Failure> {
    date(field, text, |date| date.start(zone))
}

/// The first instant after a day, or an exact instant: "until 31 March" includes that day.
pub(crate) fn until(field: &'static str, text: &str, zone: &str) -> Result<Time, Failure> {
    date(field, text, |date| date.end(zone))
}

/// A past moment: the end of a day, or an exact instant.
pub(crate) fn moment(text: &str, zone: &str) -> Result<Time, Failure> {
    // The day's last instant, so that what was recorded on it counts.
    date("as_of", text, |date| date.end(zone) + -1)
}

fn date(field: &'static str, text: &str, day: impl FnOnce(Date) -> Time) -> Result<Time, Failure> {
    let read = Date::parse(text).map(day).or_else(|_: TimeError| Time::parse(text));
    read.map_err(|error| Refusal::input(field, error.to_string()).into())
}

/// Looks at a path before anything is done with it: a folder cannot be read, and a pipe or a device may never end.
pub(crate) fn file(path: &Path) -> Result<u64, Failure> {
    let found = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if found.is_dir() {
        return Err(
            Failure::input(format!("`{}` is a folder", path.display())).remedy("name the files in it")
        );
    }
    if !found.is_file() {
        return Err(Failure::input(format!("`{}` is not a file", path.display()))
            .remedy("write what it gives into a file first"));
    }
    Ok(found.len())
}

/// Why a path cannot be read.
pub(crate) fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::input(format!("`{}` cannot be read: {error}", path.display()))
}

/// A small file whole, or standard input for `-`.
pub(crate) fn read(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let limit = most.saturating_add(1);
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        file(path)?;
        std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    read.map_err(|error| unreadable(path, &error))?;
    if bytes.len() as u64 > most {
        let message = format!("`{}` is larger than {} MiB", path.display(), most >> 20);
        return Err(Failure::input(message).remedy("give a smaller file"));
    }
    Ok(bytes)
}

/// A text from a file, or from standard input for `-`.
pub(crate) fn read_text(path: &Path) -> Result<String, Failure> {
    String::from_utf8(read(path, 1 << 20)?).map_err(|_| {
        Failure::input(format!("`{}` is not UTF-8 text", path.display())).remedy("save it as UTF-8")
    })
}
