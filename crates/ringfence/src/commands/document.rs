//! `ringfence document`: sealing documents in the vault, and opening them through the gate.

use crate::errors::Failure;
use crate::session::{Options, Session};
use crate::{lookup, output};
use clap::Subcommand;
use futures::{Stream, TryStreamExt};
use program::documents::{self, Command, Kept};
use program::{Digest, DocumentId, Event, Line, Refusal, Rule, SecretId, Time};
use serde_json::{Value, json};
use service::{Done, OpenDocument, ServiceError, Upload};
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Documents.
#[derive(Debug, Subcommand)]
pub(crate) enum Document {
    /// Seal files in the vault as documents of a secret
    Add {
        /// The secret they belong to
        secret: String,
        /// The files
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// What a single file is called [default: its own name]
        #[arg(long)]
        name: Option<String>,
        /// Its media type [default: by the end of its name]
        #[arg(long)]
        media_type: Option<String>,
    },
    /// Register a document that stays where it is
    Register {
        /// The secret it belongs to
        secret: String,
        /// What it is called
        #[arg(long)]
        name: String,
        /// Where it is
        #[arg(long)]
        place: String,
        /// SHA-256 of its bytes
        #[arg(long)]
        sha256: Option<Digest>,
    },
    /// List documents
    List {
        /// Only those of this secret
        #[arg(long)]
        secret: Option<String>,
    },
    /// Open one, if the gate lets the person named by --as. The opening is in the record before the first byte leaves
    Open {
        /// Which
        document: String,
        /// Where its bytes go: a new file, or `-` for standard output, where JSON does not go too
        #[arg(long, value_name = "FILE", default_value = "-")]
        out: PathBuf,
    },
    /// Destroy one for good, once it was withdrawn: its key is deleted wherever it is kept
    Destroy {
        /// Which
        document: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Take one out of use: it opens for nobody any more
    Withdraw {
        /// Which
        document: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

impl Document {
    pub(crate) async fn run(self, options: &Options) -> Result<(), Failure> {
        let session = Session::open(options).await?;
        let secret = |text: &str| lookup::secret(&session.state(), &session.actor, session.now(), text);
        match self {
            Document::Add { secret: of, files, name, media_type } => {
                if files.len() > 1 && (name.is_some() || media_type.is_some()) {
                    return Err(Failure::input("--name and --media-type are for a single file"));
                }
                let of = secret(&of)?;
                // All are looked at before the first is taken.
                let named = files.iter().map(|path| File::of(path, name.as_deref(), media_type.as_deref()));
                let named: Vec<File> = named.collect::<Result<_, _>>()?;
                add_all(&session, of, &named).await?;
            }
            Document::Register { secret: of, name, place, sha256 } => {
                let (name, place) = (lookup::line("name", &name)?, lookup::text("place", &place)?);
                session.act(Command::Register { secret: secret(&of)?, name, place, digest: sha256 }).await?;
            }
            Document::List { secret: of } => list(&session, of.as_deref().map(secret).transpose()?)?,
            Document::Open { document, out } => {
                let id = lookup::document(&session.state(), &session.actor, session.now(), &document)?;
                let destination = Destination::prepare(&session, out)?;
                let opened = session.service.open_document(&session.actor, id).await?;
                destination.release(&session, &opened).await?;
            }
            Document::Destroy { document, reason } => {
                let reason = lookup::text("reason", &reason)?;
                let document = lookup::document(&session.state(), &session.actor, session.now(), &document)?;
                let done = session.service.destroy_document(&session.actor, document, reason).await?;
                super::retention::destroyed(&session, &done)?;
            }
            Document::Withdraw { document, reason } => {
                let reason = lookup::text("reason", &reason)?;
                let document = lookup::document(&session.state(), &session.actor, session.now(), &document)?;
                session.act(Command::Withdraw { document, reason }).await?;
            }
        }
        session.close().await;
        Ok(())
    }
}

/// A file about to be sealed.
struct File<'a> {
    path: &'a Path,
    size: u64,
    name: Line,
    media_type: Line,
}

impl<'a> File<'a> {
    fn of(path: &'a Path, name: Option<&str>, media_type: Option<&str>) -> Result<Self, Failure> {
        let size = lookup::file(path)?;
        std::fs::File::open(path).map_err(|error| lookup::unreadable(path, &error))?;
        let own = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let name = lookup::line("name", name.unwrap_or(&own))?;
        let media_type =
            lookup::line("media-type", media_type.unwrap_or_else(|| media_type_of(name.as_str())))?;
        Ok(Self { path, size, name, media_type })
    }
}

async fn add_all(session: &Session, secret: SecretId, files: &[File<'_>]) -> Result<(), Failure> {
    let mut added = Vec::new();
    for file in files {
        let done = match add(session, secret, file).await {
            Ok(done) => done,
            // Each is an act of its own: those before it stay, and are named.
            Err(failure) if !added.is_empty() => {
                let ids: Vec<String> =
                    added.iter().filter_map(made).map(|document| document.to_string()).collect();
                let advice = format!("{} were added before it: go on with `{}`", ids.join(", "), file.name);
                return Err(failure.remedy(advice));
            }
            Err(failure) => return Err(failure),
        };
        added.push(done);
    }
    session.out.either(
        || {
            let added = added.iter().zip(files).map(|(done, file)| {
                json!({ "document": made(done), "name": file.name, "entry": done.position(), "size": file.size })
            });
            Value::Array(added.collect())
        },
        |_| added.iter().try_for_each(|done| session.recorded(done, json!({}))),
    )
}

async fn add(session: &Session, secret: SecretId, file: &File<'_>) -> Result<Done, Failure> {
    let opened = tokio::fs::File::open(file.path).await;
    let opened = opened.map_err(|error| lookup::unreadable(file.path, &error))?;
    let bar = output::progress(session.out.json, "sealing", file.size, true);
    let content = watched(opened, bar.clone());
    let upload = Upload { secret, name: file.name.clone(), media_type: file.media_type.clone() };
    let done = session.service.add_document(&session.actor, upload, content).await;
    bar.finish_and_clear();
    Ok(done?)
}

fn made(done: &Done) -> Option<DocumentId> {
    match done.event() {
        Some(Event::Documents(event)) => Some(event.about().0),
        _ => None,
    }
}

fn watched(
    file: tokio::fs::File,
    bar: indicatif::ProgressBar,
) -> impl Stream<Item = std::io::Result<bytes::Bytes>> {
    tokio_util::io::ReaderStream::with_capacity(file, 256 * 1024)
        .inspect_ok(move |piece| bar.inc(piece.len() as u64))
}

/// Where an opened document goes. Made ready before the gate is asked: an opening that could go nowhere is not recorded.
enum Destination {
    StandardOutput,
    /// A file of its own, which gets its name only once it is whole.
    File(NamedTempFile, PathBuf),
}

impl Destination {
    fn prepare(session: &Session, out: PathBuf) -> Result<Self, Failure> {
        if out == Path::new("-") {
            return if session.out.json {
                Err(Failure::input("the document and JSON cannot both go to standard output")
                    .remedy("name a file for the document with --out"))
            } else {
                Ok(Self::StandardOutput)
            };
        }
        if out.exists() {
            let message = format!("`{}` is there already, and was left as it is", out.display());
            return Err(Refusal::new(Rule::Taken, message).remedy("name another file").into());
        }
        let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Made with mode 0600: nobody else on this machine may read what was opened for one.
        let file = tempfile::Builder::new().prefix(".ringfence-").tempfile_in(folder).map_err(|error| {
            Failure::input(format!("`{}` cannot be written: {error}", out.display()))
                .remedy("name a file in a folder that exists and that you may write to")
        })?;
        Ok(Self::File(file, out))
    }

    async fn release(self, session: &Session, opened: &OpenDocument) -> Result<(), Failure> {
        let mut content = opened.content(None)?;
        let (mut file, out) = match self {
            Self::File(file, out) => (file, out),
            Self::StandardOutput => {
                while let Some(piece) = content.try_next().await.map_err(broken)? {
                    session.out.bytes(&piece)?;
                }
                output::note(format!("opened {}: recorded as entry {}", opened.id, opened.entry));
                return Ok(());
            }
        };
        let unwritable = |error: std::io::Error| {
            Failure::storage(format!("`{}` cannot be written: {error}", out.display()))
        };
        let bar = output::progress(session.out.json, "opening", opened.size, true);
        while let Some(piece) = content.try_next().await.map_err(broken)? {
            file.write_all(&piece).map_err(unwritable)?;
            bar.inc(piece.len() as u64);
        }
        bar.finish_and_clear();
        file.as_file().sync_all().map_err(unwritable)?;
        file.persist_noclobber(&out).map_err(|error| unwritable(error.error))?;
        session.out.either(
            || json!({ "document": opened.id, "name": opened.name, "size": opened.size, "entry": opened.entry, "file": out }),
            |_| {
                output::note(format!("opened {} into {}: recorded as entry {}", opened.id, out.display(), opened.entry));
                Ok(())
            },
        )
    }
}

/// Why an opened document broke off.
fn broken(error: std::io::Error) -> Failure {
    match error.downcast::<vault::DocumentError>() {
        Ok(error) => ServiceError::from(error).into(),
        Err(error) => Failure::storage(format!("the document cannot be read: {error}")),
    }
}

fn list(session: &Session, of: Option<SecretId>) -> Result<(), Failure> {
    let (state, now, zone) = (session.state(), session.now(), session.zone());
    let listed = state.documents.iter().filter(|document| of.is_none_or(|of| document.secret == of));
    let seen = |document: &&documents::Document| documents::may_see(&state, &session.actor, now, document);
    let listed: Vec<&documents::Document> = listed.filter(seen).collect();
    session.out.either(
        || Value::Array(listed.iter().map(|document| view(document)).collect()),
        |out| {
            let rows: Vec<Vec<String>> = listed
                .iter()
                .map(|document| {
                    let (kept, size) = match &document.kept {
                        _ if document.destroyed.is_some() => ("destroyed".to_owned(), String::new()),
                        _ if document.withdrawn.is_some() => ("withdrawn".to_owned(), String::new()),
                        Kept::Vault { size, .. } => ("vault".to_owned(), size.to_string()),
                        Kept::Elsewhere { place, .. } => (place.clone(), String::new()),
                    };
                    vec![
                        document.id.to_string(),
                        document.name.clone(),
                        super::secret::title(&state, document.secret),
                        kept,
                        size,
                        document.openings.to_string(),
                        document.last_opened.map(|at| at.for_people(&zone)).unwrap_or_default(),
                    ]
                })
                .collect();
            out.table(&["Id", "Name", "Secret", "Kept", "Bytes", "Openings", "Last opened"], &rows)
        },
    )
}

fn view(document: &documents::Document) -> Value {
    let kept = match &document.kept {
        Kept::Vault { size, digest, media_type, .. } => {
            json!({ "in": "vault", "size": size, "sha256": digest, "media_type": media_type })
        }
        Kept::Elsewhere { place, digest } => json!({ "in": "elsewhere", "place": place, "sha256": digest }),
    };
    json!({
        "id": document.id,
        "secret": document.secret,
        "name": document.name,
        "kept": kept,
        "added": document.added.rfc3339(),
        "added_by": document.added_by,
        "withdrawn": document.withdrawn,
        "destroyed": document.destroyed.map(Time::rfc3339),
        "openings": document.openings,
        "last_opened": document.last_opened.map(Time::rfc3339),
    })
}

/// The media type by the end of the name: it is only handed on, and nothing is decided by it.
pub(crate) fn media_type_of(name: &str) -> &'static str {
    let end = name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).unwrap_or_default();
    match end.as_str() {
        "pdf" => "application/pdf",
        "md" => "text/markdown",
        "txt" | "rs" | "c" | "h" | "py" | "log" => "text/plain",
        "csv" => "text/csv",
        "html" | "htm" => "text/html",
        "json" => "application/json",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "svg" => "image/svg+xml",
        "zip" => "application/zip",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        _ => "application/octet-stream",
    }
}
