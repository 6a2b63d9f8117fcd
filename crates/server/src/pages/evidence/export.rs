//! Handing out evidence about one secret: what goes in, exactly what that discloses, and the file.
//!
//! A preview is asked for with the same form and records nothing. The export is recorded before its first byte leaves.

use crate::app::App;
use crate::errors::PageError;
use crate::form::SafeForm;
use crate::format;
use crate::frame::Frame;
use crate::marks;
use crate::moment;
use crate::pages::people::{line, text};
use crate::pages::record::in_words;
use crate::pages::secrets::{badge, known};
use crate::pages::table::attachment;
use crate::parts::{Choice, Errors, Tab, Tier as TierBadge, When};
use crate::respond::{PageResult, as_errors, capital, render, sentence};
use crate::visitor::Visitor;
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use program::secrets::Secret;
use program::{DocumentId, Line, SecretId, Text};
use serde::Deserialize;
use serde_json::Value;
use service::{ExportPlan, Exporting, PlannedEntry, ServiceError, ShownFields};
use std::collections::{BTreeMap, BTreeSet};

/// The entry that records the export, for whoever fetches without looking.
const ENTRY: HeaderName = HeaderName::from_static("x-ringfence-entry");

/// What was chosen and typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    act: String,
    day: String,
    clock: String,
    withheld: Vec<String>,
    documents: Vec<String>,
    agreements: String,
    recipient: String,
    purpose: String,
}

#[derive(Template)]
#[template(path = "evidence/export.html")]
struct ExportPage {
    frame: Frame,
    trail: Vec<Tab>,
    secret: String,
    title: String,
    tier: TierBadge,
    typed: Typed,
    /// Names of fields that several kinds of entries have.
    everywhere: Vec<Choice>,
    /// For each kind of entry, its fields, and how many of them are withheld.
    kinds: Vec<(String, Vec<Choice>, usize)>,
    documents: Vec<DocumentRow>,
    preview: Option<Preview>,
    anchored: bool,
    errors: Errors,
}

/// A document that could go in.
struct DocumentRow {
    id: String,
    name: String,
    size: String,
    opens: bool,
    chosen: bool,
}

/// What would be disclosed.
struct Preview {
    as_of: When,
    entries: Vec<EntryRow>,
    /// How many entries there are, and how many of their fields are withheld.
    counts: (String, String),
    /// The fields hold more than one would think of a sentence, and a sentence more than the fields where some are withheld.
    sentences: bool,
    who: Option<Vec<WhoRow>>,
    documents: Vec<(String, String, String)>,
    agreements: Vec<String>,
    /// Whether the second factor or anything else stands in the way of a document that was chosen.
    shut: bool,
}

struct EntryRow {
    position: u64,
    when: When,
    what: String,
    kind: String,
    shown: Vec<(String, String)>,
    withheld: String,
}

struct WhoRow {
    name: String,
    opens: bool,
    grant: String,
    failing: String,
    /// The entries it rests on.
    grounds: Vec<u64>,
}

/// `GET /secrets/{id}/evidence`
pub(super) async fn form(State(app): State<App>, visitor: Visitor, Path(id): Path<String>) -> PageResult {
    let secret = known(&visitor, &id)?;
    let typed = Typed { agreements: "yes".to_owned(), ..Typed::default() };
    shown(&app, &visitor, secret, typed, None, Errors::default()).await
}

/// `POST /secrets/{id}/evidence`: a look at it, or the file.
pub(super) async fn submit(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let secret = known(&visitor, &id)?;
    let mut errors = Errors::default();
    let export = typed.act == "export";
    let wanted = read(&visitor, secret.id, &typed, export, &mut errors);
    let Some(wanted) = wanted.filter(|_| errors.is_empty()) else {
        return shown(&app, &visitor, secret, typed, None, errors).await;
    };
    if export {
        match app.service.export(&visitor.actor, &wanted).await {
            Ok(bundle) => return handed_over(bundle),
            // The document that did not open is one that was chosen here: the rest of the form is not lost for it.
            Err(ServiceError::Shut(shut)) => errors.add(
                "documents",
                format!(
                    "A document does not open for you now: {}. That you asked is recorded as entry {}. Leave it out, or see what \
                     it asks.",
                    shut.summary(),
                    shut.entry
                ),
            ),
            Err(error) => errors.0.extend(named(as_errors(error)?).0),
        }
        return shown(&app, &visitor, secret, typed, None, errors).await;
    }
    match app.service.plan_export(&visitor.actor, &wanted).await {
        Ok(plan) => shown(&app, &visitor, secret, typed, Some((wanted, plan)), errors).await,
        Err(error) => {
            errors.0.extend(named(as_errors(error)?).0);
            shown(&app, &visitor, secret, typed, None, errors).await
        }
    }
}

