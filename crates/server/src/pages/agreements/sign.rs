//! The path on which somebody signs: what it is, the text, the signature, the confirmation. One step at a time.
//!
//! That a text was shown is an entry, so a text is shown only after a POST asked for it: a link that a mail program
//! fetches beforehand shows nobody anything.

use super::{covers_for_signer, markdown, path, signers::how, term_in_words};
use crate::app::App;
use crate::errors::PageError;
use crate::form::SafeForm;
use crate::frame::Flash;
use crate::frame::Frame;
use crate::pages::people::{complain, line, text};
use crate::pages::table::disposition;
use crate::parts::{Errors, When};
use crate::respond::{PageResult, embeddable, recorded, render, said};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use program::agreements::{
    Agreement, CONSENT, Command, Media, SECOND_FACTOR_WITHIN, Signature, Signing, Version,
};
use program::{AgreementId, Digest, MINUTE, Time, Via};
use serde::Deserialize;
use service::{AgreementText, EntryView, shown_by};

/// What is typed to sign.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    version: String,
    digest: String,
    read_to_end: String,
    consent: String,
    typed_name: String,
    code: String,
}

/// What is typed to decline.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Declining {
    reason: String,
}

/// What somebody should know before they read.
struct Matter {
    id: String,
    title: String,
    version: u32,
    covers: String,
    term: String,
    due: Option<When>,
    late: bool,
    again: bool,
    note: String,
}

#[derive(Template)]
#[template(path = "agreements/begin.html")]
struct BeginPage {
    frame: Frame,
    matter: Matter,
    factor: Factor,
}

#[derive(Template)]
#[template(path = "agreements/sign.html")]
struct SignPage {
    frame: Frame,
    matter: Matter,
    errors: Errors,
    /// The text, safe to stand in a page; `None` for a PDF.
    html: Option<String>,
    digest: String,
    name_help: String,
    consent: &'static str,
    factor: Factor,
    value: Typed,
}

/// The second factor, as this signature needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Factor {
    /// The agreement asks for none, or it was shown just now.
    Met,
    /// A code is to be typed with the signature.
    Code,
    /// There is none set up yet.
    Absent,
}

#[derive(Template)]
#[template(path = "agreements/decline.html")]
struct DeclinePage {
    frame: Frame,
    matter: Matter,
    back: String,
    errors: Errors,
    value: Declining,
}

#[derive(Template)]
#[template(path = "agreements/signed.html")]
struct SignedPage {
    frame: Frame,
    id: String,
    title: String,
    version: u32,
    organisation: String,
    signer: String,
    person: String,
    typed_name: String,
    consent: String,
    at: When,
    exact: String,
    ends: Option<When>,
    method: &'static str,
    second_factor: Option<String>,
    covers: String,
    digest: String,
    entry: u64,
    waiting: u64,
}

pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<AgreementId>,
) -> PageResult {
    let (agreement, version) = asked(&visitor, id)?;
    if !is_asked(&visitor, agreement) {
        return Ok(Redirect::to(&elsewhere(&visitor, id)).into_response());
    }
    if !was_opened(&visitor, agreement, version) {
        let page = BeginPage {
            frame: visitor.frame(agreement.title(), "/my/agreements"),
            matter: matter(&visitor, agreement, version),
            factor: factor(&visitor, version),
        };
        return render(StatusCode::OK, &page);
    }
    show(&app, &visitor, agreement, version, Typed::default(), Errors::default()).await
}

pub(super) async fn open(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<AgreementId>,
) -> PageResult {
    asked(&visitor, id)?;
    app.service.show_agreement(&visitor.actor, id).await?;
    Ok(Redirect::to(&format!("{}/sign", path(id))).into_response())
}

/// The PDF of the version to sign, for the viewer in the page. Shown only after it was opened.
pub(super) async fn file(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<AgreementId>,
) -> PageResult {
    let (agreement, version) = asked(&visitor, id)?;
    if !was_opened(&visitor, agreement, version) {
        return Err(PageError::NotFound);
    }
    let text = app.service.show_agreement(&visitor.actor, id).await?;
    Ok(as_file(&format!("{}-v{}", agreement.id, text.version), text))
}

