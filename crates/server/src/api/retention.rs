//! Retention: legal holds, what was destroyed for good and where its keys may still be, and the copies against loss.

use super::answer::{Key, Order, Page, Receipt, items, page};
use super::collect::Area;
use super::extract::{Ask, At, Body, Caller};
use super::problem::Problem;
use super::secrets::Reason;
use super::types::{HoldId, Line, PersonId, Stamp, Subject, Text};
use crate::app::App;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use program::retention::{self as domain, Command, may_see_hold, may_see_retention};
use program::{Event, Refusal};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

pub(super) fn routes(area: Area) -> Area {
    area.read(routes!(holds))
        .write(routes!(place))
        .write(routes!(lift))
        .read(routes!(retention))
        .write(routes!(finish))
        .write(routes!(forget))
}

/// A legal hold: nothing of what it is on may be destroyed.
#[derive(Debug, Serialize, ToSchema)]
struct Hold {
    id: HoldId,
    /// What must be kept: a secret with its documents, a document, or a person's data.
    about: Subject,
    /// Why: which dispute is expected.
    reason: Text,
    /// Since when.
    placed: Stamp,
    /// By whom; absent for the operator of the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<PersonId>,
    /// When it ended and why, once it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    lifted: Option<Lifted>,
}

/// How a hold ended.
#[derive(Debug, Serialize, ToSchema)]
struct Lifted {
    at: Stamp,
    reason: Text,
}

/// What must be kept, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"about": "S-3", "reason": "Halden v. Berg, expected since 3 March."}))]
struct NewHold {
    /// A secret, a document or a person.
    about: Subject,
    /// Which dispute is expected.
    reason: Text,
}

/// Which holds to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct HoldsQuery {
    /// Only those on this.
    about: Option<Subject>,
    /// Only those in force, or only those that were lifted.
    in_force: Option<bool>,
    /// Where the page before ended: its `next`.
    before: Option<HoldId>,
    /// At most so many, 1 to 500; 50 where absent.
    limit: Option<u32>,
}

/// What was destroyed, and the copies there are.
#[derive(Debug, Serialize, ToSchema)]
struct Retention {
    /// Everything that was destroyed for good.
    destroyed: Vec<Destruction>,
    /// Is there anything whose keys may still be somewhere?
    open: bool,
    /// The newest copy; absent where none was ever made.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_backup: Option<Backup>,
    /// Folders with copies of the keys.
    keys: Vec<KeysFolder>,
    /// When the record was last put back from a copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    restored: Option<Stamp>,
}

/// Something that was destroyed: a document's bytes, or a person's data.
#[derive(Debug, Serialize, ToSchema)]
struct Destruction {
    about: Subject,
    /// The entry that decided it.
    entry: u64,
    at: Stamp,
    /// What became of its keys; absent while they are being deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<Shredding>,
}

/// Where keys were deleted, and where they may still be.
#[derive(Debug, Serialize, ToSchema)]
struct Shredding {
    /// The newest entry that says so.
    entry: u64,
    /// Where keys were deleted.
    done: Vec<Deleted>,
    /// Where they may still be. What is destroyed is gone once this is empty.
    left: Vec<Remaining>,
    /// Are they gone everywhere?
    complete: bool,
}

/// Keys that were deleted in one place.
#[derive(Debug, Serialize, ToSchema)]
struct Deleted {
    #[schema(example = "the record's own keys")]
    place: String,
    /// How many, over all versions.
    keys: u64,
    /// How many versions of the keys were looked through.
    versions: u32,
}

/// A place in which keys may still be.
#[derive(Debug, Serialize, ToSchema)]
struct Remaining {
    #[schema(example = "/mnt/keys")]
    place: String,
    /// Why they could not be deleted.
    why: String,
}

/// A copy of the record and the sealed files, made with `ringfence backup`.
#[derive(Debug, Serialize, ToSchema)]
struct Backup {
    /// The entry that records it.
    entry: u64,
    at: Stamp,
    /// The folder of the copy.
    folder: Line,
    /// The folder of the keys.
    keys: Line,
    /// How many entries it has.
    size: u64,
    /// How many sealed files.
    files: u64,
}

/// A folder with copies of the keys.
#[derive(Debug, Serialize, ToSchema)]
struct KeysFolder {
    folder: Line,
    /// The newest version in it.
    version: u32,
    /// When that was made.
    at: Stamp,
}

/// Something was destroyed for good.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Destroyed {
    /// What was recorded: the decision, and where keys were deleted.
    receipt: Receipt,
    /// Where keys were deleted, and where they may still be.
    keys: Shredding,
}

/// What looking again came to.
#[derive(Debug, Serialize, ToSchema)]
struct Finished {
    /// What was recorded; absent where nothing could be deleted that was not deleted before.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<Receipt>,
    /// Is there anything left whose keys may still be somewhere?
    open: bool,
}

/// A folder of keys that is no more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"folder": "/mnt/keys", "reason": "The disk was wiped and crushed on 3 March."}))]
struct Gone {
    /// The folder, as the list of copies names it.
    folder: Line,
    /// What became of it.
    reason: Text,
}

