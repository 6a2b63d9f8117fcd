//! Evidence: who outside vouches for the record, what an export would disclose, and the export itself.

use super::answer::Receipt;
use super::collect::Area;
use super::extract::{At, Body, Caller};
use super::problem::Problem;
use super::secrets::{ENTRY, Reason, WhoRow};
use super::types::{AgreementId, Digest, DocumentId, Line, SecretId, Stamp, Text, When};
use crate::app::App;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use program::evidence as domain;
use program::{Refusal, Rule};
use serde::{Deserialize, Serialize};
use service::{Exporting, ShownFields};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa_axum::routes;

pub(super) fn routes(area: Area) -> Area {
    area.read(routes!(standing))
        .read(routes!(witnesses))
        .write(routes!(set_witnesses))
        .read(routes!(authorities))
        .write(routes!(set_authorities))
        .write(routes!(anchor))
        .write(routes!(rotate_key))
        .read(routes!(plan))
        .open(routes!(export))
}

/// Who vouches for the record, and up to where.
#[derive(Debug, Serialize, ToSchema)]
struct EvidenceStanding {
    /// How many entries the record has.
    size: u64,
    /// The key that verifies its checkpoints (C2SP signed-note).
    verifier: String,
    /// The signed checkpoint over all of it (C2SP tlog-checkpoint).
    checkpoint: String,
    /// How many witnesses have to cosign.
    quorum: u32,
    /// How many anchors there are.
    anchors: u64,
    /// Is there anything that those outside have not seen, the anchors themselves apart?
    news: bool,
    /// The newest anchor.
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<Anchor>,
    /// How each witness and authority stands.
    vouchers: Vec<Voucher>,
    /// The keys that have signed the record, the first one first; the last is the one in use.
    keys: Vec<SigningKey>,
}

/// A key that signs, or has signed, the record's checkpoints.
#[derive(Debug, Serialize, ToSchema)]
struct SigningKey {
    /// The key (C2SP signed-note).
    #[schema(example = "halden-optics/1f0c+8a2f6c01+ARrbLJ8YMd0yUQ5QnSEbTRiKJm0w4zTDzPmMcBdDUsmk")]
    key: String,
    /// The entry that put it in place; absent for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<u64>,
    /// The entry over which it signed its last checkpoint; absent for the one in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<u64>,
}

/// The key that signs was replaced.
#[derive(Debug, Serialize, ToSchema)]
struct NewKey {
    /// The key in use from now on. Every witness has to be told: `ringfence witness trust KEY --new-key`.
    key: String,
    /// What was recorded.
    receipt: Receipt,
}

/// That others saw the record.
#[derive(Debug, Serialize, ToSchema)]
struct Anchor {
    /// The entry that records it.
    entry: u64,
    /// How many entries they saw.
    size: u64,
    /// When it was recorded.
    time: Stamp,
    /// Did enough witnesses cosign it?
    witnessed: bool,
    /// The witnesses who cosigned.
    cosigned: Vec<String>,
    /// The authorities that stamped it, and the times in their tokens.
    stamped: Vec<Stamped>,
    /// Those who did not answer, and why.
    failed: Vec<Failed>,
}

/// A time stamp of an authority (RFC 3161).
#[derive(Debug, Serialize, ToSchema)]
struct Stamped {
    authority: String,
    time: Stamp,
}

/// Somebody who did not answer, or not rightly.
#[derive(Debug, Serialize, ToSchema)]
struct Failed {
    name: String,
    #[schema(example = "did not answer within 10 seconds")]
    reason: String,
}

/// How a witness or an authority stands.
#[derive(Debug, Serialize, ToSchema)]
struct Voucher {
    name: String,
    /// Since when they are asked.
    since: Stamp,
    /// How many entries they have seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<u64>,
    /// When they last vouched.
    #[serde(skip_serializing_if = "Option::is_none")]
    seen_at: Option<Stamp>,
    /// Have they left what happened unseen for too long?
    late: bool,
    /// Of an authority: how many lists of revoked certificates are kept with its newest token (RFC 5280).
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation_lists: Option<usize>,
    /// Of an authority: why there is not one for each certificate of that token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "certificate 1 of its chain names no list of revoked certificates")]
    revocation_missing: Option<String>,
}

/// Somebody outside who cosigns the record's checkpoints (C2SP tlog-witness).
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Berg & Partners, outside counsel",
    "key": "witness.example.com+f2a1c0de+BLkm4jyTW9V3jZBSzSh1e9b0bkWHyJHFSZB0WZIhh6pc",
    "address": "https://witness.example.com/"
}))]
struct Witness {
    /// What people call it.
    name: Line,
    /// Its verifier key (C2SP signed-note, type 0x04).
    key: Line,
    /// Where it is asked: the submission prefix.
    address: Line,
}