pub(super) async fn sign(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<AgreementId>,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let mut visitor = visitor;
    let held = std::sync::Arc::clone(&visitor.state);
    let agreement = held.agreements.get(id).ok_or(PageError::NotFound)?;
    let (_, version) = asked(&visitor, id)?;
    let needs_code = factor(&visitor, version) == Factor::Code;
    if !is_asked(&visitor, agreement) {
        return Ok(Redirect::to(&elsewhere(&visitor, id)).into_response());
    }
    let mut errors = Errors::default();
    let signing = read(&visitor, agreement, version, &typed, &mut errors);
    let Some(signing) = signing else {
        return show(&app, &visitor, agreement, version, typed, errors).await;
    };
    // The code is proved last: it is used up by that, and must not be for a name that was mistyped.
    if needs_code && !typed.code.trim().is_empty() {
        match app.service.confirm_second_factor(&visitor.actor, &typed.code).await {
            Ok(()) => visitor.actor.second_factor_at = proved(&app, &visitor),
            Err(error) => {
                complain(error, &mut errors)?;
                return show_again(&app, &visitor, id, typed, errors).await;
            }
        }
    }
    match app.service.sign_agreement(&visitor.actor, signing).await {
        Ok(done) => Ok(recorded(&format!("{}/signed", path(id)), &done, "Signed")),
        Err(error) => {
            complain(error, &mut errors)?;
            show_again(&app, &visitor, id, typed, errors).await
        }
    }
}

pub(super) async fn refusal(visitor: Visitor, Path(id): Path<AgreementId>) -> PageResult {
    let (agreement, version) = asked(&visitor, id)?;
    if !is_asked(&visitor, agreement) {
        return Ok(Redirect::to(&elsewhere(&visitor, id)).into_response());
    }
    refuse(&visitor, agreement, version, Declining::default(), Errors::default())
}

pub(super) async fn decline(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<AgreementId>,
    SafeForm(typed): SafeForm<Declining>,
) -> PageResult {
    let (agreement, version) = asked(&visitor, id)?;
    let mut errors = Errors::default();
    let Some(reason) = text(&mut errors, "reason", "Why you decline", &typed.reason) else {
        return refuse(&visitor, agreement, version, typed, errors);
    };
    match app.service.act(&visitor.actor, Command::Decline { agreement: id, reason }).await {
        Ok(done) => {
            let said =
                format!("You declined to sign {}. Whoever asked you sees your reason", agreement.title());
            Ok(recorded("/my/agreements", &done, said))
        }
        Err(error) => {
            complain(error, &mut errors)?;
            refuse(&visitor, agreement, version, typed, errors)
        }
    }
}

pub(super) async fn signed(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<AgreementId>,
) -> PageResult {
    let (state, me) = (&visitor.state, visitor.person);
    let agreement = state.agreements.get(id).ok_or(PageError::NotFound)?;
    let signature = state.agreements.signature(me, id).ok_or(PageError::NotFound)?;
    let version = agreement.version(signature.version).ok_or(PageError::NotFound)?;
    let entry = app.service.entry(&visitor.actor, signature.position).await;
    // A paper copy was recorded by somebody else: its entry's fields may be for others, the signature is not.
    let field = |name: &str| {
        let fields = entry.as_ref().map_or(&[][..], |entry| entry.fields.as_slice());
        let value = fields.iter().find(|field| field.name == name).and_then(|field| field.value.as_ref());
        value.and_then(|value| value.as_str()).unwrap_or_default().to_owned()
    };
    let proved = entry.as_ref().ok().and_then(second_factor_of);
    let page = SignedPage {
        second_factor: proved.map(|at| visitor.when(at)),
        ..confirmation(&visitor, agreement, version, signature, field("typed_name"), field("consent"))
    };
    render(StatusCode::OK, &page)
}

