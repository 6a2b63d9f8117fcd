//! `ringfence record`: every entry, its proof, and whether all of it is whole.

use crate::errors::Failure;
use crate::session::{Options, Session};
use crate::{lookup, output};
use clap::{Args, Subcommand};
use program::Subject;
use serde_json::{Value, json};
use service::{EntryView, HistoryFilter, Service, Verification};
use std::path::{Path, PathBuf};

/// The record.
#[derive(Debug, Subcommand)]
pub(crate) enum Record {
    /// List entries, the newest first
    List(List),
    /// One entry with all its fields
    Show {
        /// Its position
        entry: u64,
        /// With the proof that it is in the record
        #[arg(long)]
        proof: bool,
    },
    /// Check every entry, hash, index and field against the signed checkpoint; works on a record that does not open
    Verify {
        /// A checkpoint that was kept elsewhere: the record has to continue it. Only that shows that all of it was not put
        /// back to an older state
        #[arg(long, value_name = "FILE")]
        against: Option<PathBuf>,
        /// The same by the words of a checkpoint, as `record checkpoint` prints them: `812 abandon ability …`
        #[arg(long, value_name = "WORDS", conflicts_with = "against")]
        against_words: Option<String>,
    },
    /// The signed checkpoint over the whole record, and the key that verifies it
    Checkpoint {
        /// Write it into this new file, to be kept elsewhere
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Show it as a QR code too, to be taken along by telephone
        #[arg(long)]
        qr: bool,
    },
    /// One entry, and of its fields those named, with the proof that it is in the record: one file that needs nothing else but
    /// the record's key
    Prove {
        /// Its position
        entry: u64,
        /// The fields to show; without any, that there was an entry of this kind at this time
        #[arg(long, value_name = "FIELD", value_delimiter = ',')]
        fields: Vec<String>,
        /// Write it into this new file
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Replace the key that signs the record. Checkpoints from now on are signed by the new one, which witnesses have to be told;
    /// what the key before has signed stays proved
    RotateKey {
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Publish the record's hashes (C2SP tlog-tiles) into a folder, for mirrors and witnesses: no entry is published
    Tiles {
        /// The folder; what was published there before is continued
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

/// List entries.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only of this kind, such as document.opened; may be given several times
    #[arg(long = "kind", value_name = "KIND")]
    kinds: Vec<String>,
    /// Only what this person did
    #[arg(long, value_name = "PERSON")]
    by: Option<String>,
    /// Only what is about this: S-12, P-7, D-3, A-1, R-4, G-2
    #[arg(long, value_name = "ID")]
    about: Option<Subject>,
    /// Not before this
    #[arg(long, value_name = "DATE")]
    since: Option<String>,
    /// Up to and including this day
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    /// Before this entry: where the page before ended
    #[arg(long, value_name = "ENTRY")]
    before: Option<u64>,
    /// At most so many, 1 to 1000
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
}

impl Record {
    pub(crate) async fn run(self, options: &Options) -> Result<(), Failure> {
        if let Record::Verify { against, against_words } = self {
            let kept = against.as_deref().map(lookup::read_text).transpose()?;
            let verified = verify(options).await?;
            let continued = match (kept, against_words) {
                (Some(kept), _) => Some(Session::open(options).await?.service.continues(&kept).await?),
                (None, Some(words)) => {
                    Some(Session::open(options).await?.service.continues_words(&words).await?)
                }
                (None, None) => None,
            };
            return told(options, &verified, continued);
        }
        let session = Session::open(options).await?;
        match self {
            Record::List(list) => list.run(&session).await?,
            Record::Show { entry, proof } => show(&session, entry, proof).await?,
            Record::Prove { entry, fields, out } => {
                let proof = session.service.field_proof(&session.actor, entry, &fields).await?;
                match out {
                    Some(out) => {
                        new_file(&out, proof.as_bytes())?;
                        session.out.either(
                            || json!({ "file": out, "entry": entry }),
                            |told| told.line(format!("`{}` proves entry {entry}", out.display())),
                        )?;
                    }
                    None => session.out.text(&proof, "proof")?,
                }
            }
            Record::Tiles { out } => {
                let published = session.service.publish_tiles(&session.actor, &out).await?;
                session.out.either(
                    || json!({ "size": published.size, "before": published.before, "tiles": published.tiles }),
                    |told| {
                        told.line(format!(
                            "`{}` holds the hashes of {} entries; {} tiles were written",
                            out.display(),
                            published.size,
                            published.tiles
                        ))
                    },
                )?;
            }
            Record::RotateKey { reason } => {
                let reason = lookup::text("reason", &reason)?;
                let done = session.service.rotate_key(&session.actor, reason).await?;
                let key = session.service.verifier_key();
                session.recorded(&done, json!({ "key": key }))?;
                if !options.json {
                    session.out.line(format!("The record is signed from now on with the key\n  {key}"))?;
                    output::note(
                        "witnesses cosign again once they know it: `ringfence witness trust --new-key`",
                    );
                }
            }
            Record::Checkpoint { out, qr } => checkpoint(&session, out.as_deref(), qr)?,
            Record::Verify { .. } => {}
        }
        session.close().await;
        Ok(())
    }
}

/// Writes a file that is not there yet.
pub(crate) fn new_file(path: &std::path::Path, bytes: &[u8]) -> Result<(), Failure> {
    use std::io::Write;
    let made = std::fs::File::create_new(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    made.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::input(format!("`{}` is there already", path.display()))
            .remedy("name a file that does not exist yet"),
        _ => Failure::storage(format!("`{}` cannot be written: {error}", path.display())),
    })
}

/// The checkpoint to standard output or into a file; what people compare it by beside it.
fn checkpoint(session: &Session, file: Option<&Path>, qr: bool) -> Result<(), Failure> {
    let (checkpoint, key) = (session.service.checkpoint(), session.service.verifier_key());
    let words = session.service.checkpoint_in_words()?;
    if let Some(file) = file {
        new_file(file, checkpoint.as_bytes())?;
    }
    session.out.either(
        || {
            let mut told = json!({ "checkpoint": checkpoint, "verifier": key, "words": words });
            if let (Value::Object(told), Some(file)) = (&mut told, file) {
                told.insert("file".to_owned(), json!(file));
            }
            told
        },
        |out| {
            match file {
                None => out.line(checkpoint.trim_end())?,
                Some(file) => out.line(format!(
                    "`{}` holds the checkpoint; keep it away from this machine",
                    file.display()
                ))?,
            }
            if qr {
                let code = qrcode::QrCode::new(checkpoint.as_bytes())
                    .map_err(|error| Failure::storage(format!("no QR code can be made: {error}")))?;
                output::note(code.render::<qrcode::render::unicode::Dense1x2>().build());
            }
            output::note(format!("verify it with the key\n{key}"));
            output::note(format!("or read it out: {words}"));
            Ok(())
        },
    )
}

/// Verifies all of the record, with a progress bar.
pub(crate) async fn verify(options: &Options) -> Result<Verification, Failure> {
    let config = options.present()?;
    let passphrase = options.passphrase()?;
    let bar = output::progress(options.json, "verifying", 0, false);
    let seen = bar.clone();
    let progress = move |done: u64, of: u64| {
        seen.set_length(of);
        seen.set_position(done);
    };
    let verified = Service::verify(&config, &passphrase, progress).await;
    bar.finish_and_clear();
    Ok(verified?)
}

fn told(options: &Options, verified: &Verification, continued: Option<u64>) -> Result<(), Failure> {
    options.output().either(
        || {
            json!({
                "entries": verified.entries,
                "opened": verified.opened,
                "erased": verified.erased,
                "root": verified.root,
                "seconds": verified.took.as_secs_f64(),
                "continues": continued,
            })
        },
        |out| {
            out.line(sentence(verified))?;
            match continued {
                Some(size) => out.line(format!("It continues the {size} entries of the kept checkpoint.")),
                None => Ok(()),
            }
        },
    )
}

/// What verifying found, for people.
pub(crate) fn sentence(verified: &Verification) -> String {
    let erased = match verified.erased {
        0 => String::new(),
        erased => format!(" ({erased} erased)"),
    };
    format!(
        "The record is whole: {} entries{erased}, each recomputed, in {:.2} s. Root {}",
        verified.entries,
        verified.took.as_secs_f64(),
        verified.root
    )
}

impl List {
    async fn run(self, session: &Session) -> Result<(), Failure> {
        let zone = session.zone();
        let filter = HistoryFilter {
            kinds: self.kinds,
            actor: self.by.map(|by| lookup::person(&session.state(), &by)).transpose()?,
            subjects: self.about.into_iter().collect(),
            since: self.since.map(|since| lookup::from("since", &since, &zone)).transpose()?,
            until: self.until.map(|until| lookup::until("until", &until, &zone)).transpose()?,
            before: self.before,
            limit: usize::from(self.limit),
        };
        let page = session.service.history(&session.actor, &filter).await?;
        session.out.either(
            || json!({ "entries": page.entries.iter().map(view).collect::<Vec<_>>(), "next": page.next }),
            |out| {
                let rows: Vec<Vec<String>> = page
                    .entries
                    .iter()
                    .map(|entry| {
                        let time = entry.time.for_people(&zone);
                        vec![entry.position.to_string(), time, entry.kind.clone(), entry.sentence.clone()]
                    })
                    .collect();
                out.table(&["Entry", "Time", "Kind", "What happened"], &rows)?;
                match page.next {
                    Some(next) => out.line(out.dim(&format!("There is more: --before {next}"))),
                    None => Ok(()),
                }
            },
        )
    }
}

async fn show(session: &Session, position: u64, proof: bool) -> Result<(), Failure> {
    let entry = session.service.entry(&session.actor, position).await?;
    let proof = if proof { Some(session.service.entry_proof(&session.actor, position).await?) } else { None };
    let zone = session.zone();
    session.out.either(
        || {
            let mut shown = view(&entry);
            if let (Value::Object(fields), Some(proof)) = (&mut shown, &proof) {
                fields.insert(
                    "proof".to_owned(),
                    json!({
                        "entry": proof.entry,
                        "leaf": proof.leaf,
                        "path": proof.path,
                        "checkpoint": proof.checkpoint,
                        "verifier": proof.verifier,
                    }),
                );
            }
            shown
        },
        |out| {
            out.line(out.bold(&entry.sentence))?;
            let mut facts = vec![
                ("entry", entry.position.to_string()),
                ("time", entry.time.for_people(&zone)),
                ("kind", entry.kind.clone()),
            ];
            let fields = entry.fields.iter().map(|field| {
                let value = match &field.value {
                    None => "(sealed)".to_owned(),
                    Some(Value::String(text)) => text.clone(),
                    Some(value) => value.to_string(),
                };
                (field.name.as_str(), value)
            });
            facts.extend(fields);
            out.facts(&facts)?;
            let Some(proof) = &proof else { return Ok(()) };
            let path: Vec<String> = proof.path.iter().map(ToString::to_string).collect();
            out.line("")?;
            out.facts(&[
                ("as hashed", proof.entry.clone()),
                ("leaf", proof.leaf.to_string()),
                ("path", path.join("\n")),
                ("checkpoint", proof.checkpoint.trim_end().to_owned()),
                ("verifier", proof.verifier.clone()),
            ])
        },
    )
}

fn view(entry: &EntryView) -> Value {
    let fields = entry.fields.iter().map(|field| (field.name.clone(), json!(field.value)));
    json!({
        "entry": entry.position,
        "time": entry.time.rfc3339(),
        "kind": entry.kind,
        "sentence": entry.sentence,
        "subjects": entry.subjects,
        "by": entry.by,
        "fields": fields.collect::<serde_json::Map<_, _>>(),
    })
}
