//! `ringfence secret`: the register of trade secrets.

use crate::commands::person;
use crate::errors::{Code, Failure, Row};
use crate::lookup;
use crate::session::{Options, Session};
use clap::{Args, Subcommand, ValueEnum};
use program::documents::{self, Document};
use program::secrets::{self, Amount, Command, Draft, FACTORS, Place, PlaceKind, Profile, Status, Tier};
use program::{Actor, Event, PersonId, Refusal, SecretId, State, Time};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// The largest file of secrets, in bytes.
const LARGEST_FILE: u64 = 64 << 20;

/// Secrets.
#[derive(Debug, Subcommand)]
pub(crate) enum Secret {
    /// Put one forward
    Add(Box<Add>),
    /// Put many forward from a CSV or JSON file, all or none
    Import {
        /// The file, `-` for standard input
        file: PathBuf,
        /// Only say what it would do
        #[arg(long)]
        dry_run: bool,
    },
    /// List the register
    List {
        /// Only this tier
        #[arg(long, value_parser = tier)]
        tier: Option<Tier>,
        /// Only those that stand like this
        #[arg(long)]
        status: Option<Standing>,
        /// Only this owner's
        #[arg(long, value_name = "PERSON")]
        owner: Option<String>,
    },
    /// One secret
    Show {
        /// Which
        secret: String,
        /// Open its precise description too: through the gate, with --as
        #[arg(long, conflicts_with = "as_of")]
        precise: bool,
        /// As it stood at this moment: a day (its end), or an exact time
        #[arg(long, value_name = "TIME")]
        as_of: Option<String>,
    },
    /// Take a submission into the register
    Accept {
        /// Which
        secret: String,
        /// A remark
        #[arg(long)]
        note: Option<String>,
    },
    /// Send a submission back
    Return {
        /// Which
        secret: String,
        /// What is missing
        #[arg(long)]
        reason: String,
    },
    /// Make a new version; what is not given stays as it is
    Revise(Box<Revise>),
    /// Confirm that it is still as the register says
    Review {
        /// Which
        secret: String,
        /// When to look again, within a year
        #[arg(long, value_name = "DATE")]
        next: String,
        /// What was found
        #[arg(long)]
        note: Option<String>,
    },
    /// End its time as a trade secret
    Retire {
        /// Which
        secret: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// The register as a file that `import` reads back; never the precise descriptions
    Export {
        /// How it is written [default: csv; json with --json]
        #[arg(long)]
        format: Option<Format>,
    },
}

/// How a register is written.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Format {
    /// Comma-separated values
    Csv,
    /// JSON
    Json,
}

/// Where a secret stands.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Standing {
    /// Waits for a reviewer
    Submitted,
    /// Sent back
    Returned,
    /// In the register
    Accepted,
    /// A secret no longer
    Retired,
}

/// Put a secret forward.
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// What it is called
    #[arg(long)]
    title: String,
    /// Who answers for it and approves access
    #[arg(long, value_name = "PERSON")]
    owner: String,
    /// confidential, restricted or crown-jewel
    #[arg(long, value_parser = tier)]
    tier: Tier,
    /// What it is about, in words that give nothing away
    #[arg(long)]
    summary: String,
    /// The department it belongs to [default: the owner's]
    #[arg(long)]
    department: Option<String>,
    #[command(flatten)]
    more: More,
}

/// Make a new version.
#[derive(Debug, Args)]
pub(crate) struct Revise {
    /// Which
    secret: String,
    /// The version the change was made from [default: the newest]
    #[arg(long)]
    from_version: Option<u32>,
    /// What changed and why
    #[arg(long)]
    note: Option<String>,
    /// What it is called
    #[arg(long)]
    title: Option<String>,
    /// Who answers for it
    #[arg(long, value_name = "PERSON")]
    owner: Option<String>,
    /// confidential, restricted or crown-jewel
    #[arg(long, value_parser = tier)]
    tier: Option<Tier>,
    /// What it is about
    #[arg(long)]
    summary: Option<String>,
    /// The department it belongs to
    #[arg(long)]
    department: Option<String>,
    #[command(flatten)]
    more: More,
}