/// The witnesses.
#[derive(Debug, Serialize, ToSchema)]
struct Witnesses {
    witnesses: Vec<Witness>,
    /// How many of them have to cosign.
    quorum: u32,
}

/// Who witnesses the record from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewWitnesses {
    /// All of them; none ends witnessing.
    witnesses: Vec<Witness>,
    /// How many of them have to cosign.
    quorum: u32,
    reason: Text,
}

/// A time-stamping authority (RFC 3161).
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Authority {
    /// What people call it.
    name: Line,
    /// Where it is asked, over HTTP.
    address: Line,
    /// The certificate that its chain has to end in, PEM.
    root: Text,
}

/// Which authorities stamp the record from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAuthorities {
    /// All of them; none ends stamping.
    authorities: Vec<Authority>,
    reason: Text,
}

/// What asking them came to.
#[derive(Debug, Serialize, ToSchema)]
struct Anchoring {
    time: Stamp,
    /// How many entries were shown.
    size: u64,
    /// The entry that records it; absent where nobody vouched.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<u64>,
    /// Each who was asked.
    answers: Vec<Answer>,
}

/// What one of them answered.
#[derive(Debug, Serialize, ToSchema)]
struct Answer {
    name: String,
    vouches: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// What goes into a bundle.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "as_of": "2026-03-03", "withheld": ["mail", "access.requested.purpose"], "documents": ["D-1"], "agreements": true
}))]
struct Selection {
    /// The moment whose state is shown, later entries are left out: an instant, or the end of a day. Now where absent.
    as_of: Option<When>,
    /// Show these fields alone: `purpose`, or `access.requested.purpose` for one kind of entry. All where absent.
    only: Option<Vec<String>>,
    /// Never these.
    #[serde(default)]
    withheld: Vec<String>,
    /// The documents whose bytes go in. Each has to open for you, with this token.
    #[serde(default)]
    documents: Vec<DocumentId>,
    /// Whether the texts of agreements go in, as they were shown. They do where absent.
    agreements: Option<bool>,
    /// Prove that this version, and the documents it had, existed, and show nothing of them: `only`, `withheld` and
    /// `agreements` are then left out of account.
    existence: Option<u32>,
}

/// What to export, for whom and what for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "selection": {"withheld": ["mail"], "documents": ["D-1"]},
    "recipient": "District Court Vienna", "purpose": "Exhibit 4 of the complaint."
}))]
struct NewExport {
    #[serde(default)]
    selection: Selection,
    /// For whom. It stands in the record, not in the bundle.
    recipient: Line,
    /// What for. It stands in the record, not in the bundle.
    purpose: Text,
}

/// What an export would disclose.
#[derive(Debug, Serialize, ToSchema)]
struct Plan {
    /// The moment shown.
    as_of: Stamp,
    entries: Vec<PlannedEntry>,
    /// How many fields are withheld.
    withheld: usize,
    /// The documents there were.
    documents: Vec<PlannedDocument>,
    /// The texts of agreements that go in.
    agreements: Vec<PlannedAgreement>,
    /// Who could open it at that moment; absent where the bundle does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    who: Option<Vec<WhoRow>>,
}

/// An entry as it would stand in the bundle.
#[derive(Debug, Serialize, ToSchema)]
struct PlannedEntry {
    entry: u64,
    time: Stamp,
    #[schema(example = "access.granted")]
    kind: String,
    /// The fields shown, with their values.
    shown: BTreeMap<String, serde_json::Value>,
    /// The names of those withheld. In the bundle only their number can be seen.
    withheld: Vec<String>,
}

/// A document that could go in.
#[derive(Debug, Serialize, ToSchema)]
struct PlannedDocument {
    document: DocumentId,
    /// Its size in bytes.
    size: u64,
    digest: Digest,
    /// Would it open for you now, with this token?
    opens: bool,
    /// Was it asked for?
    chosen: bool,
}

/// A text of an agreement that goes in.
#[derive(Debug, Serialize, ToSchema)]
struct PlannedAgreement {
    agreement: AgreementId,
    version: u32,
}