/// List the legal holds that you may know of, the newest first: all, for those who oversee the programme and administrators;
/// those on what you own, for everybody.
#[utoipa::path(get, path = "/api/v1/holds", params(HoldsQuery), responses((status = 200, description = "A page of holds.", body = Page<Hold>)))]
async fn holds(caller: Caller, Ask(query): Ask<HoldsQuery>) -> Result<Page<Hold>, Problem> {
    let limit = items(query.limit)?;
    let all = caller.state.retention.holds().filter(|hold| {
        query.about.as_ref().is_none_or(|about| about.0 == hold.about)
            && query.in_force.is_none_or(|in_force| in_force == hold.lifted.is_none())
            && may_see_hold(&caller.state, &caller.actor, caller.now, hold.id)
    });
    let rows = all.map(|hold| ((Key::Number(0), hold.id.0), hold)).collect();
    let from = query.before.map(|id| (Key::Number(0), id.0.0));
    Ok(page(rows, Order::Descending, from, limit, |hold| hold.id.to_string(), Hold::from))
}

/// Forbid destroying something. For counsel, who judges whether a dispute is to be expected.
#[utoipa::path(post, path = "/api/v1/holds", request_body = NewHold, responses((status = 201, description = "It was recorded.", body = Receipt)))]
async fn place(
    State(app): State<App>,
    caller: Caller,
    Body(NewHold { about, reason }): Body<NewHold>,
) -> Result<Response, Problem> {
    let command = Command::PlaceHold { about: about.0, reason: reason.0 };
    let done = app.service.act(&caller.actor, command).await?;
    let id = match done.event() {
        Some(Event::Retention(domain::Event::HoldPlaced { hold, .. })) => Some(*hold),
        _ => None,
    };
    Receipt::created(&done, "holds", id)
}

/// End a hold. For counsel.
#[utoipa::path(post, path = "/api/v1/holds/{id}/lift", params(("id" = HoldId, Path)), request_body = Reason, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn lift(
    State(app): State<App>,
    caller: Caller,
    At(id): At<HoldId>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Receipt, Problem> {
    let command = Command::LiftHold { hold: id.0, reason: reason.0 };
    Receipt::of(&app.service.act(&caller.actor, command).await?)
}

/// What was destroyed, where its keys may still be, and the copies there are. For those who oversee the programme, and
/// administrators.
#[utoipa::path(get, path = "/api/v1/retention", responses((status = 200, description = "How it stands.", body = Retention)))]
async fn retention(caller: Caller) -> Result<Json<Retention>, Problem> {
    if !may_see_retention(&caller.state, &caller.actor, caller.now) {
        let refusal = Refusal::role("see what was destroyed and copied", "whoever oversees the programme");
        return Err(refusal.into());
    }
    let retention = &caller.state.retention;
    let destroyed = retention.destructions().map(|one| Destruction {
        about: one.about.into(),
        entry: one.entry,
        at: Stamp(one.at),
        keys: one.receipt.as_ref().map(Shredding::from),
    });
    Ok(Json(Retention {
        destroyed: destroyed.collect(),
        open: retention.destructions().any(domain::Destruction::is_open),
        last_backup: retention.last_backup.clone().map(|backup| Backup {
            entry: backup.entry,
            at: Stamp(backup.at),
            folder: backup.place.into(),
            keys: backup.keys.into(),
            size: backup.size,
            files: backup.files,
        }),
        keys: retention
            .places()
            .cloned()
            .map(|place| KeysFolder {
                folder: place.keys.into(),
                version: place.version,
                at: Stamp(place.at),
            })
            .collect(),
        restored: retention.restored.map(Stamp),
    }))
}

/// Delete keys that ought to be gone, in places that could not be reached before. For administrators.
#[utoipa::path(post, path = "/api/v1/retention/finish", responses((status = 200, description = "What it came to.", body = Finished)))]
async fn finish(State(app): State<App>, caller: Caller) -> Result<Json<Finished>, Problem> {
    let entries = app.service.finish_destructions(&caller.actor).await?;
    let receipt = if entries.is_empty() { None } else { Some(Receipt::of_entries(&entries)?) };
    let open = app.service.state().retention.destructions().any(domain::Destruction::is_open);
    Ok(Json(Finished { receipt, open }))
}

/// Say that a folder of copies of the keys is no more: nobody looks there for keys to delete. For administrators.
#[utoipa::path(post, path = "/api/v1/retention/forget", request_body = Gone, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn forget(
    State(app): State<App>,
    caller: Caller,
    Body(Gone { folder, reason }): Body<Gone>,
) -> Result<Receipt, Problem> {
    let command = Command::ForgetPlace { keys: folder.0, reason: reason.0 };
    Receipt::of(&app.service.act(&caller.actor, command).await?)
}

impl Destroyed {
    pub(super) fn of(destroyed: &service::Destroyed) -> Result<Json<Self>, Problem> {
        let receipt = Receipt::of_entries(&destroyed.entries)?;
        Ok(Json(Self { receipt, keys: Shredding::from(&destroyed.receipt) }))
    }
}

impl From<&domain::Receipt> for Shredding {
    fn from(receipt: &domain::Receipt) -> Self {
        let done = receipt.done.iter().cloned();
        let left = receipt.left.iter().cloned();
        Self {
            entry: receipt.entry,
            done: done
                .map(|one| Deleted { place: one.place, keys: one.keys, versions: one.versions })
                .collect(),
            complete: receipt.left.is_empty(),
            left: left.map(|one| Remaining { place: one.place, why: one.why }).collect(),
        }
    }
}

impl From<&domain::Hold> for Hold {
    fn from(hold: &domain::Hold) -> Self {
        Self {
            id: hold.id.into(),
            about: hold.about.into(),
            reason: hold.reason.clone().into(),
            placed: Stamp(hold.placed),
            by: hold.by.map(PersonId),
            lifted: hold.lifted.clone().map(|(at, reason)| Lifted { at: Stamp(at), reason: reason.into() }),
        }
    }
}
