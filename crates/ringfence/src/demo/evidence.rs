//! The end of the story: somebody outside vouches for the record, and a stranger is handed evidence and checks it.

use super::stage::Stage;
use super::story::{line, text};
use crate::errors::Failure;
use futures::TryStreamExt;
use ledger::bundle::{self, Options, Verdict};
use program::SecretId;
use program::evidence::Witness;
use service::{Exporting, ShownFields};
use std::collections::BTreeSet;
use std::path::Path;
use witness::{Folder, Settings};

/// The demonstration's witness: it runs on this machine, which a real one never does.
const WITNESS: &str = "Fjordvik law office (on this machine, for the demonstration)";
const WITNESS_NAME: &str = "fjordvik.example/witness";

/// Starts a witness, has it cosign, exports what the record holds about `secret` to `out`, and verifies the file.
pub(super) async fn show(
    stage: &mut Stage,
    secret: SecretId,
    folder: &Path,
    out: &Path,
) -> Result<(), Failure> {
    stage.scene("Outside counsel witnesses the record: it cosigns only what continues what it has seen")?;
    let failed = |error: &dyn std::fmt::Display| Failure::storage(format!("the story's witness: {error}"));
    let made = Folder::create(folder, WITNESS_NAME).map_err(|error| failed(&error))?;
    let log = stage.service.verifier_key().parse().map_err(|error: ledger::NoteError| failed(&error))?;
    made.trust(&log, false).map_err(|error| failed(&error))?;
    let key = made.verifier().to_string();
    let settings = Settings { listen: ([127, 0, 0, 1], 0).into(), behind_proxy: Vec::new() };
    let listening = witness::bind(made, settings).await.map_err(|error| failed(&error))?;
    let named = Witness {
        name: line(WITNESS)?,
        key: line(&key)?,
        address: line(&format!("http://{}/", listening.address()))?,
    };
    tokio::spawn(listening.run(std::future::pending()));
    let counsel = stage.by(stage.person("katarzyna.wisnicz")?);
    let reason = text("Nobody can show one record to us and another to a court.")?;
    let done = stage.service.set_witnesses(&counsel, vec![named], 1, reason).await?;
    stage.tell(&done)?;

    stage.scene("Counsel exports evidence about the customer list, and a stranger verifies it offline")?;
    let wanted = Exporting {
        secret,
        as_of: None,
        fields: ShownFields { only: None, withheld: BTreeSet::from(["mail".to_owned(), "value".to_owned()]) },
        existence: None,
        documents: BTreeSet::new(),
        agreements: true,
        recipient: line("Oslo tingrett")?,
        purpose: text("Annex to the application for an injunction")?,
    };
    let exported = stage.service.export(&counsel, &wanted).await?;
    let entry = exported.entry;
    let (entries, withheld) = (exported.entries, exported.withheld);
    let pieces: Vec<bytes::Bytes> =
        exported.stream()?.try_collect().await.map_err(|error| Failure::storage(error.to_string()))?;
    let bytes = pieces.concat();
    let unwritable =
        |error: std::io::Error| Failure::storage(format!("`{}` cannot be written: {error}", out.display()));
    if let Some(parent) = out.parent() {
        std::fs::create_dir_all(parent).map_err(unwritable)?;
    }
    std::fs::write(out, &bytes).map_err(unwritable)?;
    stage.show_entry(entry).await?;
    stage.say(&format!(
        "{}: {} bytes, {entries} entries, {withheld} fields withheld",
        out.display(),
        bytes.len()
    ))?;
    let options = Options { key: Some(log), ..Options::default() };
    match bundle::verify_bytes(&bytes, &options) {
        Verdict::Verified(findings) => {
            for seen in &findings.witnesses {
                stage.say(&format!("cosigned by {} over the first {} entries", seen.name, seen.size))?;
            }
            for sentence in &findings.not_proved {
                stage.say(&format!("not proved: {sentence}"))?;
            }
            stage.say("verified")
        }
        Verdict::NotVerified(failure) | Verdict::Unreadable(failure) => {
            Err(Failure::storage(format!("the story's evidence does not verify: {failure}")))
        }
    }
}