/// Who vouches for the record, and up to where. For those who oversee the programme, and administrators.
#[utoipa::path(get, path = "/api/v1/evidence", responses((status = 200, description = "How it stands.", body = EvidenceStanding)))]
async fn standing(State(app): State<App>, caller: Caller) -> Result<Json<EvidenceStanding>, Problem> {
    let evidence = seen(&caller)?;
    let voucher = |standing: &domain::Standing| Voucher {
        name: standing.name.to_string(),
        since: Stamp(standing.since),
        seen: standing.last.as_ref().map(|anchor| anchor.size),
        seen_at: standing.last.as_ref().map(|anchor| Stamp(anchor.time)),
        late: evidence.is_late(standing, caller.now),
        revocation_lists: evidence.is_authority(&standing.name).then_some(standing.lists.len()),
        revocation_missing: standing.revocation_missing.as_ref().map(ToString::to_string),
    };
    Ok(Json(EvidenceStanding {
        size: caller.state.size,
        verifier: app.service.verifier_key(),
        checkpoint: app.service.checkpoint(),
        quorum: evidence.quorum,
        anchors: evidence.anchors,
        news: evidence.has_news(),
        last: evidence.last.as_ref().map(|anchor| Anchor::of(anchor, evidence.quorum)),
        vouchers: evidence.standings.iter().map(voucher).collect(),
        keys: evidence
            .signers(&app.service.verifier_key())
            .into_iter()
            .map(|signer| SigningKey { key: signer.key, since: signer.since, until: signer.until })
            .collect(),
    }))
}

/// Who witnesses the record.
#[utoipa::path(get, path = "/api/v1/evidence/witnesses", responses((status = 200, description = "All of them.", body = Witnesses)))]
async fn witnesses(caller: Caller) -> Result<Json<Witnesses>, Problem> {
    let evidence = seen(&caller)?;
    let witnesses = evidence.witnesses.iter().cloned().map(|witness| Witness {
        name: Line(witness.name),
        key: Line(witness.key),
        address: Line(witness.address),
    });
    Ok(Json(Witnesses { witnesses: witnesses.collect(), quorum: evidence.quorum }))
}

/// Say who witnesses the record: all of them at once.
#[utoipa::path(put, path = "/api/v1/evidence/witnesses", request_body = NewWitnesses, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn set_witnesses(
    State(app): State<App>,
    caller: Caller,
    Body(NewWitnesses { witnesses, quorum, reason }): Body<NewWitnesses>,
) -> Result<Receipt, Problem> {
    let witnesses = witnesses.into_iter().map(|witness| domain::Witness {
        name: witness.name.0,
        key: witness.key.0,
        address: witness.address.0,
    });
    let done = app.service.set_witnesses(&caller.actor, witnesses.collect(), quorum, reason.0).await?;
    Receipt::of(&done)
}

/// Which time-stamping authorities stamp the record.
#[utoipa::path(get, path = "/api/v1/evidence/authorities", responses((status = 200, description = "All of them.", body = Vec<Authority>)))]
async fn authorities(caller: Caller) -> Result<Json<Vec<Authority>>, Problem> {
    let authorities = seen(&caller)?.authorities.iter().cloned().map(|authority| Authority {
        name: Line(authority.name),
        address: Line(authority.address),
        root: Text(authority.root),
    });
    Ok(Json(authorities.collect()))
}

/// Say which time-stamping authorities stamp the record: all of them at once.
#[utoipa::path(put, path = "/api/v1/evidence/authorities", request_body = NewAuthorities, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn set_authorities(
    State(app): State<App>,
    caller: Caller,
    Body(NewAuthorities { authorities, reason }): Body<NewAuthorities>,
) -> Result<Receipt, Problem> {
    let authorities = authorities.into_iter().map(|authority| domain::Authority {
        name: authority.name.0,
        address: authority.address.0,
        root: authority.root.0,
    });
    Receipt::of(&app.service.set_authorities(&caller.actor, authorities.collect(), reason.0).await?)
}

/// Ask all witnesses and authorities now. What they answer is recorded where anybody vouches.
#[utoipa::path(post, path = "/api/v1/evidence/anchor", responses((status = 200, description = "What each of them answered.", body = Anchoring)))]
async fn anchor(State(app): State<App>, caller: Caller) -> Result<Json<Anchoring>, Problem> {
    let asked = app.service.anchor(&caller.actor).await?;
    let answers = asked.vouchers.into_iter().map(|voucher| Answer {
        name: voucher.name.to_string(),
        vouches: voucher.failed.is_none(),
        reason: voucher.failed,
    });
    Ok(Json(Anchoring {
        time: Stamp(asked.time),
        size: asked.size,
        entry: asked.entry,
        answers: answers.collect(),
    }))
}