/// What may be said of a secret besides.
#[derive(Debug, Args)]
struct More {
    /// What it precisely is, from a file, `-` for standard input: sealed under the secret's own key
    #[arg(long, value_name = "FILE")]
    precise_file: Option<PathBuf>,
    /// A computer system it lives in; may be given several times
    #[arg(long = "system", value_name = "NAME")]
    systems: Vec<String>,
    /// A room or cabinet it lives in
    #[arg(long = "room", value_name = "NAME")]
    rooms: Vec<String>,
    /// Another place it lives in
    #[arg(long = "place", value_name = "NAME")]
    others: Vec<String>,
    /// Somebody who knows it
    #[arg(long = "known-by", value_name = "PERSON")]
    known_by: Vec<String>,
    /// What it is worth, such as "250000 EUR: four years of contribution"
    #[arg(long, value_name = "AMOUNT")]
    value: Option<String>,
    /// What developing it cost
    #[arg(long, value_name = "AMOUNT")]
    cost: Option<String>,
    /// One of the six factors, as "measures=4: why": known-outside, known-inside, measures, value, effort, difficulty
    #[arg(long = "factor", value_name = "NAME=SCORE: WHY")]
    factors: Vec<String>,
    /// When it is to be looked at again
    #[arg(long, value_name = "DATE")]
    review: Option<String>,
}

impl Secret {
    pub(crate) async fn run(self, options: &Options) -> Result<(), Failure> {
        let session = Session::open(options).await?;
        let found = |text: &str| lookup::secret(&session.state(), &session.actor, session.now(), text);
        match self {
            Secret::Add(add) => add.run(&session).await?,
            Secret::Import { file, dry_run } => import(&session, &file, dry_run).await?,
            Secret::List { tier, status, owner } => {
                let owner = owner.map(|owner| lookup::person(&session.state(), &owner)).transpose()?;
                list(&session, |secret| {
                    tier.is_none_or(|tier| secret.tier() == tier)
                        && status.is_none_or(|status| secret.status == status.into())
                        && owner.is_none_or(|owner| secret.profile.owner == owner)
                })?;
            }
            Secret::Show { secret, precise, as_of } => {
                show(&session, found(&secret)?, precise, as_of.as_deref()).await?;
            }
            Secret::Accept { secret, note } => {
                let note = lookup::note(note.as_deref())?;
                session.act(Command::Accept { secret: found(&secret)?, note }).await?;
            }
            Secret::Return { secret, reason } => {
                let reason = lookup::text("reason", &reason)?;
                session.act(Command::Return { secret: found(&secret)?, reason }).await?;
            }
            Secret::Revise(revise) => revise.run(&session).await?,
            Secret::Review { secret, next, note } => {
                let next = lookup::from("next", &next, &session.zone())?;
                let note = lookup::note(note.as_deref())?;
                session.act(Command::Review { secret: found(&secret)?, next, note }).await?;
            }
            Secret::Retire { secret, reason } => {
                let reason = lookup::text("reason", &reason)?;
                session.act(Command::Retire { secret: found(&secret)?, reason }).await?;
            }
            Secret::Export { format } => {
                let (state, now) = (session.state(), session.now());
                let seen = seen(&state, &session.actor, now);
                let seen = seen.iter().map(AsRef::as_ref);
                match (format, session.out.json) {
                    (Some(Format::Json), _) | (None, true) => {
                        session.out.line(secrets::export_json(&state, seen))?;
                    }
                    (Some(Format::Csv) | None, _) => {
                        session.out.text(&secrets::export_csv(&state, seen), "csv")?;
                    }
                }
            }
        }
        session.close().await;
        Ok(())
    }
}

impl Add {
    async fn run(self, session: &Session) -> Result<(), Failure> {
        let state = session.state();
        let owner = lookup::person(&state, &self.owner)?;
        let department = match &self.department {
            Some(department) => lookup::line("department", department)?,
            None => state
                .people
                .get(owner)
                .map(|person| person.department.clone())
                .ok_or_else(|| Refusal::unknown(owner))?,
        };
        let mut profile = Profile {
            title: lookup::line("title", &self.title)?,
            owner,
            department,
            tier: self.tier,
            summary: lookup::text("summary", &self.summary)?,
            places: Vec::new(),
            known_by: std::collections::BTreeSet::new(),
            value: None,
            cost: None,
            factors: Default::default(),
            review: None,
        };
        let precise = self.more.apply(session, &mut profile)?;
        let draft = Draft { profile, precise };
        let done = session.service.act(&session.actor, Command::Submit(Box::new(draft))).await?;
        let id = match done.event() {
            Some(Event::Secrets(event)) => Some(event.secret()),
            _ => None,
        };
        session.recorded(&done, json!({ "secret": id }))
    }
}

