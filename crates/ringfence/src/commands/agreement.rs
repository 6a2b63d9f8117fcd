//! `ringfence agreement`: publishing agreements, asking people to sign, and signing at the local shell.

use crate::commands::{person, secret};
use crate::errors::Failure;
use crate::session::{Options, Session};
use crate::{lookup, output};
use clap::{Args, Subcommand};
use program::agreements::{self, CONSENT, Command, Covers, Media, Signing, Standing};
use program::people::Role;
use program::secrets::Tier;
use program::{AgreementId, Event, PersonId, Refusal};
use serde_json::{Value, json};
use service::{AgreementText, NewVersion, shown_by};
use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;

/// The largest file taken, in bytes; Markdown and PDF have their own limits below it.
const LARGEST_FILE: u64 = 32 << 20;

/// Agreements.
#[derive(Debug, Subcommand)]
pub(crate) enum Agreement {
    /// Publish an agreement, or a new version of one, from Markdown or PDF
    Publish(Publish),
    /// Ask people to sign
    Assign {
        /// What
        agreement: String,
        /// Whom: all or none
        #[arg(required_unless_present = "everyone")]
        people: Vec<String>,
        /// Everybody who works here now and has not signed
        #[arg(long, conflicts_with = "people")]
        everyone: bool,
        /// By when
        #[arg(long, value_name = "DATE")]
        due: Option<String>,
    },
    /// Read an agreement to its end and sign it, as the person named by --as
    Sign {
        /// What
        agreement: String,
        /// The signer's name, typed: the signature [otherwise: asked for]
        #[arg(long)]
        name: Option<String>,
        /// The text was read to its end
        #[arg(long, requires = "name")]
        read_to_end: bool,
        /// The signer agrees to the sentence that `sign` shows, and to sign electronically
        #[arg(long, requires = "name")]
        consent: bool,
    },
    /// Refuse to sign, as the person named by --as
    Decline {
        /// What
        agreement: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Record a signed paper copy
    Paper {
        /// What
        agreement: String,
        /// Who signed
        person: String,
        /// The scan, as PDF
        scan: PathBuf,
        /// When it was signed
        #[arg(long, value_name = "DATE")]
        signed_on: String,
        /// The name on the paper [default: the person's]
        #[arg(long)]
        name: Option<String>,
        /// The version that was signed [default: the newest]
        #[arg(long)]
        version: Option<u32>,
    },
    /// Somebody need not sign after all
    Cancel {
        /// What
        agreement: String,
        /// Who
        person: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// End an agreement: signatures under it no longer count
    Withdraw {
        /// What
        agreement: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// List agreements
    List {
        /// Where this person stands with each
        #[arg(long)]
        person: Option<String>,
    },
    /// The text of an agreement
    Show {
        /// What
        agreement: String,
        /// Which version [default: the newest]
        #[arg(long)]
        version: Option<u32>,
    },
}

/// Publish a version.
#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// The text: Markdown (UTF-8) or PDF; `-` for standard input
    file: PathBuf,
    /// What it is called [default for a new version: as before]
    #[arg(long, required_unless_present = "agreement")]
    title: Option<String>,
    /// The agreement of which this is a new version
    #[arg(long)]
    agreement: Option<String>,
    /// It covers the secrets of this tier; may be given several times [default: every secret]
    #[arg(long = "tier", value_parser = secret::tier)]
    tiers: Vec<Tier>,
    /// It covers this secret; may be given several times
    #[arg(long = "secret", conflicts_with = "tiers")]
    secrets: Vec<String>,
    /// In force for so many days after signing [default: without end]
    #[arg(long, value_name = "DAYS")]
    term_days: Option<u32>,
    /// Signatures under earlier versions still suffice
    #[arg(long)]
    keeps_signatures: bool,
    /// By when those asked again have to sign
    #[arg(long, value_name = "DATE")]
    due: Option<String>,
    /// Signing needs a second factor, so it is done in a browser
    #[arg(long)]
    second_factor: bool,
    /// What changed and why
    #[arg(long)]
    note: Option<String>,
}

impl Agreement {
    pub(crate) async fn run(self, options: &Options) -> Result<(), Failure> {
        let session = Session::open(options).await?;
        let found = |text: &str| lookup::agreement(&session.state(), text);
        let whom = |text: &str| lookup::person(&session.state(), text);
        match self {
            Agreement::Publish(publish) => publish.run(&session).await?,
            Agreement::Assign { agreement, people, everyone, due } => {
                let agreement = found(&agreement)?;
                let due = due.map(|due| lookup::until("due", &due, &session.zone())).transpose()?;
                let people = if everyone {
                    unsigned(&session, agreement)
                } else {
                    people.iter().map(|person| whom(person)).collect::<Result<_, _>>()?
                };
                session.act(Command::Assign { agreement, people, due }).await?;
            }
            Agreement::Sign { agreement, name, read_to_end, consent } => {
                let agreement = found(&agreement)?;
                let given = name.map(|name| Given { name, read_to_end, consent });
                sign(&session, agreement, given).await?;
            }
            Agreement::Decline { agreement, reason } => {
                let reason = lookup::text("reason", &reason)?;
                session.act(Command::Decline { agreement: found(&agreement)?, reason }).await?;
            }
            Agreement::Paper { agreement, person, scan, signed_on, name, version } => {
                let (id, person) = (found(&agreement)?, whom(&person)?);
                let state = session.state();
                let newest = state.agreements.get(id).and_then(agreements::Agreement::newest);
                let version = version.or_else(|| newest.map(|newest| newest.number)).unwrap_or(1);
                let name = match name {
                    Some(name) => lookup::line("name", &name)?,
                    None => state
                        .people
                        .get(person)
                        .map(|p| p.name.clone())
                        .ok_or_else(|| Refusal::unknown(person))?,
                };
                let signed_on = lookup::from("signed_on", &signed_on, &session.zone())?;
                let bytes = lookup::read(&scan, LARGEST_FILE)?;
                let service = &session.service;
                let done = service
                    .record_paper(
                        &session.actor,
                        service::PaperCopy { agreement: id, version, person, name, signed_on, scan: bytes },
                    )
                    .await?;
                session.recorded(&done, json!({}))?;
            }
            Agreement::Cancel { agreement, person, reason } => {
                let (agreement, person) = (found(&agreement)?, whom(&person)?);
                let reason = lookup::text("reason", &reason)?;
                session.act(Command::CancelAssignment { agreement, person, reason }).await?;
            }
            Agreement::Withdraw { agreement, reason } => {
                let reason = lookup::text("reason", &reason)?;
                session.act(Command::Withdraw { agreement: found(&agreement)?, reason }).await?;
            }
            Agreement::List { person } => list(&session, person.as_deref().map(whom).transpose()?)?,
            Agreement::Show { agreement, version } => {
                let id = found(&agreement)?;
                let newest = session.state().agreements.get(id).and_then(|a| a.newest().map(|v| v.number));
                let version = version.or(newest).ok_or_else(|| Refusal::unknown(id))?;
                let text = session.service.agreement_text(&session.actor, id, version).await?;
                if session.out.json {
                    let shown = (text.media == Media::Markdown).then(|| String::from_utf8_lossy(&text.bytes));
                    session.out.document(&json!({
                        "agreement": id, "version": text.version, "sha256": text.digest, "media": text.media, "text": shown,
                    }))?;
                } else {
                    session.out.bytes(&text.bytes)?;
                }
            }
        }
        session.close().await;
        Ok(())
    }
}

impl Publish {
    async fn run(self, session: &Session) -> Result<(), Failure> {
        let (state, zone) = (session.state(), session.zone());
        let agreement = self.agreement.map(|agreement| lookup::agreement(&state, &agreement)).transpose()?;
        let before = agreement.and_then(|id| state.agreements.get(id)).map(agreements::Agreement::title);
        let title = self.title.as_deref().or(before).unwrap_or_default();
        let covers = if !self.tiers.is_empty() {
            Covers::Tiers(self.tiers.into_iter().collect())
        } else if self.secrets.is_empty() {
            Covers::Everything
        } else {
            let secrets =
                self.secrets.iter().map(|text| lookup::secret(&state, &session.actor, session.now(), text));
            Covers::Secrets(secrets.collect::<Result<_, _>>()?)
        };
        let new = NewVersion {
            agreement,
            title: lookup::line("title", title)?,
            bytes: lookup::read(&self.file, LARGEST_FILE)?,
            covers,
            term_days: self.term_days,
            resign: !self.keeps_signatures,
            due: self.due.map(|due| lookup::until("due", &due, &zone)).transpose()?,
            second_factor: self.second_factor,
            note: lookup::note(self.note.as_deref())?,
        };
        let done = session.service.publish_agreement(&session.actor, new).await?;
        let id = match done.event() {
            Some(Event::Agreements(event)) => Some(event.agreement()),
            _ => None,
        };
        session.recorded(&done, json!({ "agreement": id }))
    }
}

/// What a signer gave on the command line instead of at the terminal.
struct Given {
    name: String,
    read_to_end: bool,
    consent: bool,
}

async fn sign(session: &Session, agreement: AgreementId, given: Option<Given>) -> Result<(), Failure> {
    if given.is_none() {
        // That it was shown is an entry: nothing may say so where it cannot be shown.
        can_ask(session, agreement)?;
    }
    let text = session.service.show_agreement(&session.actor, agreement).await?;
    let given = match given {
        Some(given) => given,
        None => ask(session, &text)?,
    };
    let signing = Signing {
        agreement,
        version: text.version,
        digest: text.digest,
        shown: shown_by(&session.actor, text.media),
        read_to_end: given.read_to_end,
        consents: given.consent,
        typed_name: lookup::line("name", &given.name)?,
    };
    let done = session.service.sign_agreement(&session.actor, signing).await?;
    session.recorded(&done, json!({ "agreement": agreement, "version": text.version, "sha256": text.digest }))
}

/// Is there somebody at a terminal, and a text that a terminal can show?
fn can_ask(session: &Session, agreement: AgreementId) -> Result<(), Failure> {
    if !std::io::stdin().is_terminal() || session.out.json {
        return Err(Failure::input("there is no terminal to read and sign at")
            .remedy("read it with `agreement show`, then give --name NAME --read-to-end --consent"));
    }
    let state = session.state();
    let newest = state.agreements.get(agreement).and_then(agreements::Agreement::newest);
    if newest.is_some_and(|newest| newest.text.media == Media::Pdf) {
        return Err(Failure::input("a PDF cannot be shown in a terminal").remedy(
            "save it with `agreement show`, read it, then give --name NAME --read-to-end --consent",
        ));
    }
    Ok(())
}

/// Shows the text at the terminal, and asks for what a signature needs.
fn ask(session: &Session, text: &AgreementText) -> Result<Given, Failure> {
    session.out.line(String::from_utf8_lossy(&text.bytes))?;
    output::note(format!("\nVersion {}, SHA-256 {}.\n\n{CONSENT}\n", text.version, text.digest));
    output::note(
        "Type `yes` if you have read it to its end and agree to this; anything else leaves it unsigned:",
    );
    let agreed = typed()? == "yes";
    let name = if agreed {
        output::note("Your name, as your signature:");
        typed()?
    } else {
        return Err(Failure::input("it was not signed").remedy("to refuse it, use `agreement decline`"));
    };
    Ok(Given { name, read_to_end: true, consent: true })
}

fn typed() -> Result<String, Failure> {
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.map_err(|error| Failure::input(format!("nothing could be read: {error}")))?;
    Ok(line.trim().to_owned())
}

/// Everybody who works here now, has not been asked and is not bound by it.
fn unsigned(session: &Session, agreement: AgreementId) -> Vec<PersonId> {
    let (state, now) = (session.state(), session.now());
    let here = state.people.iter().filter(|person| person.is_active(now)).map(|person| person.id);
    let bound = |id: &PersonId| match state.agreements.standing(*id, agreement) {
        Standing::Signed { current, ends, .. } => current && ends.is_none_or(|ends| now < ends),
        Standing::Assigned { .. } => true,
        Standing::NotAssigned | Standing::Declined(_) => false,
    };
    here.filter(|id| !bound(id)).collect()
}

fn list(session: &Session, of: Option<PersonId>) -> Result<(), Failure> {
    let (state, now) = (session.state(), session.now());
    if let Some(of) = of {
        person::may_look(session, of)?;
    }
    // Need-to-know holds for agreements too: others than those who run them see their own.
    let runs =
        [Role::Counsel, Role::HumanResources, Role::Auditor, Role::SecurityOfficer, Role::Administrator];
    let all = session.actor.holds(&state, now, &runs);
    let own = |id| match session.actor.person {
        Some(me) => state.agreements.standing(me, id) != Standing::NotAssigned,
        None => false,
    };
    let listed = state.agreements.iter().filter(|agreement| all || own(agreement.id));
    let of = of.or(session.actor.person.filter(|_| !all));
    let rows = listed.map(|agreement| {
        let parties: Vec<PersonId> = state.agreements.parties(agreement.id).collect();
        let count = |wanted: fn(&Standing) -> bool| {
            parties.iter().filter(|person| wanted(&state.agreements.standing(**person, agreement.id))).count()
        };
        let signed = count(|standing| matches!(standing, Standing::Signed { current: true, .. }));
        let waits = count(|standing| matches!(standing, Standing::Assigned { .. }));
        let standing = of.map(|of| standing(&state.agreements.standing(of, agreement.id)));
        (agreement, signed, waits, standing)
    });
    let rows: Vec<_> = rows.collect();
    session.out.either(
        || {
            let rows = rows.iter().map(|(agreement, signed, waits, standing)| {
                let newest = agreement.newest();
                json!({
                    "id": agreement.id,
                    "title": agreement.title(),
                    "version": newest.map(|version| version.number),
                    "covers": newest.map(|version| &version.covers),
                    "second_factor": newest.map(|version| version.second_factor),
                    "withdrawn": agreement.withdrawn.as_ref().map(|withdrawn| &withdrawn.reason),
                    "signed": signed,
                    "waiting": waits,
                    "standing": standing,
                })
            });
            Value::Array(rows.collect())
        },
        |out| {
            let rows: Vec<Vec<String>> = rows
                .iter()
                .map(|(agreement, signed, waits, standing)| {
                    let version =
                        agreement.newest().map(|version| version.number.to_string()).unwrap_or_default();
                    let last = match (standing, &agreement.withdrawn) {
                        (_, Some(_)) => "withdrawn".to_owned(),
                        (Some(standing), None) => standing.clone(),
                        (None, None) => "in use".to_owned(),
                    };
                    let (signed, waits) = (signed.to_string(), waits.to_string());
                    vec![agreement.id.to_string(), agreement.title().to_owned(), version, signed, waits, last]
                })
                .collect();
            out.table(&["Id", "Title", "Version", "Signed", "Waiting", "Standing"], &rows)
        },
    )
}

fn standing(standing: &Standing) -> String {
    match standing {
        Standing::NotAssigned => "not asked".to_owned(),
        Standing::Assigned { .. } => "to sign".to_owned(),
        Standing::Signed { version, current: true, .. } => format!("signed version {version}"),
        Standing::Signed { version, current: false, .. } => {
            format!("signed version {version}, which no longer suffices")
        }
        Standing::Declined(declined) => format!("declined: {}", declined.reason),
    }
}