/// Replace the key that signs the record's checkpoints. For administrators.
///
/// The key before signs once more, over the entry that says so; from then on only the new one does. Witnesses cosign again
/// once they have been told.
#[utoipa::path(post, path = "/api/v1/evidence/key", request_body = Reason, responses((status = 200, description = "It was replaced.", body = NewKey)))]
async fn rotate_key(
    State(app): State<App>,
    caller: Caller,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Json<NewKey>, Problem> {
    let done = app.service.rotate_key(&caller.actor, reason.0).await?;
    Ok(Json(NewKey { key: app.service.verifier_key(), receipt: Receipt::of(&done)? }))
}

/// What an export would disclose. Nothing is recorded or handed out. For counsel.
#[utoipa::path(post, path = "/api/v1/secrets/{id}/evidence/plan", params(("id" = SecretId, Path)), request_body = Selection, responses((status = 200, description = "What would be disclosed.", body = Plan)))]
async fn plan(
    State(app): State<App>,
    caller: Caller,
    At(id): At<SecretId>,
    Body(selection): Body<Selection>,
) -> Result<Json<Plan>, Problem> {
    let words = |error: program::TextError| Refusal::new(Rule::Input, error.to_string());
    let (recipient, purpose) =
        (program::Line::new("nobody yet").map_err(words)?, program::Text::new("a preview").map_err(words)?);
    let wanted = selection.of(&caller, id.0, recipient, purpose);
    let plan = app.service.plan_export(&caller.actor, &wanted).await?;
    let told = wanted.existence.is_none() && wanted.fields.tells_who();
    let entries = plan.entries.into_iter().map(|entry| PlannedEntry {
        entry: entry.position,
        time: Stamp(entry.time),
        kind: entry.kind,
        shown: entry.shown.into_iter().collect(),
        withheld: entry.withheld,
    });
    let documents = plan.documents.into_iter().map(|document| PlannedDocument {
        document: DocumentId(document.id),
        size: document.size,
        digest: Digest(document.digest),
        opens: document.opens,
        chosen: document.chosen,
    });
    let agreements = plan.agreements.into_iter();
    Ok(Json(Plan {
        as_of: Stamp(plan.as_of),
        entries: entries.collect(),
        withheld: plan.withheld,
        documents: documents.collect(),
        agreements: agreements
            .map(|(agreement, version)| PlannedAgreement { agreement: AgreementId(agreement), version })
            .collect(),
        who: told.then(|| plan.who.into_iter().map(WhoRow::from).collect()),
    }))
}

/// Export evidence about a secret: one file that a stranger verifies without us. For counsel.
///
/// That it was made is a durable entry before the first byte leaves; the header `Ringfence-Entry` says which. Every document
/// that goes in is opened through the gate.
#[utoipa::path(
    post,
    path = "/api/v1/secrets/{id}/evidence",
    params(("id" = SecretId, Path)),
    request_body = NewExport,
    responses((
        status = 200,
        description = "The bundle.",
        content_type = "application/zip",
        headers(("Ringfence-Entry" = u64, description = "The entry that records the export."))
    ))
)]
async fn export(
    State(app): State<App>,
    caller: Caller,
    At(id): At<SecretId>,
    Body(NewExport { selection, recipient, purpose }): Body<NewExport>,
) -> Result<Response, Problem> {
    let wanted = selection.of(&caller, id.0, recipient.0, purpose.0);
    let bundle = app.service.export(&caller.actor, &wanted).await?;
    let headers = [
        (ENTRY, bundle.entry.to_string()),
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_LENGTH, bundle.length().to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", bundle.file_name)),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    let body = axum::body::Body::from_stream(bundle.stream()?);
    Ok((axum::response::AppendHeaders(headers), body).into_response())
}

/// The evidence that the caller may look at.
fn seen(caller: &Caller) -> Result<&domain::Evidence, Refusal> {
    if domain::may_see_anchors(&caller.state, &caller.actor, caller.now) {
        return Ok(&caller.state.evidence);
    }
    Err(Refusal::role("see who vouches for the record", "whoever oversees the programme"))
}

impl Selection {
    fn of(
        self,
        caller: &Caller,
        secret: program::SecretId,
        recipient: program::Line,
        purpose: program::Text,
    ) -> Exporting {
        Exporting {
            secret,
            as_of: self.as_of.map(|when| when.last(caller.zone())),
            fields: ShownFields {
                only: self.only.map(|names| names.into_iter().collect()),
                withheld: self.withheld.into_iter().collect(),
            },
            existence: self.existence,
            documents: self.documents.into_iter().map(|document| document.0).collect(),
            agreements: self.agreements.unwrap_or(true),
            recipient,
            purpose,
        }
    }
}

impl Anchor {
    fn of(anchor: &domain::Anchor, quorum: u32) -> Self {
        let stamped = |(authority, time): &(program::Line, program::Time)| Stamped {
            authority: authority.to_string(),
            time: Stamp(*time),
        };
        let failed = |(name, reason): &(program::Line, program::Line)| Failed {
            name: name.to_string(),
            reason: reason.to_string(),
        };
        Self {
            entry: anchor.entry,
            size: anchor.size,
            time: Stamp(anchor.time),
            witnessed: anchor.is_witnessed(quorum),
            cosigned: anchor.cosigned.iter().map(ToString::to_string).collect(),
            stamped: anchor.stamped.iter().map(stamped).collect(),
            failed: anchor.failed.iter().map(failed).collect(),
        }
    }
}
