//! A draft is destroyed for good: not while a legal hold stands, and then in every copy, made before or after.

use super::stage::Stage;
use super::story::{line, text};
use crate::errors::Failure;
use program::{Event, SecretId, documents, retention};
use service::{BackupPlan, Config, Passphrase, Service, ServiceError, Upload};
use std::path::Path;

/// Last year's prices: what nobody needs, and somebody could still steal.
const DRAFT: &[u8] = include_bytes!("../../../../examples/halden/pricing-2025.csv");

/// Seals a draft, copies everything, destroys the draft, and puts the copy back elsewhere to look for it. `folder` is for the
/// copies and goes away with the story.
pub(super) async fn show(
    stage: &mut Stage,
    secret: SecretId,
    folder: &Path,
    passphrase: &Passphrase,
) -> Result<(), Failure> {
    stage.scene("Last year's prices are destroyed: not under a legal hold, and then in every copy")?;
    let held = stage.state().secrets.get(secret).map(|found| found.profile.owner);
    let owner = held.ok_or_else(|| Failure::storage("the story's prices are missing"))?;
    let upload = Upload { secret, name: line("pricing-2025.csv")?, media_type: line("text/csv")? };
    let draft = stage.seal(owner, upload, DRAFT).await?;
    let plan = BackupPlan { place: folder.join("copies"), keys: folder.join("copies of keys") };
    let administrator = stage.by(stage.person("ingvild.solbakkmo")?);
    let copied = stage.service.back_up(&administrator, &plan, |_| {}).await?;
    stage.show_all(&copied.entries).await?;

    let counsel = stage.by(stage.person("katarzyna.wisnicz")?);
    let reason = text("A customer disputes what was agreed last year.")?;
    let placed = stage.act(&counsel, retention::Command::PlaceHold { about: draft.into(), reason }).await?;
    let Some(Event::Retention(retention::Event::HoldPlaced { hold, .. })) = placed.event() else {
        return Err(Failure::storage("the story's hold was not recorded"));
    };
    let hold = *hold;
    let reason = text("Replaced by this year's prices.")?;
    let by_owner = stage.by(owner);
    let withdrawal = documents::Command::Withdraw { document: draft, reason: reason.clone() };
    stage.act(&by_owner, withdrawal).await?;
    match stage.service.destroy_document(&counsel, draft, reason.clone()).await {
        Err(ServiceError::Refused(refusal)) => stage.say(&format!("refused, {refusal}"))?,
        Err(other) => return Err(other.into()),
        Ok(_) => return Err(Failure::storage("what is held was destroyed")),
    }
    let lifted = retention::Command::LiftHold { hold, reason: text("The customer withdrew the claim.")? };
    stage.act(&counsel, lifted).await?;
    let destroyed = stage.service.destroy_document(&counsel, draft, reason).await?;
    stage.show_all(&destroyed.entries).await?;

    let again = Config::local(folder.join("put back"));
    let operator = stage.operator();
    let restored = Service::restore(again, &copied.folder, &plan.keys, passphrase, &operator, |_| {}).await?;
    stage.say(&format!(
        "the copy made before, put back elsewhere: {} entries are whole, {} sealed files open, and the draft is gone there too ({} destroyed)",
        restored.verification.entries, restored.files, restored.destroyed
    ))?;
    let forgotten = retention::Command::ForgetPlace {
        keys: line(&plan.keys.canonicalize().unwrap_or(plan.keys).display().to_string())?,
        reason: text("These copies are removed with the demonstration's other files.")?,
    };
    stage.act(&administrator, forgotten).await?;
    Ok(())
}