impl Revise {
    async fn run(self, session: &Session) -> Result<(), Failure> {
        let state = session.state();
        let id = lookup::secret(&state, &session.actor, session.now(), &self.secret)?;
        let secret = state.secrets.get(id).ok_or_else(|| Refusal::unknown(id))?;
        let mut profile = secret.profile.clone();
        if let Some(title) = &self.title {
            profile.title = lookup::line("title", title)?;
        }
        if let Some(owner) = &self.owner {
            profile.owner = lookup::person(&state, owner)?;
        }
        if let Some(department) = &self.department {
            profile.department = lookup::line("department", department)?;
        }
        if let Some(summary) = &self.summary {
            profile.summary = lookup::text("summary", summary)?;
        }
        profile.tier = self.tier.unwrap_or(profile.tier);
        let precise = self.more.apply(session, &mut profile)?;
        let from_version = self.from_version.unwrap_or_else(|| secret.version());
        let note = lookup::note(self.note.as_deref())?;
        let draft = Box::new(Draft { profile, precise });
        session.act(Command::Revise { secret: id, from_version, draft, note }).await
    }
}

impl More {
    /// Sets what was given; answers with the precise description.
    fn apply(&self, session: &Session, profile: &mut Profile) -> Result<Option<program::Text>, Failure> {
        let state = session.state();
        let sorts = [
            (PlaceKind::System, &self.systems),
            (PlaceKind::Room, &self.rooms),
            (PlaceKind::Other, &self.others),
        ];
        if sorts.iter().any(|(_, names)| !names.is_empty()) {
            let named = sorts.iter().flat_map(|(sort, names)| names.iter().map(|name| (*sort, name)));
            let places = named.map(|(sort, name)| Ok(Place { sort, name: lookup::line("place", name)? }));
            profile.places = places.collect::<Result<_, Failure>>()?;
        }
        if !self.known_by.is_empty() {
            let people = self.known_by.iter().map(|person| lookup::person(&state, person));
            profile.known_by = people.collect::<Result<_, _>>()?;
        }
        if let Some(value) = &self.value {
            profile.value = Some(amount("value", value)?);
        }
        if let Some(cost) = &self.cost {
            profile.cost = Some(amount("cost", cost)?);
        }
        for factor in &self.factors {
            let (place, scored) = scored(factor)?;
            if let Some(slot) = profile.factors.get_mut(place) {
                *slot = Some(scored);
            }
        }
        if let Some(review) = &self.review {
            profile.review = Some(lookup::from("review", review, &session.zone())?);
        }
        let precise = self.precise_file.as_deref().map(lookup::read_text).transpose()?;
        precise.map(|precise| lookup::text("precise", &precise)).transpose()
    }
}

/// `250000 EUR: why`.
fn amount(field: &'static str, text: &str) -> Result<Amount, Failure> {
    let (figure, basis) = text.split_once(':').map_or((text, None), |(figure, basis)| (figure, Some(basis)));
    let mut words = figure.split_whitespace();
    let units = words.next().and_then(|units| units.replace(['_', '\''], "").parse().ok());
    let (Some(units), Some(currency), None) = (units, words.next(), words.next()) else {
        let message = format!("`{}` is not an amount", text.escape_debug());
        return Err(Refusal::input(field, message)
            .remedy("write it as 250000 EUR, or 250000 EUR: how it was reckoned")
            .into());
    };
    let basis = basis.map(|basis| lookup::text(field, basis)).transpose()?;
    Ok(Amount { units, currency: lookup::line(field, currency)?, basis })
}

/// `measures=4: why`: the factor's place among the six, and its score.
fn scored(text: &str) -> Result<(usize, secrets::Factor), Failure> {
    let wrong = || {
        let names: Vec<&str> = FACTORS.iter().map(|(name, _)| *name).collect();
        let message = format!("`{}` is not a scored factor", text.escape_debug());
        Refusal::input("factor", message)
            .remedy(format!("write it as measures=4: why; the factors are {}", names.join(", ")))
    };
    let (name, rest) = text.split_once('=').ok_or_else(wrong)?;
    let (score, reason) = rest.split_once(':').ok_or_else(wrong)?;
    let place = FACTORS.iter().position(|(key, _)| *key == name.trim()).ok_or_else(wrong)?;
    let score = score.trim().parse().map_err(|_| wrong())?;
    Ok((place, secrets::Factor { score, reason: lookup::text("factor", reason)? }))
}

