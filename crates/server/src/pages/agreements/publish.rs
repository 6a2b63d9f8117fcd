//! Publishing an agreement, or a new version of one: text typed or a file, what it covers, how long it binds.

use super::{path, trail};
use crate::app::App;
use crate::errors::PageError;
use crate::form::SafeUpload;
use crate::frame::Frame;
use crate::pages::people::{complain, day, line};
use crate::parts::{Choice, Errors, Tab};
use crate::respond::{PageResult, recorded, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use program::agreements::{Agreement, Covers, Media};
use program::secrets::{Status, Tier};
use program::{AgreementId, Event, SecretId, Text};
use serde::Deserialize;
use service::NewVersion;
use std::collections::BTreeSet;

/// The largest file taken, in bytes: as large as the largest PDF that is.
const LARGEST: usize = 20 << 20;

/// What is typed about a version.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    title: String,
    text: String,
    covers: String,
    tiers: Vec<String>,
    secrets: String,
    term: String,
    term_days: String,
    second_factor: String,
    resign: String,
    due: String,
    note: String,
}

#[derive(Template)]
#[template(path = "agreements/publish.html")]
struct PublishPage {
    frame: Frame,
    trail: Vec<Tab>,
    heading: String,
    lead: &'static str,
    action: String,
    back: String,
    submit: &'static str,
    errors: Errors,
    value: Typed,
    covers: Vec<Choice>,
    tiers: Vec<Choice>,
    terms: Vec<Choice>,
    /// A new version of an agreement: who signed before?
    next: bool,
    bound: u64,
    /// The newest text is a PDF, so it does not stand in the field.
    pdf: bool,
}

pub(super) async fn blank(visitor: Visitor) -> PageResult {
    let value = Typed { covers: "everything".to_owned(), term: "endless".to_owned(), ..Typed::default() };
    show(&visitor, None, value, Errors::default())
}

pub(super) async fn next(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<AgreementId>,
) -> PageResult {
    let agreement = visitor.state.agreements.get(id).ok_or(PageError::NotFound)?;
    let newest = agreement.newest().ok_or(PageError::NotFound)?;
    let text = match newest.text.media {
        Media::Markdown => app.service.agreement_text(&visitor.actor, id, newest.number).await?.bytes,
        Media::Pdf => Vec::new(),
    };
    let (covers, tiers, secrets) = match &newest.covers {
        Covers::Everything => ("everything", Vec::new(), String::new()),
        Covers::Tiers(tiers) => {
            ("tiers", tiers.iter().map(|tier| tier.as_str().to_owned()).collect(), String::new())
        }
        Covers::Secrets(secrets) => {
            let ids: Vec<String> = secrets.iter().map(ToString::to_string).collect();
            ("secrets", Vec::new(), ids.join(", "))
        }
    };
    let value = Typed {
        title: newest.title.to_string(),
        text: String::from_utf8_lossy(&text).into_owned(),
        covers: covers.to_owned(),
        tiers,
        secrets,
        term: if newest.term_days.is_some() { "days" } else { "endless" }.to_owned(),
        term_days: newest.term_days.map(|days| days.to_string()).unwrap_or_default(),
        second_factor: if newest.second_factor { "yes" } else { "" }.to_owned(),
        ..Typed::default()
    };
    show(&visitor, Some(agreement), value, Errors::default())
}

pub(super) async fn publish(State(app): State<App>, visitor: Visitor, upload: SafeUpload) -> PageResult {
    take(&app, &visitor, None, upload).await
}

pub(super) async fn publish_next(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<AgreementId>,
    upload: SafeUpload,
) -> PageResult {
    let agreement = visitor.state.agreements.get(id).ok_or(PageError::NotFound)?;
    take(&app, &visitor, Some(agreement), upload).await
}

async fn take(
    app: &App,
    visitor: &Visitor,
    agreement: Option<&Agreement>,
    mut upload: SafeUpload,
) -> Result<Response, PageError> {
    let mut errors = Errors::default();
    let (typed, file) = {
        let (typed, file): (Typed, _) = upload.read().await?;
        let file = match file {
            Some(file) => whole(file).await?,
            None => Chosen::None,
        };
        (typed, file)
    };
    let bytes = match file {
        Chosen::TooLarge => {
            errors.add("file", "This file is larger than 20 MiB.");
            Vec::new()
        }
        Chosen::Read(bytes) => bytes,
        // What is typed in a form comes with the line ends of the network; the text has those of a text.
        Chosen::None => typed.text.replace("\r\n", "\n").into_bytes(),
    };
    if bytes.trim_ascii().is_empty() && errors.is_empty() {
        errors.add("text", "Write the text of the agreement, or choose a file that holds it.");
    }
    let Some(new) = read(visitor, agreement, &typed, bytes, &mut errors) else {
        return show(visitor, agreement, typed, errors);
    };
    let title = new.title.clone();
    match app.service.publish_agreement(&visitor.actor, new).await {
        Ok(done) => {
            let to = match done.event() {
                Some(Event::Agreements(event)) => path(event.agreement()),
                _ => "/agreements".to_owned(),
            };
            let asked = done.entries.len().saturating_sub(1) as u64;
            let again = match asked {
                0 => String::new(),
                asked => {
                    format!("; {} asked to sign it", crate::format::count(asked, "person was", "people were"))
                }
            };
            Ok(recorded(&to, &done, format!("{title} was published{again}")))
        }
        Err(error) => {
            complain(error, &mut errors)?;
            show(visitor, agreement, typed, errors)
        }
    }
}