/// The rules call the moment `as_of`; on this page it is a day and a time.
fn named(mut errors: Errors) -> Errors {
    for error in &mut errors.0 {
        if error.field == "as_of" {
            error.field = "day".to_owned();
        }
    }
    errors
}

fn handed_over(bundle: service::Bundle) -> PageResult {
    let (name, length, entry) = (bundle.file_name.clone(), bundle.length(), bundle.entry);
    let mut response = attachment(&name, "application/zip", Body::from_stream(bundle.stream()?))?;
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    response.headers_mut().insert(ENTRY, HeaderValue::from(entry));
    Ok(response)
}

/// What the form asks for. For whom and what for is asked when it is handed out; a look needs neither.
fn read(
    visitor: &Visitor,
    secret: SecretId,
    typed: &Typed,
    export: bool,
    errors: &mut Errors,
) -> Option<Exporting> {
    let as_of = moment::read(&typed.day, &typed.clock, &visitor.zone, visitor.now);
    let as_of = as_of.map_err(|refusal| errors.add("day", sentence(&refusal))).ok();
    let documents: Result<BTreeSet<DocumentId>, _> = typed.documents.iter().map(|id| id.parse()).collect();
    let documents = documents.map_err(|_| errors.add("documents", "Choose documents of this secret.")).ok();
    let (recipient, purpose) = if export {
        (
            line(errors, "recipient", "For whom", &typed.recipient),
            text(errors, "purpose", "What for", &typed.purpose),
        )
    } else {
        (Line::new("nobody yet").ok(), Text::new("a preview").ok())
    };
    Some(Exporting {
        secret,
        as_of: as_of?,
        fields: ShownFields { only: None, withheld: typed.withheld.iter().cloned().collect() },
        existence: None,
        documents: documents?,
        agreements: typed.agreements == "yes",
        recipient: recipient?,
        purpose: purpose?,
    })
}

async fn shown(
    app: &App,
    visitor: &Visitor,
    secret: &Secret,
    typed: Typed,
    plan: Option<(Exporting, ExportPlan)>,
    errors: Errors,
) -> PageResult {
    // What there is to choose from does not depend on what was chosen.
    let everything = Exporting {
        secret: secret.id,
        as_of: None,
        fields: ShownFields::default(),
        existence: None,
        documents: BTreeSet::new(),
        agreements: true,
        recipient: Line::new("nobody yet").map_err(|_| PageError::Internal)?,
        purpose: Text::new("a preview").map_err(|_| PageError::Internal)?,
    };
    let all = app.service.plan_export(&visitor.actor, &everything).await?;
    let (everywhere, kinds) = choices(&all.entries, &typed.withheld);
    let documents = all.documents.iter().map(|document| DocumentRow {
        id: document.id.to_string(),
        name: document.name.clone(),
        size: format::size(document.size),
        opens: document.opens,
        chosen: document.opens && typed.documents.contains(&document.id.to_string()),
    });
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = ExportPage {
        frame: visitor.frame(&format!("Evidence about {}", secret.profile.title), "/secrets"),
        trail: vec![
            Tab::new("/secrets", "Register", false),
            Tab::new(format!("/secrets/{}", secret.id), secret.id.to_string(), false),
            Tab::new(format!("/secrets/{}/evidence", secret.id), "Evidence", true),
        ],
        secret: secret.id.to_string(),
        title: secret.profile.title.to_string(),
        tier: badge(secret.tier()),
        everywhere,
        kinds,
        documents: documents.collect(),
        preview: plan.map(|(wanted, plan)| preview(visitor, &wanted, plan)),
        anchored: visitor.state.evidence.is_anchored(),
        typed,
        errors,
    };
    render(status, &page)
}

