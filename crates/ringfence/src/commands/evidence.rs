//! `ringfence evidence`: what a stranger can check, and who outside vouches for the record.

mod check;

use crate::errors::{Code, Failure};
use crate::output;
use crate::session::{Options, Session};
use crate::{commands::person, lookup};
use clap::{Args, Subcommand};
use futures::TryStreamExt;
use program::DocumentId;
use program::evidence::{Authority, Progress, Witness};
use serde_json::{Value, json};
use service::{Anchoring, ExportPlan, Exporting, ShownFields};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

/// A root certificate file is small.
const LONGEST_PEM: u64 = 1 << 20;

/// Evidence.
#[derive(Debug, Subcommand)]
pub(crate) enum Evidence {
    /// Show what an export would disclose; records and hands out nothing
    Plan(Selection),
    /// Export evidence about a secret as one file that a stranger verifies without us
    Export {
        #[command(flatten)]
        selection: Selection,
        /// For whom: stands in the record, not in the file
        #[arg(long)]
        recipient: String,
        /// What for: stands in the record, not in the file
        #[arg(long)]
        purpose: String,
        /// The file to write; it must not exist yet
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Prove that a version of a secret and its documents existed, and disclose nothing of them
    Prove {
        /// Which secret
        #[arg(long)]
        secret: String,
        /// Which version [default: the newest]
        #[arg(long)]
        number: Option<u32>,
        /// For whom: stands in the record, not in the file
        #[arg(long)]
        recipient: String,
        /// What for: stands in the record, not in the file
        #[arg(long)]
        purpose: String,
        /// The proof to write; the file must not exist yet
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Write here what it takes to check the description too; keep it apart from the proof
        #[arg(long, value_name = "FILE")]
        salt_out: Option<PathBuf>,
    },
    /// Check originals against such a proof; needs no record
    Check(check::Check),
    /// Ask all witnesses and time-stamping authorities now
    Anchor,
    /// Who vouches for the record, and up to where
    Status,
    /// Witnesses, who cosign what continues what they have seen
    #[command(subcommand)]
    Witness(Voucher<NewWitness>),
    /// Time-stamping authorities (RFC 3161), who say when
    #[command(subcommand)]
    Authority(Voucher<NewAuthority>),
}

/// What goes into an export.
#[derive(Debug, Args)]
pub(crate) struct Selection {
    /// About which secret
    #[arg(long)]
    secret: String,
    /// As it stood at this moment: a day (its end), or an exact time [default: now]
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// Show these fields alone: `purpose`, or `access.requested.purpose` for one kind of entry
    #[arg(long, value_name = "FIELD", value_delimiter = ',')]
    fields: Vec<String>,
    /// Withhold these fields
    #[arg(long, value_name = "FIELD", value_delimiter = ',')]
    redact: Vec<String>,
    /// Documents whose bytes go in; each has to open for the person named by --as
    #[arg(long, value_name = "DOCUMENT", value_delimiter = ',')]
    documents: Vec<DocumentId>,
    /// Leave the texts of agreements out
    #[arg(long)]
    without_agreements: bool,
}

/// What can be done to those who vouch.
#[derive(Debug, Subcommand)]
pub(crate) enum Voucher<N: Args> {
    /// Name one more
    Add(N),
    /// Ask this one no more
    Remove {
        /// Its name
        name: String,
        /// How many witnesses have to cosign from now on [default: as many as before, as far as there are so many]
        #[arg(long)]
        quorum: Option<u32>,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// List them
    List,
}

/// A witness.
#[derive(Debug, Args)]
pub(crate) struct NewWitness {
    /// What people call it
    name: String,
    /// Its key, as `ringfence witness init` printed it
    #[arg(long)]
    key: String,
    /// Where it is asked, such as https://witness.example.com/
    #[arg(long)]
    address: String,
    /// How many witnesses have to cosign [default: as many as before, at least one]
    #[arg(long)]
    quorum: Option<u32>,
    /// Why
    #[arg(long)]
    reason: String,
}

/// A time-stamping authority.
#[derive(Debug, Args)]
pub(crate) struct NewAuthority {
    /// What people call it
    name: String,
    /// Where it is asked, such as http://tsa.example.com/
    #[arg(long)]
    address: String,
    /// Its root certificate, PEM
    #[arg(long, value_name = "FILE")]
    root: PathBuf,
    /// Why
    #[arg(long)]
    reason: String,
}

impl Evidence {
    pub(crate) async fn run(self, options: &Options) -> Result<(), Failure> {
        if let Evidence::Check(check) = self {
            return check.run(&options.output());
        }
        if let Evidence::Export { out, .. } | Evidence::Prove { out, .. } = &self {
            free(out)?;
        }
        let session = Session::open(options).await?;
        session.service.refresh().await?;
        match self {
            Evidence::Plan(selection) => {
                let wanted = selection.read(&session, "nobody yet", "a preview")?;
                let plan = session.service.plan_export(&session.actor, &wanted).await?;
                tell_plan(&session, &plan)?;
            }
            Evidence::Export { selection, recipient, purpose, out } => {
                let wanted = selection.read(&session, &recipient, &purpose)?;
                export(&session, &wanted, &out).await?;
            }
            Evidence::Prove { secret, number, recipient, purpose, out, salt_out } => {
                let secret = lookup::secret(&session.state(), &session.actor, session.now(), &secret)?;
                let newest = session.state().secrets.get(secret).map_or(1, program::secrets::Secret::version);
                let version = number.unwrap_or(newest);
                if let Some(path) = &salt_out {
                    let salt = session.service.description_salt(&session.actor, secret, version).await?;
                    let text = serde_json::to_vec_pretty(&salt)
                        .map_err(|error| Failure::storage(error.to_string()))?;
                    super::record::new_file(path, &text)?;
                }
                let wanted = Exporting {
                    secret,
                    as_of: None,
                    fields: ShownFields::default(),
                    existence: Some(version),
                    documents: BTreeSet::new(),
                    agreements: false,
                    recipient: lookup::line("recipient", &recipient)?,
                    purpose: lookup::text("purpose", &purpose)?,
                };
                export(&session, &wanted, &out).await?;
            }
            Evidence::Check(_) => {}
            Evidence::Anchor => tell_anchoring(&session, &session.service.anchor(&session.actor).await?)?,
            Evidence::Status => status(&session)?,
            Evidence::Witness(act) => witness(&session, act).await?,
            Evidence::Authority(act) => authority(&session, act).await?,
        }
        session.close().await;
        Ok(())
    }
}

impl Selection {
    fn read(&self, session: &Session, recipient: &str, purpose: &str) -> Result<Exporting, Failure> {
        let secret = lookup::secret(&session.state(), &session.actor, session.now(), &self.secret)?;
        let named =
            |names: &[String]| names.iter().map(|name| name.trim().to_owned()).collect::<BTreeSet<_>>();
        Ok(Exporting {
            secret,
            as_of: self.as_of.as_deref().map(|text| lookup::moment(text, &session.zone())).transpose()?,
            fields: ShownFields {
                only: (!self.fields.is_empty()).then(|| named(&self.fields)),
                withheld: named(&self.redact),
            },
            documents: self.documents.iter().copied().collect(),
            agreements: !self.without_agreements,
            existence: None,
            recipient: lookup::line("recipient", recipient)?,
            purpose: lookup::text("purpose", purpose)?,
        })
    }
}

/// Nothing is written over: a bundle that was handed out is kept as it is.
fn free(out: &Path) -> Result<(), Failure> {
    if out.exists() {
        return Err(Failure::input(format!("`{}` is there already", out.display()))
            .remedy("name a file that does not exist yet"));
    }
    Ok(())
}

async fn export(session: &Session, wanted: &Exporting, out: &Path) -> Result<(), Failure> {
    let bundle = session.service.export(&session.actor, wanted).await?;
    let (entry, entries, withheld, length) = (bundle.entry, bundle.entries, bundle.withheld, bundle.length());
    let manifest = bundle.manifest;
    let failed =
        |error: std::io::Error| Failure::storage(format!("`{}` cannot be written: {error}", out.display()));
    // Beside it first: what has the name is whole.
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    let bar = output::progress(session.out.json, "writing", length, true);
    let mut content = bundle.stream()?;
    while let Some(piece) = content.try_next().await.map_err(failed)? {
        file.write_all(&piece).map_err(failed)?;
        bar.inc(piece.len() as u64);
    }
    bar.finish_and_clear();
    file.as_file().sync_all().map_err(failed)?;
    file.persist_noclobber(out).map_err(|error| failed(error.error))?;
    session.out.either(
        || {
            json!({
                "file": out, "bytes": length, "entry": entry, "entries": entries, "withheld": withheld,
                "manifest": manifest, "verifier": session.service.verifier_key(),
            })
        },
        |told| {
            told.line(format!(
                "`{}`: {entries} entries, {withheld} fields withheld, {length} bytes",
                out.display()
            ))?;
            told.line(format!("recorded as entry {entry}"))?;
            output::note(format!(
                "verify it with\nringfence-verify {} --key {}",
                out.display(),
                session.service.verifier_key()
            ));
            Ok(())
        },
    )
}

fn tell_plan(session: &Session, plan: &ExportPlan) -> Result<(), Failure> {
    let (state, zone) = (session.state(), session.zone());
    session.out.either(
        || {
            let entries = plan.entries.iter().map(|entry| {
                let shown: serde_json::Map<String, Value> = entry.shown.iter().cloned().collect();
                json!({
                    "entry": entry.position, "time": entry.time.rfc3339(), "kind": entry.kind,
                    "shown": shown, "withheld": entry.withheld,
                })
            });
            let documents = plan.documents.iter().map(|document| {
                json!({ "document": document.id, "name": document.name, "opens": document.opens, "chosen": document.chosen })
            });
            let who = plan.who.iter().map(|row| json!({ "person": row.person, "opens": row.opens, "failing": row.failing }));
            json!({
                "as_of": plan.as_of.rfc3339(),
                "entries": entries.collect::<Vec<_>>(),
                "withheld": plan.withheld,
                "documents": documents.collect::<Vec<_>>(),
                "agreements": plan.agreements,
                "who": who.collect::<Vec<_>>(),
            })
        },
        |out| {
            out.line(format!("As it stood on {}:", plan.as_of.for_people(&zone)))?;
            let rows: Vec<Vec<String>> = plan
                .entries
                .iter()
                .map(|entry| {
                    let shown: Vec<&str> = entry.shown.iter().map(|(name, _)| name.as_str()).collect();
                    vec![
                        entry.position.to_string(),
                        entry.time.for_people(&zone),
                        entry.kind.clone(),
                        shown.join(", "),
                        entry.withheld.join(", "),
                    ]
                })
                .collect();
            out.table(&["Entry", "Time", "Kind", "Shown", "Withheld"], &rows)?;
            let rows: Vec<Vec<String>> = plan
                .documents
                .iter()
                .map(|document| {
                    let opens = if document.opens { "opens for you" } else { "does not open for you here" };
                    let chosen = if document.chosen { "goes in" } else { "" };
                    vec![document.id.to_string(), document.name.clone(), opens.to_owned(), chosen.to_owned()]
                })
                .collect();
            out.table(&["Document", "Name", "", ""], &rows)?;
            let opens = plan.who.iter().filter(|row| row.opens).map(|row| person::name(&state, row.person));
            let opens: Vec<String> = opens.collect();
            let opens = if opens.is_empty() { "nobody".to_owned() } else { opens.join(", ") };
            out.line(format!("It opened then for: {opens}"))
        },
    )
}

fn tell_anchoring(session: &Session, anchoring: &Anchoring) -> Result<(), Failure> {
    let Some(entry) = anchoring.entry else {
        let failed = anchoring
            .vouchers
            .iter()
            .filter_map(|voucher| voucher.failed.as_ref().map(|why| format!("{} {why}", voucher.name)));
        let failed: Vec<String> = failed.collect();
        let said = format!("nobody vouched for the record, and nothing was recorded: {}", failed.join("; "));
        return Err(Failure::new(Code::Refused, "standing", said)
            .remedy("see that they can be reached; whoever says that the record is another one has kept what they saw"));
    };
    session.out.either(
        || {
            let vouchers = anchoring.vouchers.iter().map(|voucher| {
                json!({
                    "name": voucher.name,
                    "vouched": voucher.failed.is_none(),
                    "reason": voucher.failed,
                    "revocation_missing": voucher.revocation_missing,
                })
            });
            json!({ "size": anchoring.size, "entry": entry, "vouchers": vouchers.collect::<Vec<_>>() })
        },
        |out| {
            for voucher in &anchoring.vouchers {
                match &voucher.failed {
                    None => {
                        out.line(format!(
                            "{} vouches for the first {} entries",
                            voucher.name, anchoring.size
                        ))?;
                        if let Some(why) = &voucher.revocation_missing {
                            out.line(format!(
                                "  whether its certificates were revoked could not be asked: {why}"
                            ))?;
                        }
                    }
                    Some(why) => out.line(format!("{} {why}", voucher.name))?,
                }
            }
            out.line(format!("recorded as entry {entry}"))
        },
    )
}

fn status(session: &Session) -> Result<(), Failure> {
    let (state, zone) = (session.state(), session.zone());
    if !program::evidence::may_see_anchors(&state, &session.actor, session.now()) {
        return Err(program::Refusal::role(
            "see who vouches for the record",
            "whoever oversees the programme",
        )
        .into());
    }
    let evidence = &state.evidence;
    session.out.either(
        || {
            let standings = evidence.standings.iter().map(|standing| {
                let last = standing.last.as_ref();
                json!({
                    "name": standing.name,
                    "since": standing.since.rfc3339(),
                    "seen": last.map(|anchor| anchor.size),
                    "seen_at": last.map(|anchor| anchor.time.rfc3339()),
                    "late": evidence.is_late(standing, session.now()),
                    "revocation_lists": evidence.is_authority(&standing.name).then_some(standing.lists.len()),
                    "revocation_missing": standing.revocation_missing,
                })
            });
            json!({
                "quorum": evidence.quorum,
                "anchors": evidence.anchors,
                "news": evidence.has_news(),
                "vouchers": standings.collect::<Vec<_>>(),
                "verifier": session.service.verifier_key(),
            })
        },
        |out| {
            if evidence.standings.is_empty() {
                return out.line(
                    "Nobody outside vouches for this record: its times are this machine's, and only you know that there is \
                     no other. Name a witness with `ringfence evidence witness add`.",
                );
            }
            let rows: Vec<Vec<String>> = evidence
                .standings
                .iter()
                .map(|standing| {
                    let seen = standing.last.as_ref();
                    vec![
                        standing.name.to_string(),
                        progress(evidence.progress(standing, session.now())),
                        seen.map(|anchor| anchor.size.to_string()).unwrap_or_default(),
                        seen.map(|anchor| anchor.time.for_people(&zone)).unwrap_or_default(),
                        revocation(evidence, standing),
                    ]
                })
                .collect();
            out.table(&["Name", "State", "Entries seen", "On", "Revoked certificates"], &rows)?;
            out.line(match evidence.quorum {
                1 => "1 witness has to cosign.".to_owned(),
                quorum => format!("{quorum} witnesses have to cosign."),
            })
        },
    )
}

fn progress(progress: Progress) -> String {
    match progress {
        Progress::Late => "late".to_owned(),
        Progress::Unanswered => "has not answered yet".to_owned(),
        Progress::Behind(1) => "has yet to see 1 entry".to_owned(),
        Progress::Behind(entries) => format!("has yet to see {entries} entries"),
        Progress::Complete => "has seen everything".to_owned(),
    }
}

/// What is kept about revoked certificates with the newest token of an authority.
fn revocation(evidence: &program::evidence::Evidence, standing: &program::evidence::Standing) -> String {
    match (&standing.revocation_missing, standing.lists.len()) {
        _ if standing.last.is_none() || !evidence.is_authority(&standing.name) => String::new(),
        (Some(why), _) => format!("not asked: {why}"),
        (None, 1) => "1 list kept".to_owned(),
        (None, lists) => format!("{lists} lists kept"),
    }
}

async fn witness(session: &Session, act: Voucher<NewWitness>) -> Result<(), Failure> {
    let state = session.state();
    let mut witnesses = state.evidence.witnesses.clone();
    let (quorum, reason) = match act {
        Voucher::List => {
            let rows = witnesses
                .iter()
                .map(|one| [one.name.to_string(), one.address.to_string(), one.key.to_string()]);
            return list(session, &["Name", "Address", "Key"], rows.collect());
        }
        Voucher::Add(new) => {
            witnesses.push(Witness {
                name: lookup::line("name", &new.name)?,
                key: lookup::line("key", &new.key)?,
                address: lookup::line("address", &new.address)?,
            });
            (new.quorum.unwrap_or(state.evidence.quorum.max(1)), new.reason)
        }
        Voucher::Remove { name, quorum, reason } => {
            remove(&mut witnesses, &name, |one| one.name.as_str())?;
            let most = u32::try_from(witnesses.len()).unwrap_or(u32::MAX);
            (quorum.unwrap_or(state.evidence.quorum.min(most)), reason)
        }
    };
    let reason = lookup::text("reason", &reason)?;
    let done = session.service.set_witnesses(&session.actor, witnesses, quorum, reason).await?;
    session.recorded(&done, json!({ "quorum": quorum }))
}

async fn authority(session: &Session, act: Voucher<NewAuthority>) -> Result<(), Failure> {
    let mut authorities = session.state().evidence.authorities.clone();
    let reason = match act {
        Voucher::List => {
            let rows =
                authorities.iter().map(|one| [one.name.to_string(), one.address.to_string(), String::new()]);
            return list(session, &["Name", "Address", ""], rows.collect());
        }
        Voucher::Add(new) => {
            let root = String::from_utf8(lookup::read(&new.root, LONGEST_PEM)?);
            let root = root.map_err(|_| Failure::input(format!("`{}` is not PEM", new.root.display())))?;
            authorities.push(Authority {
                name: lookup::line("name", &new.name)?,
                address: lookup::line("address", &new.address)?,
                root: lookup::text("root", &root)?,
            });
            new.reason
        }
        Voucher::Remove { name, reason, .. } => {
            remove(&mut authorities, &name, |one| one.name.as_str())?;
            reason
        }
    };
    let reason = lookup::text("reason", &reason)?;
    let done = session.service.set_authorities(&session.actor, authorities, reason).await?;
    session.recorded(&done, json!({}))
}

fn remove<T>(all: &mut Vec<T>, name: &str, of: impl Fn(&T) -> &str) -> Result<(), Failure> {
    let before = all.len();
    all.retain(|one| of(one) != name);
    if all.len() == before {
        return Err(program::Refusal::unknown(name.escape_debug()).into());
    }
    Ok(())
}

fn list(session: &Session, heads: &[&str; 3], rows: Vec<[String; 3]>) -> Result<(), Failure> {
    if !program::evidence::may_see_anchors(&session.state(), &session.actor, session.now()) {
        return Err(program::Refusal::role(
            "see who vouches for the record",
            "whoever oversees the programme",
        )
        .into());
    }
    session.out.either(
        || {
            let rows = rows
                .iter()
                .map(|[name, address, key]| json!({ "name": name, "address": address, "key": key }));
            Value::Array(rows.collect())
        },
        |out| {
            let rows: Vec<Vec<String>> = rows.iter().map(|row| row.to_vec()).collect();
            out.table(heads, &rows)
        },
    )
}