/// The file of the form, where one was chosen.
enum Chosen {
    None,
    TooLarge,
    Read(Vec<u8>),
}

async fn whole(file: crate::form::UploadedFile) -> Result<Chosen, PageError> {
    use futures::TryStreamExt;
    let mut bytes = Vec::new();
    let mut pieces = std::pin::pin!(file.content());
    while let Some(piece) =
        pieces.try_next().await.map_err(|_| PageError::BadRequest("the upload broke off"))?
    {
        if bytes.len().saturating_add(piece.len()) > LARGEST {
            return Ok(Chosen::TooLarge);
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(Chosen::Read(bytes))
}

fn read(
    visitor: &Visitor,
    agreement: Option<&Agreement>,
    typed: &Typed,
    bytes: Vec<u8>,
    errors: &mut Errors,
) -> Option<NewVersion> {
    let title = line(errors, "title", "Title", &typed.title);
    let covers = covers(typed, errors);
    let term_days = match typed.term.as_str() {
        "days" => match typed.term_days.trim().parse::<u32>() {
            Ok(days) => Some(days),
            Err(_) => {
                errors.add("term_days", "Write the number of days, such as 730 for two years.");
                None
            }
        },
        _ => None,
    };
    let due = day(errors, "due", &typed.due, |day| day.end(&visitor.zone));
    let note = match typed.note.trim() {
        "" => None,
        note => Text::new(note).map_err(|error| errors.add("note", format!("What changed: {error}."))).ok(),
    };
    if !errors.is_empty() {
        return None;
    }
    Some(NewVersion {
        agreement: agreement.map(|agreement| agreement.id),
        title: title?,
        bytes,
        covers: covers?,
        term_days,
        resign: typed.resign == "yes",
        due,
        second_factor: typed.second_factor == "yes",
        note,
    })
}

fn covers(typed: &Typed, errors: &mut Errors) -> Option<Covers> {
    match typed.covers.as_str() {
        "everything" => Some(Covers::Everything),
        "tiers" => {
            let tiers =
                typed.tiers.iter().filter_map(|word| word.parse::<Tier>().ok()).collect::<BTreeSet<Tier>>();
            if tiers.is_empty() {
                errors.add("tiers", "Tick the tiers that it covers.");
            }
            Some(Covers::Tiers(tiers))
        }
        "secrets" => {
            let ids = typed.secrets.split([',', ' ', ';', '\n']).filter(|id| !id.trim().is_empty());
            let ids = ids.map(|id| id.parse::<SecretId>()).collect::<Result<BTreeSet<SecretId>, _>>();
            match ids {
                Ok(ids) if !ids.is_empty() => return Some(Covers::Secrets(ids)),
                Ok(_) => errors.add("secrets", "Name the secrets that it covers, such as S-1, S-4."),
                Err(error) => {
                    errors.add("secrets", format!("{}.", crate::respond::capital(&error.to_string())))
                }
            }
            None
        }
        _ => {
            errors.add("covers", "Choose what it covers.");
            None
        }
    }
}

fn show(visitor: &Visitor, agreement: Option<&Agreement>, value: Typed, errors: Errors) -> PageResult {
    if agreement.is_some_and(|agreement| agreement.withdrawn.is_some()) {
        return Err(PageError::NotFound);
    }
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let tier = |tier: &Tier| {
        let live = visitor
            .state
            .secrets
            .iter()
            .filter(|secret| secret.tier() == *tier && secret.status == Status::Accepted);
        let help = crate::format::count(live.count() as u64, "secret today", "secrets today");
        Choice {
            chosen: value.tiers.iter().any(|word| word == tier.as_str()),
            ..Choice::new(tier.as_str(), tier.name(), &help, "")
        }
    };
    let new = Tab::new("/agreements/new", "Publish", true);
    let heading = agreement.map_or_else(
        || "Publish an agreement".to_owned(),
        |agreement| format!("New version of {}", agreement.title()),
    );
    let page = PublishPage {
        frame: visitor.frame(&heading, "/agreements"),
        trail: agreement.map_or_else(
            || vec![Tab::new("/agreements", "Agreements", false), new],
            |agreement| trail(agreement, Some(("publish", "New version"))),
        ),
        heading,
        lead: "From the moment it is published this is the text to sign. The version before stays, with everything signed under it.",
        action: agreement.map_or_else(
            || "/agreements/new".to_owned(),
            |agreement| format!("{}/publish", path(agreement.id)),
        ),
        back: agreement.map_or_else(|| "/agreements".to_owned(), |agreement| path(agreement.id)),
        submit: if agreement.is_some() { "Publish this version" } else { "Publish" },
        covers: vec![
            Choice::new("everything", "Every secret", "Also those that are registered later.", &value.covers),
            Choice::new(
                "tiers",
                "Secrets of some tiers",
                "As they are classified when it matters.",
                &value.covers,
            ),
            Choice::new("secrets", "Particular secrets", "These alone.", &value.covers),
        ],
        tiers: Tier::ALL.iter().map(tier).collect(),
        terms: vec![
            Choice::new("endless", "Without end", "For as long as it stays a secret.", &value.term),
            Choice::new(
                "days",
                "A number of days after signing",
                "Then it has to be signed again.",
                &value.term,
            ),
        ],
        next: agreement.is_some(),
        bound: agreement.map_or(0, |agreement| super::signers::signed_now(visitor, agreement) as u64),
        pdf: agreement.and_then(Agreement::newest).is_some_and(|version| version.text.media == Media::Pdf),
        value,
        errors,
    };
    render(status, &page)
}