/// A version as a file: a PDF where it may be shown inside a page of ours, Markdown to keep.
pub(super) fn as_file(name: &str, text: AgreementText) -> Response {
    let (kind, media, end) = match text.media {
        Media::Pdf => ("inline", "application/pdf", "pdf"),
        Media::Markdown => ("attachment", "text/markdown; charset=utf-8", "md"),
    };
    let name = format!("{name}.{end}");
    let headers = [(header::CONTENT_TYPE, media), (header::CACHE_CONTROL, "no-store")];
    let mut response = (headers, text.bytes).into_response();
    response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition(kind, &name));
    if kind == "inline" { embeddable(response) } else { response }
}

/// When the signer had last proved a second factor, as the entry of the signature says.
fn second_factor_of(entry: &EntryView) -> Option<Time> {
    let mut fields = entry.fields.iter();
    let field = fields.find(|field| field.name == "second_factor_at")?;
    field.value.as_ref()?.as_i64().map(Time)
}

fn confirmation(
    visitor: &Visitor,
    agreement: &Agreement,
    version: &Version,
    signature: &Signature,
    typed_name: String,
    consent: String,
) -> SignedPage {
    let waiting = visitor.state.agreements.assignments_of(visitor.person).count() as u64;
    let name = visitor.name(visitor.person);
    SignedPage {
        frame: visitor.frame("Confirmation of your signature", "/my/agreements"),
        id: agreement.id.to_string(),
        title: version.title.to_string(),
        version: version.number,
        organisation: visitor.state.organisation.name.clone(),
        person: visitor.person.to_string(),
        typed_name: if typed_name.is_empty() { name.clone() } else { typed_name },
        signer: name,
        consent,
        at: visitor.moment(signature.at),
        exact: signature.at.rfc3339(),
        ends: signature.ends.map(|ends| visitor.date(ends + -1)),
        method: how(signature.method),
        second_factor: None,
        covers: covers_for_signer(&version.covers),
        digest: version.text.digest.to_string(),
        entry: signature.position,
        waiting,
    }
}

/// The agreement and its newest version, for whoever was asked to sign it, or has. To anybody else there is none.
fn asked(visitor: &Visitor, id: AgreementId) -> Result<(&Agreement, &Version), PageError> {
    let agreements = &visitor.state.agreements;
    let agreement = agreements.get(id).ok_or(PageError::NotFound)?;
    let party = agreements.assignment(visitor.person, id).is_some()
        || agreements.signature(visitor.person, id).is_some();
    let version = agreement.newest().filter(|_| party).ok_or(PageError::NotFound)?;
    Ok((agreement, version))
}

fn is_asked(visitor: &Visitor, agreement: &Agreement) -> bool {
    visitor.state.agreements.is_assigned(visitor.person, agreement.id)
}

fn was_opened(visitor: &Visitor, agreement: &Agreement, version: &Version) -> bool {
    let opened = visitor.state.agreements.opened(visitor.person, agreement.id);
    opened.is_some_and(|opened| opened.version == version.number)
}

/// Where an agreement that does not wait for this person leads: to their signature, or to their agreements.
fn elsewhere(visitor: &Visitor, id: AgreementId) -> String {
    let agreements = &visitor.state.agreements;
    let declined = agreements.assignment(visitor.person, id).is_some();
    if agreements.signature(visitor.person, id).is_some() && !declined {
        format!("{}/signed", path(id))
    } else {
        "/my/agreements".to_owned()
    }
}

fn matter(visitor: &Visitor, agreement: &Agreement, version: &Version) -> Matter {
    let agreements = &visitor.state.agreements;
    let due = agreements.assignment(visitor.person, agreement.id).and_then(|assignment| assignment.due);
    let again = agreements.signature(visitor.person, agreement.id).is_some();
    Matter {
        id: agreement.id.to_string(),
        title: version.title.to_string(),
        version: version.number,
        covers: covers_for_signer(&version.covers),
        term: term_in_words(version),
        due: due.map(|due| visitor.date(due + -1)),
        late: due.is_some_and(|due| due <= visitor.now),
        again,
        note: version.note.as_ref().filter(|_| again).map(ToString::to_string).unwrap_or_default(),
    }
}

