//! One entry: what it says, and how anybody can check without us that it stands in the record.

use crate::app::App;
use crate::errors::PageError;
use crate::frame::Frame;
use crate::pages::history::row;
use crate::pages::secrets::id;
use crate::pages::table::attachment;
use crate::parts::{HistoryRow, Tab, When};
use crate::respond::{PageResult, render};
use crate::visitor::Visitor;
use askama::Template;
use aws_lc_rs::digest::{Context, SHA256};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use data_encoding::BASE64;
use program::{Digest, Via};
use serde_json::Value;
use service::EntryProof;

#[derive(Template)]
#[template(path = "record/entry.html")]
struct EntryPage {
    frame: Frame,
    trail: Vec<Tab>,
    position: u64,
    kind: String,
    when: When,
    line: HistoryRow,
    via: String,
    about: Vec<(String, Option<String>)>,
    fields: Vec<Field>,
    erased: bool,
    previous: Option<u64>,
    next: Option<u64>,
    proof: Checked,
}

/// A field of the entry.
struct Field {
    name: String,
    /// Its value in words; absent where it opens elsewhere or nowhere.
    words: Option<String>,
    /// Its value as it is recorded, where the words leave something out.
    whole: Option<String>,
}

/// A proof, walked through: every step as somebody else would reckon it.
struct Checked {
    leaf: String,
    steps: Vec<Step>,
    count: u64,
    root: String,
    /// The root the walk comes to is the one that the signed checkpoint states.
    holds: bool,
    size: u64,
    checkpoint: String,
    verifier: String,
}

struct Step {
    sibling: String,
    /// The sibling is on the left.
    left: bool,
    result: String,
}

/// `GET /record/{n}`
pub(super) async fn entry(State(app): State<App>, visitor: Visitor, Path(n): Path<String>) -> PageResult {
    let position = id::<u64>(&n)?;
    let view = app.service.entry(&visitor.actor, position).await?;
    let proof = app.service.entry_proof(&visitor.actor, position).await?;
    let via = view.by.as_ref().map_or_else(String::new, |by| {
        let address = by.address.map(|address| format!(" from {address}")).unwrap_or_default();
        format!("{}{address}", way(&by.via))
    });
    let fields = view.fields.iter().filter(|field| field.name != "by");
    let page = EntryPage {
        frame: visitor.frame(&format!("Entry {position}"), "/record"),
        trail: vec![Tab::new("/record", "Record", false), Tab::new(format!("/record/{n}"), n.clone(), true)],
        position,
        when: visitor.moment(view.time),
        line: row(&visitor, &view),
        via,
        about: view.subjects.iter().map(|subject| (subject.to_string(), visitor.page_of(*subject))).collect(),
        fields: fields.map(|field| self::field(&field.name, field.value.as_ref(), &visitor.zone)).collect(),
        erased: view.by.is_none(),
        kind: view.kind,
        previous: readable(&app, &visitor, position.checked_sub(1)).await,
        next: readable(&app, &visitor, position.checked_add(1)).await,
        proof: check(position, proof),
    };
    render(StatusCode::OK, &page)
}

/// The neighbour, where there is one that the visitor may read.
async fn readable(app: &App, visitor: &Visitor, position: Option<u64>) -> Option<u64> {
    let position = position.filter(|position| *position < visitor.state.size)?;
    app.service.entry(&visitor.actor, position).await.ok().map(|_| position)
}

/// `GET /record/{n}/entry.json`: the exact bytes that are hashed.
pub(super) async fn bytes(State(app): State<App>, visitor: Visitor, Path(n): Path<String>) -> PageResult {
    let position = id::<u64>(&n)?;
    let proof = app.service.entry_proof(&visitor.actor, position).await?;
    attachment(&format!("entry-{position}.json"), "application/json", proof.entry)
}