async fn import(session: &Session, file: &Path, dry_run: bool) -> Result<(), Failure> {
    let bytes = lookup::read(file, LARGEST_FILE)?;
    let (state, now, zone) = (session.state(), session.now(), session.zone());
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace() && !b"\xEF\xBB\xBF".contains(byte));
    let json_file = first.is_some_and(|byte| matches!(byte, b'[' | b'{'));
    let plan = if json_file {
        secrets::plan_json(&state, now, &zone, &bytes)
    } else {
        secrets::plan_csv(&state, now, &zone, &bytes)
    };
    let refused = plan
        .rows
        .iter()
        .filter_map(|row| row.outcome.as_ref().err().map(|why| Row { line: row.line, why: why.clone() }));
    let refused: Vec<Row> = refused.collect();
    if !refused.is_empty() {
        let message =
            format!("{} of {} rows cannot be taken, so nothing was imported", refused.len(), plan.rows.len());
        return Err(Failure::new(Code::Input, "input", message).rows("file", refused));
    }
    let drafts = plan.drafts()?;
    let count = drafts.len();
    let told = json!({ "submitted": count, "dry_run": dry_run });
    if !dry_run {
        let done = session.service.act(&session.actor, Command::Import(drafts)).await?;
        return session.recorded(&done, told);
    }
    // Whoever may not do it is told so now.
    let owners: Vec<PersonId> = drafts.iter().map(|draft| draft.profile.owner).collect();
    program::decide(&state, &session.actor, now, &Command::Import(drafts).into())?;
    let rows = plan.rows.iter().zip(&owners);
    session.out.either(
        || {
            let rows = rows
                .clone()
                .map(|(row, owner)| json!({ "line": row.line, "title": row.title, "owner": owner }));
            json!({ "submitted": count, "dry_run": true, "rows": rows.collect::<Vec<_>>() })
        },
        |out| {
            let rows: Vec<Vec<String>> = rows
                .clone()
                .map(|(row, owner)| {
                    vec![row.line.to_string(), row.title.clone(), person::name(&state, *owner)]
                })
                .collect();
            out.table(&["Line", "Title", "Owner"], &rows)?;
            out.line(format!("{count} would be put forward."))
        },
    )
}

fn list(session: &Session, wanted: impl Fn(&secrets::Secret) -> bool) -> Result<(), Failure> {
    let (state, now) = (session.state(), session.now());
    let mut listed = seen(&state, &session.actor, now);
    listed.retain(|secret| wanted(secret));
    session.out.either(
        || {
            Value::Array(
                listed.iter().map(|secret| view(&documents(session, &state, secret.id), secret)).collect(),
            )
        },
        |out| {
            let rows: Vec<Vec<String>> = listed
                .iter()
                .map(|secret| {
                    vec![
                        secret.id.to_string(),
                        secret.profile.title.to_string(),
                        secret.tier().name().to_owned(),
                        person::name(&state, secret.profile.owner),
                        secret.profile.department.to_string(),
                        secret.status.as_str().to_owned(),
                        documents(session, &state, secret.id).len().to_string(),
                    ]
                })
                .collect();
            out.table(&["Id", "Title", "Tier", "Owner", "Department", "Status", "Documents"], &rows)
        },
    )
}

