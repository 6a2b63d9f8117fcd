//! Documents on their way in and out of use: sealed as they stream, registered where they are, withdrawn.

use crate::app::App;
use crate::errors::PageError;
use crate::form::{SafeForm, SafeUpload, UploadedFile};
use crate::format;
use crate::frame::Frame;
use crate::pages::secrets::{ActPage, Asked, id, known, may, named};
use crate::parts::{Errors, Tab};
use crate::respond::{PageResult, as_errors, recorded, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use program::documents::{self, Command, Document};
use program::secrets::Secret;
use program::{Digest, DocumentId, Line, Refusal, Text};
use serde::Deserialize;
use service::{Done, ServiceError, Upload};

#[derive(Template)]
#[template(path = "documents/upload.html")]
struct UploadPage {
    frame: Frame,
    trail: Vec<Tab>,
    id: String,
    title: String,
    back: String,
    most: Option<String>,
    /// Files of this upload that were sealed before one was refused.
    sealed: Vec<String>,
    errors: Errors,
}

#[derive(Template)]
#[template(path = "documents/elsewhere.html")]
struct ElsewherePage {
    frame: Frame,
    trail: Vec<Tab>,
    id: String,
    title: String,
    back: String,
    values: Elsewhere,
    errors: Errors,
}

/// The fields of a document that stays where it is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Elsewhere {
    name: String,
    place: String,
    digest: String,
}

/// `GET /secrets/{id}/documents/new`
pub(super) async fn ask_upload(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> PageResult {
    let secret = receiving(&visitor, &id)?;
    render(StatusCode::OK, &upload_page(&app, &visitor, secret, Vec::new(), Errors::default()))
}

/// `POST /secrets/{id}/documents/new`: each file is sealed as it comes and is an entry of its own, so a connection that
/// breaks loses the file that was on its way and no other.
pub(super) async fn upload(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    mut upload: SafeUpload,
) -> PageResult {
    let secret = receiving(&visitor, &id)?;
    let mut last: Option<Done> = None;
    let mut sealed = Vec::new();
    let mut errors = Errors::default();
    while let Some(file) = upload.file().await? {
        let name = file.name.clone();
        match seal(&app, &visitor, secret, file).await {
            Ok(done) => {
                sealed.push(name);
                last = Some(done);
            }
            Err(error) => {
                for wrong in as_errors(error)?.0 {
                    errors.add("file", format!("{name}: {}", wrong.text));
                }
                break;
            }
        }
    }
    match last {
        Some(done) if errors.is_empty() => {
            let count = format::count(sealed.len() as u64, "document was sealed", "documents were sealed");
            Ok(recorded(&format!("/secrets/{}/documents", secret.id), &done, count))
        }
        _ => {
            if errors.is_empty() {
                errors.add("file", "Choose at least one file.");
            }
            render(StatusCode::UNPROCESSABLE_ENTITY, &upload_page(&app, &visitor, secret, sealed, errors))
        }
    }
}

async fn seal(
    app: &App,
    visitor: &Visitor,
    secret: &Secret,
    file: UploadedFile,
) -> Result<Done, ServiceError> {
    // Some browsers send a path; its last part is the name.
    let name = file.name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name = Line::new(name)
        .map_err(|error| Refusal::input("file", format!("its name cannot be kept: {error}")))?;
    let media_type = Line::new(&file.media_type).or_else(|_| Line::new("application/octet-stream"));
    let media_type = media_type.map_err(|error| Refusal::input("file", error.to_string()))?;
    let upload = Upload { secret: secret.id, name, media_type };
    app.service.add_document(&visitor.actor, upload, file.content()).await
}

/// `GET /secrets/{id}/documents/elsewhere`
pub(super) async fn ask_elsewhere(visitor: Visitor, Path(id): Path<String>) -> PageResult {
    let secret = receiving(&visitor, &id)?;
    render(StatusCode::OK, &elsewhere_page(&visitor, secret, Elsewhere::default(), Errors::default()))
}

/// `POST /secrets/{id}/documents/elsewhere`
pub(super) async fn elsewhere(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    SafeForm(values): SafeForm<Elsewhere>,
) -> PageResult {
    let secret = receiving(&visitor, &id)?;
    let errors = match values.command(secret) {
        Ok(command) => match app.service.act(&visitor.actor, command).await {
            Ok(done) => {
                let to = format!("/secrets/{}/documents", secret.id);
                return Ok(recorded(&to, &done, "The document was registered where it is"));
            }
            Err(error) => as_errors(error)?,
        },
        Err(errors) => errors,
    };
    render(StatusCode::UNPROCESSABLE_ENTITY, &elsewhere_page(&visitor, secret, values, errors))
}

impl Elsewhere {
    fn command(&self, secret: &Secret) -> Result<Command, Errors> {
        let mut errors = Errors::default();
        let name = Line::new(&self.name).map_err(|error| errors.add("name", error.to_string()));
        let place = Text::new(&self.place).map_err(|error| errors.add("place", error.to_string()));
        let digest = match self.digest.trim().to_lowercase() {
            empty if empty.is_empty() => Ok(None),
            given => {
                given.parse::<Digest>().map(Some).map_err(|error| errors.add("digest", error.to_string()))
            }
        };
        match (name, place, digest) {
            (Ok(name), Ok(place), Ok(digest)) => {
                Ok(Command::Register { secret: secret.id, name, place, digest })
            }
            _ => Err(errors),
        }
    }
}

/// `GET /documents/{id}/withdraw`
pub(super) async fn ask_withdraw(visitor: Visitor, Path(id): Path<String>) -> PageResult {
    let (_, document) = document(&visitor, &id)?;
    render(StatusCode::OK, &withdraw_page(&visitor, document, Asked::default(), Errors::default()))
}

/// `POST /documents/{id}/withdraw`
pub(super) async fn withdraw(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    SafeForm(asked): SafeForm<Asked>,
) -> PageResult {
    let (_, document) = document(&visitor, &id)?;
    let reason = asked.confirmed(&document.name).and_then(|()| asked.required());
    let done = match reason {
        Ok(reason) => {
            app.service.act(&visitor.actor, Command::Withdraw { document: document.id, reason }).await
        }
        Err(refusal) => Err(refusal.into()),
    };
    match done {
        Ok(done) => Ok(recorded(&format!("/documents/{}", document.id), &done, "The document was withdrawn")),
        Err(error) => {
            let errors = named(as_errors(error)?);
            render(StatusCode::UNPROCESSABLE_ENTITY, &withdraw_page(&visitor, document, asked, errors))
        }
    }
}

/// Would the rules let the visitor withdraw it?
pub(super) fn may_withdraw(visitor: &Visitor, document: DocumentId) -> bool {
    let reason = Text::new("asked on trial").ok();
    may(visitor, reason.map(|reason| Command::Withdraw { document, reason }.into()))
}

/// The document and its secret, if the visitor may know of them.
pub(super) fn document<'a>(
    visitor: &'a Visitor,
    text: &str,
) -> Result<(&'a Secret, &'a Document), PageError> {
    let found = visitor.state.documents.get(id(text)?).filter(|document| visitor.sees(document.id));
    let document = found.ok_or(PageError::NotFound)?;
    let secret = known(visitor, &document.secret.to_string())?;
    Ok((secret, document))
}