/// Shown within the last fifteen minutes less one, so that it does not run out while somebody types their name.
fn factor(visitor: &Visitor, version: &Version) -> Factor {
    let account = visitor.actor.account.and_then(|id| visitor.state.accounts.get(id));
    let fresh = |at: Time| visitor.now < at + (SECOND_FACTOR_WITHIN - MINUTE);
    match visitor.actor.second_factor_at {
        _ if !version.second_factor => Factor::Met,
        Some(at) if fresh(at) => Factor::Met,
        _ if account.is_some_and(|account| account.second_factor.is_some()) => Factor::Code,
        _ => Factor::Absent,
    }
}

/// When the session proved its second factor, as the record says after it was just confirmed.
fn proved(app: &App, visitor: &Visitor) -> Option<Time> {
    let state = app.service.state();
    let Via::Browser { session } = &visitor.actor.via else {
        return None;
    };
    visitor
        .actor
        .account
        .and_then(|account| state.accounts.session(account, *session))
        .and_then(|found| found.second_factor_at)
}

/// What was typed, as a signing; `None` where something is missing, and `errors` says what.
fn read(
    visitor: &Visitor,
    agreement: &Agreement,
    version: &Version,
    typed: &Typed,
    errors: &mut Errors,
) -> Option<Signing> {
    let shown: Option<u32> = typed.version.parse().ok();
    let digest: Option<Digest> = typed.digest.parse().ok();
    if typed.read_to_end != "yes" {
        errors.add("read_to_end", "Read the agreement to its end, and say so here.");
    }
    if typed.consent != "yes" {
        errors.add("consent", "Agree to sign electronically, or ask counsel for a copy to sign on paper.");
    }
    let name = line(errors, "typed_name", "Your name", &typed.typed_name);
    if factor(visitor, version) == Factor::Code && typed.code.trim().is_empty() {
        errors.add("code", "Type the code from your authenticator app.");
    }
    if !errors.is_empty() {
        return None;
    }
    Some(Signing {
        agreement: agreement.id,
        version: shown.unwrap_or_default(),
        // Whatever was shown: if it is not the text that was published, the rule says so.
        digest: digest.unwrap_or(Digest([0; 32])),
        shown: shown_by(&visitor.actor, version.text.media),
        read_to_end: true,
        consents: true,
        typed_name: name?,
    })
}

/// The form again, from the newest state: a new version may have come in between, and is then read first.
async fn show_again(
    app: &App,
    visitor: &Visitor,
    id: AgreementId,
    typed: Typed,
    errors: Errors,
) -> PageResult {
    let visitor = Visitor { state: app.service.state(), now: app.service.now(), ..visitor.clone() };
    let (agreement, version) = asked(&visitor, id)?;
    if !is_asked(&visitor, agreement) || !was_opened(&visitor, agreement, version) {
        let flash = Flash::failed("This agreement has changed since you opened it. Nothing was signed.");
        return Ok(said(&format!("{}/sign", path(id)), flash));
    }
    show(app, &visitor, agreement, version, typed, errors).await
}

async fn show(
    app: &App,
    visitor: &Visitor,
    agreement: &Agreement,
    version: &Version,
    mut value: Typed,
    errors: Errors,
) -> PageResult {
    let text = app.service.show_agreement(&visitor.actor, agreement.id).await?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let html = match text.media {
        Media::Markdown => Some(markdown::to_html(&String::from_utf8_lossy(&text.bytes))),
        Media::Pdf => None,
    };
    // A code serves once.
    value.code.clear();
    let page = SignPage {
        frame: visitor.frame(&format!("Sign {}", agreement.title()), "/my/agreements"),
        matter: matter(visitor, agreement, version),
        errors,
        html,
        digest: text.digest.to_string(),
        name_help: format!("Type {} exactly so.", visitor.name(visitor.person)),
        consent: CONSENT,
        factor: factor(visitor, version),
        value,
    };
    render(status, &page)
}

fn refuse(
    visitor: &Visitor,
    agreement: &Agreement,
    version: &Version,
    value: Declining,
    errors: Errors,
) -> PageResult {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = DeclinePage {
        frame: visitor.frame(&format!("Decline {}", agreement.title()), "/my/agreements"),
        matter: matter(visitor, agreement, version),
        back: format!("{}/sign", path(agreement.id)),
        errors,
        value,
    };
    render(status, &page)
}
