//! `ringfence backup`, `restore`, `hold` and `retention`: copies against loss, what must be kept, and what was destroyed.

use crate::errors::Failure;
use crate::session::{Options, Session, entry, os_user};
use crate::{lookup, output};
use clap::{Args, Subcommand};
use indicatif::ProgressBar;
use program::retention::{Command, Destruction, Receipt, may_see_hold, may_see_retention};
use program::{Actor, HoldId, Recorded, Refusal, Subject, Time, describe};
use serde_json::{Value, json};
use service::{BackupPlan, BackupStep, Destroyed, RestoreStep, Service};
use std::path::PathBuf;

/// A copy against loss.
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The folder of copies: the record and the sealed files, without any key. Keep it anywhere, for as long as you like
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The folder of copies of the keys, on another disk: what is destroyed later is deleted there too, so keep it within reach
    #[arg(long, value_name = "DIR")]
    keys: PathBuf,
}

/// Putting a copy back.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The folder of one copy, as `backup` named it
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// The folder of the copies of the keys; the newest are put back
    #[arg(long, value_name = "DIR")]
    keys: PathBuf,
}

/// Legal holds.
#[derive(Debug, Subcommand)]
pub(crate) enum Hold {
    /// Forbid destroying a secret's documents, a document, or a person's data
    Place {
        /// A secret, a document (D-3) or a person
        about: String,
        /// Why: which dispute is expected
        #[arg(long)]
        reason: String,
    },
    /// End a hold
    Lift {
        /// Which: H-1
        hold: HoldId,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// List holds
    List,
}

/// What was destroyed and what was copied.
#[derive(Debug, Subcommand)]
pub(crate) enum Retention {
    /// Everything that was destroyed, with where its keys were deleted, and the copies that there are
    Show,
    /// Delete keys that ought to be gone, in places that could not be reached before
    Finish,
    /// Say that a folder of copies of the keys is no more
    Forget {
        /// The folder, as `show` names it
        folder: String,
        /// What became of it
        #[arg(long)]
        reason: String,
    },
}

impl Backup {
    pub(crate) async fn run(self, options: &Options) -> Result<(), Failure> {
        let session = Session::open(options).await?;
        let bar = output::progress(options.json, "copying", 0, false);
        let seen = bar.clone();
        let progress = move |step| match step {
            BackupStep::Entries(done, of) => watch(&seen, "copying entries", done, of),
            BackupStep::Files(done, of) => watch(&seen, "copying files", done, of),
        };
        let plan = BackupPlan { place: self.out, keys: self.keys };
        let made = session.service.back_up(&session.actor, &plan, progress).await;
        bar.finish_and_clear();
        let made = made?;
        session.out.either(
            || {
                json!({
                    "folder": made.folder,
                    "keys": made.keys,
                    "size": made.size,
                    "files": made.files,
                    "new_files": made.fresh,
                    "entries": told(&session, &made.entries),
                })
            },
            |out| {
                lines(&session, &made.entries)?;
                out.line(format!(
                    "{} entries and {} sealed files ({} of them new) are in {}; the keys are in {}.",
                    made.size,
                    made.files,
                    made.fresh,
                    made.folder.display(),
                    made.keys.display()
                ))?;
                out.line("Whoever has both and the passphrase has everything: keep the two apart.")
            },
        )?;
        session.close().await;
        Ok(())
    }
}

impl Restore {
    pub(crate) async fn run(self, options: &Options) -> Result<(), Failure> {
        let (config, passphrase) = (options.config()?, options.passphrase()?);
        let bar = output::progress(options.json, "restoring", 0, false);
        let seen = bar.clone();
        let progress = move |step| match step {
            RestoreStep::Entries(done, of) => watch(&seen, "verifying entries", done, of),
            RestoreStep::Files(done, of) => watch(&seen, "reading files", done, of),
        };
        let actor = Actor::shell(&os_user(), None);
        let restored = Service::restore(config, &self.from, &self.keys, &passphrase, &actor, progress).await;
        bar.finish_and_clear();
        let restored = restored?;
        options.output().either(
            || {
                json!({
                    "made": restored.made.rfc3339(),
                    "entries": restored.verification.entries,
                    "root": restored.verification.root,
                    "erased": restored.verification.erased,
                    "files": restored.files,
                    "destroyed": restored.destroyed,
                    "keys_version": restored.version,
                    "entry": restored.entry,
                })
            },
            |out| {
                out.line(format!(
                    "{} entries were put back and verified, and {} sealed files read: all is as it was recorded.",
                    restored.verification.entries, restored.files
                ))?;
                if restored.destroyed > 0 || restored.verification.erased > 0 {
                    out.line(format!(
                        "{} files and the fields of {} entries stay unreadable: their keys were destroyed.",
                        restored.destroyed, restored.verification.erased
                    ))?;
                }
                out.line(format!(
                    "The copy was made at {}: what was recorded after that is not here. Recorded as entry {}.",
                    restored.made.rfc3339(),
                    restored.entry
                ))
            },
        )
    }
}

impl Hold {
    pub(crate) async fn run(self, options: &Options) -> Result<(), Failure> {
        let session = Session::open(options).await?;
        match self {
            Hold::Place { about, reason } => {
                let reason = lookup::text("reason", &reason)?;
                let about = subject(&session, &about)?;
                session.act(Command::PlaceHold { about, reason }).await?;
            }
            Hold::Lift { hold, reason } => {
                let reason = lookup::text("reason", &reason)?;
                session.act(Command::LiftHold { hold, reason }).await?;
            }
            Hold::List => holds(&session)?,
        }
        session.close().await;
        Ok(())
    }
}

impl Retention {
    pub(crate) async fn run(self, options: &Options) -> Result<(), Failure> {
        let session = Session::open(options).await?;
        match self {
            Retention::Show => show(&session)?,
            Retention::Finish => {
                let receipts = session.service.finish_destructions(&session.actor).await?;
                session.out.either(
                    || json!({ "entries": told(&session, &receipts) }),
                    |out| {
                        lines(&session, &receipts)?;
                        let open =
                            session.state().retention.destructions().filter(|one| one.is_open()).count();
                        out.line(match open {
                            0 => "No key is left that ought to be gone.".to_owned(),
                            _ => {
                                format!("Keys of {open} things may still be somewhere: see `retention show`.")
                            }
                        })
                    },
                )?;
            }
            Retention::Forget { folder, reason } => {
                let keys = lookup::line("folder", &folder)?;
                let reason = lookup::text("reason", &reason)?;
                session.act(Command::ForgetPlace { keys, reason }).await?;
            }
        }
        session.close().await;
        Ok(())
    }
}

/// Tells what was destroyed, with its receipt.
pub(crate) fn destroyed(session: &Session, done: &Destroyed) -> Result<(), Failure> {
    session.out.either(
        || json!({ "entries": told(session, &done.entries), "receipt": receipt(&done.receipt) }),
        |out| {
            lines(session, &done.entries)?;
            if done.receipt.left.is_empty() {
                return out.line("Nobody can read it again, from no copy of whatever age.");
            }
            out.line("NOT EVERYWHERE YET. Its keys may still be in:")?;
            for left in &done.receipt.left {
                out.line(format!("  {}: {}", left.place, left.why))?;
            }
            out.line("Make these places reachable, then run `ringfence retention finish`.")
        },
    )
}

fn watch(bar: &ProgressBar, what: &'static str, done: u64, of: u64) {
    bar.set_message(what);
    bar.set_length(of);
    bar.set_position(done);
}

fn told(session: &Session, recorded: &[Recorded]) -> Value {
    let state = session.state();
    Value::Array(recorded.iter().map(|recorded| entry(&state, recorded)).collect())
}

fn lines(session: &Session, recorded: &[Recorded]) -> Result<(), Failure> {
    let state = session.state();
    recorded.iter().try_for_each(|recorded| {
        let at = session.out.dim(&format!("entry {:>4}", recorded.position));
        session.out.line(format!("{at}  {}", describe(&state, recorded)))
    })
}

fn may_see(session: &Session) -> Result<(), Failure> {
    if may_see_retention(&session.state(), &session.actor, session.now()) {
        return Ok(());
    }
    Err(Refusal::role("see what was destroyed and copied", "whoever oversees the programme").into())
}

/// An id, a secret's title or a person's mail address.
fn subject(session: &Session, text: &str) -> Result<Subject, Failure> {
    let (state, now) = (session.state(), session.now());
    match text.parse() {
        Ok(Subject::SecretId(_)) | Err(_) => {}
        Ok(other) => return Ok(other),
    }
    let secret = lookup::secret(&state, &session.actor, now, text).map(Subject::from);
    secret.or_else(|failure| lookup::person(&state, text).map(Subject::from).map_err(|_| failure))
}

fn holds(session: &Session) -> Result<(), Failure> {
    let (state, now, zone) = (session.state(), session.now(), session.zone());
    let seen: Vec<_> =
        state.retention.holds().filter(|hold| may_see_hold(&state, &session.actor, now, hold.id)).collect();
    session.out.either(
        || {
            let holds = seen.iter().map(|hold| {
                json!({
                    "id": hold.id,
                    "about": hold.about,
                    "reason": hold.reason,
                    "placed": hold.placed.rfc3339(),
                    "by": hold.by,
                    "lifted": hold.lifted.as_ref().map(|(at, _)| at.rfc3339()),
                    "lifted_because": hold.lifted.as_ref().map(|(_, reason)| reason),
                })
            });
            Value::Array(holds.collect())
        },
        |out| {
            let rows: Vec<Vec<String>> = seen
                .iter()
                .map(|hold| {
                    vec![
                        hold.id.to_string(),
                        hold.about.to_string(),
                        hold.placed.for_people(&zone),
                        hold.lifted
                            .as_ref()
                            .map_or_else(|| "in force".to_owned(), |(at, _)| at.for_people(&zone)),
                        hold.reason.to_string(),
                    ]
                })
                .collect();
            out.table(&["Id", "On", "Placed", "Lifted", "Reason"], &rows)
        },
    )
}

fn show(session: &Session) -> Result<(), Failure> {
    may_see(session)?;
    let (state, zone) = (session.state(), session.zone());
    let retention = &state.retention;
    let destroyed: Vec<&Destruction> = retention.destructions().collect();
    session.out.either(
        || {
            json!({
                "destroyed": destroyed.iter().map(|one| json!({
                    "about": one.about,
                    "entry": one.entry,
                    "at": one.at.rfc3339(),
                    "receipt": one.receipt.as_ref().map(receipt),
                })).collect::<Vec<_>>(),
                "keys": retention.places().map(|place| json!({
                    "folder": place.keys,
                    "version": place.version,
                    "at": place.at.rfc3339(),
                })).collect::<Vec<_>>(),
                "last_backup": retention.last_backup.as_ref().map(|backup| json!({
                    "folder": backup.place,
                    "at": backup.at.rfc3339(),
                    "size": backup.size,
                    "files": backup.files,
                    "entry": backup.entry,
                })),
                "restored": retention.restored.map(Time::rfc3339),
            })
        },
        |out| {
            match &retention.last_backup {
                None => {
                    out.line("No copy was ever made: `ringfence backup --out DIR --keys DIR` makes one.")?
                }
                Some(backup) => out.line(format!(
                    "The last copy was made {}: {} entries, {} files, in {}.",
                    backup.at.for_people(&zone),
                    backup.size,
                    backup.files,
                    backup.place
                ))?,
            }
            for place in retention.places() {
                let at = place.at.for_people(&zone);
                out.line(format!(
                    "Copies of the keys are in {} (version {}, {at}).",
                    place.keys, place.version
                ))?;
            }
            if destroyed.is_empty() {
                return out.line("Nothing was destroyed.");
            }
            let rows: Vec<Vec<String>> = destroyed
                .iter()
                .map(|one| {
                    vec![one.about.to_string(), one.at.for_people(&zone), one.entry.to_string(), gone(one)]
                })
                .collect();
            out.table(&["Destroyed", "When", "Entry", "Keys"], &rows)
        },
    )
}

fn gone(one: &Destruction) -> String {
    match &one.receipt {
        None => "being deleted".to_owned(),
        Some(receipt) if receipt.left.is_empty() => {
            let places: Vec<&str> = receipt.done.iter().map(|done| done.place.as_str()).collect();
            format!("deleted in {}", places.join(", "))
        }
        Some(receipt) => {
            let places: Vec<&str> = receipt.left.iter().map(|left| left.place.as_str()).collect();
            format!("MAY STILL BE IN {}", places.join(", "))
        }
    }
}

fn receipt(receipt: &Receipt) -> Value {
    json!({
        "entry": receipt.entry,
        "done": receipt.done,
        "left": receipt.left,
        "complete": receipt.left.is_empty(),
    })
}