/// The secret, if the visitor may add documents to it: asked before the first byte is taken.
fn receiving<'a>(visitor: &'a Visitor, id: &str) -> Result<&'a Secret, PageError> {
    let secret = known(visitor, id)?;
    documents::may_add(&visitor.state, &visitor.actor, visitor.now, secret.id)?;
    Ok(secret)
}

fn upload_page(
    app: &App,
    visitor: &Visitor,
    secret: &Secret,
    sealed: Vec<String>,
    errors: Errors,
) -> UploadPage {
    UploadPage {
        frame: visitor.frame("Add documents", "/secrets"),
        trail: trail(secret),
        id: secret.id.to_string(),
        title: secret.profile.title.to_string(),
        back: format!("/secrets/{}/documents", secret.id),
        most: app.service.largest_document().map(format::size),
        sealed,
        errors,
    }
}

fn elsewhere_page(visitor: &Visitor, secret: &Secret, values: Elsewhere, errors: Errors) -> ElsewherePage {
    ElsewherePage {
        frame: visitor.frame("Register a document that stays where it is", "/secrets"),
        trail: trail(secret),
        id: secret.id.to_string(),
        title: secret.profile.title.to_string(),
        back: format!("/secrets/{}/documents", secret.id),
        values,
        errors,
    }
}

fn withdraw_page(visitor: &Visitor, document: &Document, asked: Asked, errors: Errors) -> ActPage {
    let back = format!("/documents/{}", document.id);
    ActPage {
        frame: visitor.frame("Withdraw a document", "/secrets"),
        trail: vec![
            Tab::new("/secrets", "Register", false),
            Tab::new(format!("/secrets/{}", document.secret), document.secret.to_string(), false),
            Tab::new(back.clone(), document.id.to_string(), false),
        ],
        title: format!("Withdraw {}", document.name),
        happens: vec![
            "From now on it opens for nobody, whatever they were granted.".to_owned(),
            "Its bytes stay sealed, and its history stays in the record. Destroying it for good is another step, which can be taken after this one.".to_owned(),
        ],
        action: format!("{back}/withdraw"),
        back,
        day: ("", ""),
        text: ("Why", "Whoever looks for it reads this."),
        text_required: true,
        confirm: document.name.clone(),
        submit: "Withdraw it",
        kind: "danger",
        asked,
        errors,
    }
}

/// Where a page about a secret's documents is.
pub(super) fn trail(secret: &Secret) -> Vec<Tab> {
    let home = format!("/secrets/{}", secret.id);
    vec![
        Tab::new("/secrets", "Register", false),
        Tab::new(home.clone(), secret.id.to_string(), false),
        Tab::new(format!("{home}/documents"), "Documents", false),
    ]
}