async fn show(session: &Session, id: SecretId, precise: bool, as_of: Option<&str>) -> Result<(), Failure> {
    let opened = if precise { Some(session.service.open_precise(&session.actor, id).await?) } else { None };
    let (state, at) = session.at(id, as_of).await?;
    let zone = session.zone();
    let secret = state.secrets.get(id).ok_or_else(|| Refusal::unknown(id))?;
    let secret = secrets::shown(&state, &session.actor, at, secret);
    let documents = documents(session, &state, id);
    let profile = &secret.profile;
    session.out.either(
        || {
            let mut shown = view(&documents, &secret);
            if let (Value::Object(fields), Some(opened)) = (&mut shown, &opened) {
                fields.insert("precise".to_owned(), json!(opened.text));
                fields.insert("entry".to_owned(), json!(opened.entry));
            }
            shown
        },
        |out| {
            let names = |people: &mut dyn Iterator<Item = PersonId>| {
                people.map(|person| person::name(&state, person)).collect::<Vec<_>>().join("\n")
            };
            let places: Vec<String> = profile.places.iter().map(|place| place.name.to_string()).collect();
            let factors = FACTORS.iter().zip(&profile.factors).filter_map(|((name, _), factor)| {
                factor.as_ref().map(|factor| format!("{name} {}: {}", factor.score, factor.reason))
            });
            let documents = documents.iter().map(|document| format!("{} {}", document.id, document.name));
            out.facts(&[
                ("id", id.to_string()),
                ("title", profile.title.to_string()),
                ("tier", profile.tier.name().to_owned()),
                ("status", secret.status.as_str().to_owned()),
                ("remark", secret.remark.clone().unwrap_or_default()),
                ("version", secret.version().to_string()),
                ("owner", person::name(&state, profile.owner)),
                ("department", profile.department.to_string()),
                ("summary", profile.summary.to_string()),
                ("lives in", places.join("\n")),
                ("known by", names(&mut profile.known_by.iter().copied())),
                ("value", profile.value.as_ref().map(money).unwrap_or_default()),
                ("cost", profile.cost.as_ref().map(money).unwrap_or_default()),
                ("factors", factors.collect::<Vec<_>>().join("\n")),
                ("review", profile.review.map(|review| review.day_for_people(&zone)).unwrap_or_default()),
                ("documents", documents.collect::<Vec<_>>().join("\n")),
            ])?;
            if let Some(opened) = &opened {
                out.line("")?;
                out.line(&opened.text)?;
                crate::output::note(format!("recorded as entry {}", opened.entry));
            }
            Ok(())
        },
    )
}

fn money(amount: &Amount) -> String {
    let basis = amount.basis.as_ref().map(|basis| format!(": {basis}")).unwrap_or_default();
    format!("{} {}{basis}", amount.units, amount.currency)
}

/// The secrets that the actor may know of, each as far as they may see it.
fn seen<'a>(state: &'a State, actor: &Actor, now: Time) -> Vec<Cow<'a, secrets::Secret>> {
    let seen = state.secrets.iter().filter(|secret| secrets::may_see(state, actor, now, secret));
    seen.map(|secret| secrets::shown(state, actor, now, secret)).collect()
}

/// The documents of a secret that the actor may know of.
fn documents<'a>(session: &Session, state: &'a State, secret: SecretId) -> Vec<&'a Document> {
    let all = state.documents.of(secret);
    all.filter(|document| documents::may_see(state, &session.actor, session.now(), document)).collect()
}

fn view(documents: &[&Document], secret: &secrets::Secret) -> Value {
    let profile = &secret.profile;
    let factors: serde_json::Map<String, Value> = FACTORS
        .iter()
        .zip(&profile.factors)
        .map(|((name, _), factor)| ((*name).to_owned(), json!(factor)))
        .collect();
    let versions = secret.versions.iter().map(|version| {
        json!({ "number": version.number, "at": version.at.rfc3339(), "person": version.person, "entry": version.position })
    });
    json!({
        "id": secret.id,
        "title": profile.title,
        "tier": profile.tier,
        "status": secret.status,
        "owner": profile.owner,
        "department": profile.department,
        "summary": profile.summary,
        "places": profile.places,
        "known_by": profile.known_by,
        "value": profile.value,
        "cost": profile.cost,
        "factors": factors,
        "strength": profile.strength(),
        "review": profile.review.map(Time::rfc3339),
        "reviewed": secret.reviewed.map(Time::rfc3339),
        "submitter": secret.submitter,
        "remark": secret.remark,
        "versions": versions.collect::<Vec<_>>(),
        "documents": documents.iter().map(|document| document.id).collect::<Vec<_>>(),
    })
}

/// A secret for people: title and id.
pub(crate) fn title(state: &State, id: SecretId) -> String {
    state.secrets.get(id).map_or_else(|| id.to_string(), |secret| format!("{} ({id})", secret.profile.title))
}

/// A tier as an argument.
pub(crate) fn tier(text: &str) -> Result<Tier, String> {
    text.parse().map_err(|refusal: Refusal| {
        refusal.remedy.map_or(refusal.message.clone(), |remedy| format!("{}: {remedy}", refusal.message))
    })
}

impl From<Standing> for Status {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Submitted => Status::Submitted,
            Standing::Returned => Status::Returned,
            Standing::Accepted => Status::Accepted,
            Standing::Retired => Status::Retired,
        }
    }
}