/// The fields of one kind of entry: the kind in words, its fields, and how many of them are chosen.
type OfKind = (String, Vec<Choice>, usize);

/// The fields that occur: those that several kinds of entries have, and those of each kind. What no bundle ever shows is no
/// choice.
fn choices(entries: &[PlannedEntry], withheld: &[String]) -> (Vec<Choice>, Vec<OfKind>) {
    let mut kinds: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for entry in entries {
        kinds.entry(&entry.kind).or_default().extend(entry.shown.iter().map(|(name, _)| name.as_str()));
    }
    let mut several: BTreeMap<&str, usize> = BTreeMap::new();
    for name in kinds.values().flatten() {
        *several.entry(name).or_default() += 1;
    }
    let choice = |value: String, label: &str| {
        let chosen = withheld.contains(&value);
        Choice { value, label: label.to_owned(), help: String::new(), chosen }
    };
    let everywhere = several.iter().filter(|(_, kinds)| **kinds > 1);
    let everywhere = everywhere.map(|(name, _)| choice((*name).to_owned(), name)).collect();
    let kinds = kinds.iter().filter(|(_, names)| !names.is_empty()).map(|(kind, names)| {
        let of_kind: Vec<Choice> = names.iter().map(|name| choice(format!("{kind}.{name}"), name)).collect();
        let chosen = of_kind.iter().filter(|choice| choice.chosen).count();
        (in_words(kind), of_kind, chosen)
    });
    (everywhere, kinds.collect())
}

/// What would be disclosed and nothing else: a name that is withheld stands nowhere here, although the visitor may know it.
fn preview(visitor: &Visitor, wanted: &Exporting, plan: ExportPlan) -> Preview {
    let sentences = wanted.fields.withheld.is_empty();
    let names = names(&plan.entries);
    let name =
        |person: String| names.get(&person).map_or(person.clone(), |name| format!("{name} ({person})"));
    let who = plan.who.iter().map(|row| {
        let person = row.person.to_string();
        let about = |entry: &&PlannedEntry| shows(entry, "person") == Some(person.as_str());
        let rests = |entry: &&PlannedEntry| {
            entry.kind.starts_with("person.")
                || matches!(entry.kind.as_str(), "agreement.signed" | "access.granted")
        };
        WhoRow {
            opens: row.opens,
            grant: row.grant.map(|grant| grant.to_string()).unwrap_or_default(),
            failing: row.failing.iter().map(marks::name).collect::<Vec<_>>().join(", "),
            grounds: plan.entries.iter().filter(rests).filter(about).map(|entry| entry.position).collect(),
            name: name(person),
        }
    });
    let chosen = plan.documents.iter().filter(|document| document.chosen);
    let documents = chosen
        .clone()
        .map(|document| (document.id.to_string(), format::size(document.size), document.digest.to_string()));
    Preview {
        as_of: visitor.moment(plan.as_of),
        counts: (
            format::count(plan.entries.len() as u64, "entry", "entries"),
            format::count(plan.withheld as u64, "field is", "fields are"),
        ),
        sentences,
        who: wanted.fields.tells_who().then(|| who.collect()),
        documents: documents.collect(),
        agreements: plan.agreements.iter().map(|(id, version)| format!("{id}, version {version}")).collect(),
        shut: chosen.clone().any(|document| !document.opens),
        entries: plan
            .entries
            .into_iter()
            .map(|entry| EntryRow {
                position: entry.position,
                when: visitor.moment(entry.time),
                what: if sentences { capital(&entry.sentence) } else { in_words(&entry.kind) },
                kind: entry.kind,
                shown: entry.shown.into_iter().map(|(name, value)| (name, words(value))).collect(),
                withheld: entry.withheld.join(", "),
            })
            .collect(),
    }
}

/// The names of people that the shown fields tell.
fn names(entries: &[PlannedEntry]) -> BTreeMap<String, String> {
    let lives = entries.iter().filter(|entry| entry.kind.starts_with("person."));
    lives
        .filter_map(|entry| Some((shows(entry, "person")?.to_owned(), shows(entry, "name")?.to_owned())))
        .collect()
}

fn shows<'a>(entry: &'a PlannedEntry, field: &str) -> Option<&'a str> {
    entry.shown.iter().find(|(name, _)| name == field).and_then(|(_, value)| value.as_str())
}

fn words(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