/// `GET /record/{n}/proof`: index, path and checkpoint in one file (C2SP tlog-proof).
pub(super) async fn proof(State(app): State<App>, visitor: Visitor, Path(n): Path<String>) -> PageResult {
    let position = id::<u64>(&n)?;
    let proof = app.service.entry_proof(&visitor.actor, position).await?;
    attachment(
        &format!("entry-{position}.tlog-proof"),
        "text/plain; charset=utf-8",
        tlog_proof(position, &proof),
    )
}

/// `GET /record/checkpoint`: the signed head of the whole record. It says how many entries there are, and nothing of them.
pub(super) async fn checkpoint(
    State(app): State<App>,
    _visitor: Visitor,
) -> Result<axum::response::Response, PageError> {
    attachment("checkpoint.txt", "text/plain; charset=utf-8", app.service.checkpoint())
}

fn tlog_proof(position: u64, proof: &EntryProof) -> String {
    let hashes: String = proof.path.iter().map(|hash| format!("{}\n", BASE64.encode(&hash.0))).collect();
    format!("c2sp.org/tlog-proof@v1\nindex {position}\n{hashes}\n{}", proof.checkpoint)
}

/// Walks from the leaf to the root (RFC 9162, section 2.1.3.2), keeping each step.
fn check(position: u64, proof: EntryProof) -> Checked {
    let mut lines = proof.checkpoint.lines().skip(1);
    let size: u64 = lines.next().and_then(|line| line.parse().ok()).unwrap_or(0);
    let stated = lines.next().and_then(|line| BASE64.decode(line.as_bytes()).ok()).unwrap_or_default();
    let leaf = hash(0, &[proof.entry.as_bytes()]);
    let (mut index, mut last) = (position, size.saturating_sub(1));
    let mut reached = leaf;
    let mut complete = position < size;
    let mut steps = Vec::with_capacity(proof.path.len());
    for sibling in &proof.path {
        complete &= last != 0;
        let left = index & 1 == 1 || index == last;
        if left {
            reached = hash(1, &[&sibling.0, &reached]);
            while index & 1 == 0 && index != 0 {
                index >>= 1;
                last >>= 1;
            }
        } else {
            reached = hash(1, &[&reached, &sibling.0]);
        }
        index >>= 1;
        last >>= 1;
        steps.push(Step { sibling: sibling.to_string(), left, result: Digest(reached).to_string() });
    }
    Checked {
        holds: complete && last == 0 && leaf == proof.leaf.0 && stated == reached,
        leaf: Digest(leaf).to_string(),
        count: steps.len() as u64,
        steps,
        root: Digest(reached).to_string(),
        size,
        checkpoint: proof.checkpoint,
        verifier: proof.verifier,
    }
}

/// SHA-256 over a prefix byte and the parts (RFC 6962, section 2.1).
fn hash(prefix: u8, parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(&[prefix]);
    parts.iter().for_each(|part| context.update(part));
    context.finish().as_ref().try_into().unwrap_or_default()
}

fn way(via: &Via) -> String {
    match via {
        Via::Browser { session } => format!("in a browser, session {session}"),
        Via::Api { token } => format!("through the REST API, token {token}"),
        Via::Shell { os_user } => format!("on the command line, as {os_user}"),
        Via::Link => "by a link, or at the sign-in page".to_owned(),
        Via::Program => "by the program itself".to_owned(),
    }
}

/// The longest value that is shown as it is recorded: exports have all of it.
const LONGEST_VALUE: usize = 20_000;

fn field(name: &str, value: Option<&Value>, zone: &str) -> Field {
    let told = value.map(|value| program::told(name, value, &|moment| moment.for_people(zone)));
    let whole = value.filter(|_| told.as_ref().is_some_and(|told| told.shortened)).map(|value| {
        let text = serde_json::to_string_pretty(value).unwrap_or_default();
        match text.char_indices().nth(LONGEST_VALUE) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text,
        }
    });
    Field { name: name.to_owned(), words: told.map(|told| told.words), whole }
}

#[cfg(test)]
mod tests;
