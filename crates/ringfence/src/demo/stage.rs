//! The stage of the demonstration: does acts, and prints each with its entry.

use crate::errors::Failure;
use crate::output::Output;
use crate::session::{entry, os_user};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use program::{Actor, Command, DocumentId, Event, PersonId, State, Time, describe};
use serde_json::{Value, json};
use service::{Config, Done, Passphrase, Service, ServiceError};
use std::path::Path;
use std::sync::Arc;

pub(super) struct Stage {
    pub(super) service: Service,
    out: Output,
    acts: Vec<Value>,
    refusals: u32,
}

impl Stage {
    pub(super) fn new(service: Service, out: Output) -> Self {
        Self { service, out, acts: Vec::new(), refusals: 0 }
    }

    pub(super) fn state(&self) -> Arc<State> {
        self.service.state()
    }

    pub(super) fn now(&self) -> Time {
        self.service.now()
    }

    pub(super) fn operator(&self) -> Actor {
        Actor::shell(&os_user(), None)
    }

    pub(super) fn by(&self, person: PersonId) -> Actor {
        Actor::shell(&os_user(), Some(person))
    }

    /// Who has this mail address at the company.
    pub(super) fn person(&self, name: &str) -> Result<PersonId, Failure> {
        let mail = format!("{name}@halden.example");
        let found = self.state().people.by_mail(&mail).map(|person| person.id);
        found.ok_or_else(|| Failure::storage(format!("`{mail}` is missing from the story")))
    }

    pub(super) fn scene(&self, title: &str) -> Result<(), Failure> {
        if self.out.json {
            return Ok(());
        }
        self.out.line("")?;
        self.out.line(self.out.bold(title))
    }

    pub(super) fn say(&self, text: &str) -> Result<(), Failure> {
        if self.out.json { Ok(()) } else { self.out.line(format!("            {text}")) }
    }

    pub(super) async fn act(&mut self, actor: &Actor, command: impl Into<Command>) -> Result<Done, Failure> {
        let done = self.service.act(actor, command).await?;
        self.tell(&done)?;
        Ok(done)
    }

    /// Prints what was recorded; of a long batch the first lines.
    pub(super) fn tell(&mut self, done: &Done) -> Result<(), Failure> {
        const SHOWN: usize = 4;
        for recorded in &done.entries {
            self.acts.push(entry(&done.state, recorded));
        }
        if self.out.json {
            return Ok(());
        }
        for recorded in done.entries.iter().take(SHOWN) {
            self.line(recorded.position, &describe(&done.state, recorded))?;
        }
        match done.entries.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => self.say(&format!("… and {more} more")),
        }
    }

    fn line(&self, position: u64, sentence: &str) -> Result<(), Failure> {
        let number = self.out.dim(&format!("entry {position:>4}"));
        self.out.line(format!("{number}  {sentence}"))
    }

    /// Opens a document and reads it to its end.
    pub(super) async fn open(&mut self, person: PersonId, document: DocumentId) -> Result<(), Failure> {
        let open = self.service.open_document(&self.by(person), document).await?;
        let pieces = open.content(None)?.map(|piece| piece.map(|bytes| bytes.len()));
        let read = pieces.try_fold(0, |sum: usize, piece| async move { Ok(sum.saturating_add(piece)) }).await;
        let read = read.map_err(|error| Failure::storage(error.to_string()))?;
        self.show_entry(open.entry).await?;
        self.say(&format!("{read} bytes were released, after that entry was durable"))
    }

    /// Tries to open a document, expecting the gate to refuse, and prints why and what can be done.
    pub(super) async fn refused(&mut self, person: PersonId, document: DocumentId) -> Result<(), Failure> {
        let shut = match self.service.open_document(&self.by(person), document).await {
            Err(ServiceError::Shut(shut)) => shut,
            Err(other) => return Err(other.into()),
            Ok(_) => return Err(Failure::storage("the gate opened what it should have refused")),
        };
        self.refusals = self.refusals.saturating_add(1);
        self.show_entry(shut.entry).await?;
        for because in shut.because.iter().filter(|because| !because.met) {
            let remedy = because.remedy.as_ref().map(program::access::Remedy::sentence).unwrap_or_default();
            self.say(&format!("refused, {}: {}. {remedy}", because.condition, because.why))?;
        }
        Ok(())
    }

    pub(super) async fn show_entry(&mut self, position: u64) -> Result<(), Failure> {
        let view = self.service.entry(&self.operator(), position).await?;
        self.acts.push(json!({ "entry": position, "kind": view.kind, "sentence": view.sentence }));
        if self.out.json { Ok(()) } else { self.line(position, &view.sentence) }
    }

    pub(super) async fn show_all(&mut self, entries: &[program::Recorded]) -> Result<(), Failure> {
        for recorded in entries {
            self.show_entry(recorded.position).await?;
        }
        Ok(())
    }

    /// Seals one of the files that come with the program.
    pub(super) async fn seal(
        &mut self,
        person: PersonId,
        upload: service::Upload,
        bytes: &'static [u8],
    ) -> Result<DocumentId, Failure> {
        let content = stream::iter([Ok(Bytes::from_static(bytes))]);
        let done = self.service.add_document(&self.by(person), upload, content).await?;
        self.tell(&done)?;
        match done.event() {
            Some(Event::Documents(event)) => Ok(event.about().0),
            _ => Err(Failure::storage("the document was not recorded")),
        }
    }

    pub(super) async fn verify(&mut self, config: &Config, passphrase: &Passphrase) -> Result<(), Failure> {
        self.scene("Is the record whole?")?;
        let verified = Service::verify(config, passphrase, |_, _| {}).await?;
        let text = format!(
            "verified {} entries, each one recomputed, in {:.2} s; root {}",
            verified.entries,
            verified.took.as_secs_f64(),
            verified.root
        );
        self.acts.push(json!({ "verified": verified.entries, "root": verified.root }));
        self.say(&text)
    }

    /// The last words: what was shown, and where to look.
    pub(super) fn end(
        &self,
        data: &Path,
        kept: bool,
        passphrase: &str,
        accounts: &[(String, String)],
    ) -> Result<(), Failure> {
        let accounts: Vec<Value> =
            accounts.iter().map(|(mail, role)| json!({ "mail": mail, "role": role })).collect();
        self.out.either(
            || json!({ "acts": self.acts, "refusals": self.refusals, "data": data, "accounts": accounts }),
            |out| {
                out.line("")?;
                if kept {
                    out.line(format!(
                        "The record is in {}; its passphrase is `{passphrase}`.",
                        data.display()
                    ))?;
                }
                out.line("Done. Every line above is an entry that `ringfence record show N` proves.")
            },
        )
    }
}
