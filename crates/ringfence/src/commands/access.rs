//! `ringfence access`: requests, grants, and who may open what and why.

use crate::commands::{person, secret};
use crate::errors::{Failure, failing};
use crate::lookup;
use crate::session::{Options, Session};
use clap::Subcommand;
use program::access::{self, Circumstances, Command, Outcome};
use program::people::Role;
use program::{Event, GrantId, PersonId, Refusal, RequestId, SecretId, State, Time, secrets};
use serde_json::{Value, json};

/// Access.
#[derive(Debug, Subcommand)]
pub(crate) enum Access {
    /// Ask for access, for the person named by --as
    Request {
        /// To which secret
        secret: String,
        /// What for
        #[arg(long)]
        purpose: String,
        /// The last day [default: as long as the tier allows]
        #[arg(long, value_name = "DATE")]
        until: Option<String>,
    },
    /// Approve a request, as the person named by --as
    Approve {
        /// Which, such as R-3
        request: RequestId,
        /// A remark
        #[arg(long)]
        note: Option<String>,
    },
    /// Refuse a request, as the person named by --as
    Refuse {
        /// Which
        request: RequestId,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Take back one's own request
    TakeBack {
        /// Which
        request: RequestId,
    },
    /// Take back a grant, at once
    Revoke {
        /// Which, such as G-3
        grant: GrantId,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Take emergency access, for the person named by --as: it alarms the owner, ends soon, and has to be justified
    Emergency {
        /// To which secret
        secret: String,
        /// Why it cannot wait
        #[arg(long)]
        purpose: String,
    },
    /// Account for one's own emergency access
    Justify {
        /// Which
        grant: GrantId,
        /// What was done with it, and why it was needed
        #[arg(long)]
        account: String,
    },
    /// Say whether an emergency access to one's secret was in order
    Review {
        /// Which
        grant: GrantId,
        /// It was not in order
        #[arg(long)]
        not_in_order: bool,
        /// What was found
        #[arg(long)]
        note: Option<String>,
    },
    /// Who can open this, and why
    Who {
        /// Which secret
        secret: String,
        /// As it stood at this moment: a day (its end), or an exact time
        #[arg(long, value_name = "TIME")]
        as_of: Option<String>,
    },
    /// Why can this person open it, or not, and what can be done about it
    Why {
        /// Who
        person: String,
        /// Which secret
        secret: String,
        /// As it stood at this moment: a day (its end), or an exact time
        #[arg(long, value_name = "TIME")]
        as_of: Option<String>,
    },
    /// What this person may open
    Mine {
        /// Who [default: the person named by --as]
        person: Option<String>,
    },
    /// List requests
    Requests {
        /// Only those that wait for an answer
        #[arg(long)]
        pending: bool,
    },
    /// List grants
    Grants {
        /// Only this person's
        #[arg(long)]
        person: Option<String>,
        /// Only to this secret
        #[arg(long)]
        secret: Option<String>,
        /// Only those that hold now
        #[arg(long)]
        live: bool,
    },
}

impl Access {
    pub(crate) async fn run(self, options: &Options) -> Result<(), Failure> {
        let session = Session::open(options).await?;
        // What is answered here has to be what was answered last anywhere.
        session.service.refresh().await?;
        let found = |text: &str| lookup::secret(&session.state(), &session.actor, session.now(), text);
        match self {
            Access::Request { secret, purpose, until } => {
                let purpose = lookup::text("purpose", &purpose)?;
                let ends = until.map(|until| lookup::until("ends", &until, &session.zone())).transpose()?;
                act(&session, Command::Request { secret: found(&secret)?, purpose, ends }).await?;
            }
            Access::Approve { request, note } => {
                let note = lookup::note(note.as_deref())?;
                act(&session, Command::Approve { request, note }).await?;
            }
            Access::Refuse { request, reason } => {
                let reason = lookup::text("reason", &reason)?;
                act(&session, Command::Refuse { request, reason }).await?;
            }
            Access::TakeBack { request } => act(&session, Command::Withdraw { request }).await?,
            Access::Revoke { grant, reason } => {
                let reason = lookup::text("reason", &reason)?;
                act(&session, Command::Revoke { grant, reason }).await?;
            }
            Access::Emergency { secret, purpose } => {
                let purpose = lookup::text("purpose", &purpose)?;
                act(&session, Command::TakeEmergency { secret: found(&secret)?, purpose }).await?;
            }
            Access::Justify { grant, account } => {
                let account = lookup::text("account", &account)?;
                act(&session, Command::Justify { grant, account }).await?;
            }
            Access::Review { grant, not_in_order, note } => {
                let note = lookup::note(note.as_deref())?;
                act(&session, Command::ReviewEmergency { grant, in_order: !not_in_order, note }).await?;
            }
            Access::Who { secret, as_of } => {
                let secret = found(&secret)?;
                let (state, at) = session.at(secret, as_of.as_deref()).await?;
                who(&session, &state, at, secret)?;
            }
            Access::Why { person, secret, as_of } => {
                let id = lookup::person(&session.state(), &person)?;
                let secret = found(&secret)?;
                if !runs(&session, secret) {
                    person::may_look(&session, id)?;
                }
                let (state, at) = session.at(secret, as_of.as_deref()).await?;
                why(&session, &state, at, id, secret)?;
            }
            Access::Mine { person } => {
                let named = person.map(|person| lookup::person(&session.state(), &person)).transpose()?;
                let id = named.or(session.actor.person).ok_or_else(|| {
                    Failure::input("whose documents?").remedy("name a person, or act as one with --as")
                })?;
                person::may_look(&session, id)?;
                mine(&session, id)?;
            }
            Access::Requests { pending } => requests(&session, pending)?,
            Access::Grants { person, secret, live } => {
                let person = person.map(|person| lookup::person(&session.state(), &person)).transpose()?;
                let secret = secret.map(|secret| found(&secret)).transpose()?;
                let now = session.now();
                grants(&session, |grant| {
                    person.is_none_or(|person| grant.person == person)
                        && secret.is_none_or(|secret| grant.secret == secret)
                        && (!live || grant.is_live(now))
                })?;
            }
        }
        session.close().await;
        Ok(())
    }
}

async fn act(session: &Session, command: Command) -> Result<(), Failure> {
    let done = session.service.act(&session.actor, command).await?;
    let (mut request, mut grant) = (None, None);
    for recorded in &done.entries {
        match &recorded.event {
            Event::Access(access::Event::Requested { request: id, .. }) => request = Some(*id),
            Event::Access(
                access::Event::Granted { grant: id, .. } | access::Event::EmergencyTaken { grant: id, .. },
            ) => {
                grant = Some(*id);
            }
            _ => {}
        }
    }
    session.recorded(&done, json!({ "request": request, "grant": grant }))
}

/// Does the actor answer for this secret, or run or audit access to all?
fn runs(session: &Session, secret: SecretId) -> bool {
    let (state, now) = (session.state(), session.now());
    let owner = state.secrets.get(secret).map(|secret| secret.profile.owner);
    let owns = owner.is_some()
        && owner == session.actor.person
        && owner.and_then(|owner| state.people.get(owner)).is_some_and(|person| person.is_active(now));
    owns || session.actor.holds(&state, now, &[Role::Counsel, Role::SecurityOfficer, Role::Auditor])
}

fn who(session: &Session, state: &State, now: Time, id: SecretId) -> Result<(), Failure> {
    if !runs(session, id) {
        let who = "the secret's owner, counsel, the security officer or an auditor";
        return Err(Refusal::role("look at who can open it", who).into());
    }
    let zone = session.zone();
    let rows = access::who(state, session.service.gate(), id, now);
    session.out.either(
        || {
            let rows = rows.iter().map(|row| {
                json!({
                    "person": row.person,
                    "name": state.people.get(row.person).map(|person| &person.name),
                    "opens": row.opens,
                    "grant": row.grant,
                    "failing": row.failing,
                    "until": row.until.map(Time::rfc3339),
                })
            });
            Value::Array(rows.collect())
        },
        |out| {
            let rows: Vec<Vec<String>> = rows
                .iter()
                .map(|row| {
                    let failing: Vec<&str> = row.failing.iter().map(gate::Condition::as_str).collect();
                    vec![
                        person::name(state, row.person),
                        if row.opens { "opens".to_owned() } else { "does not open".to_owned() },
                        row.grant.map(|grant| grant.to_string()).unwrap_or_default(),
                        row.until.map(|until| until.for_people(&zone)).unwrap_or_default(),
                        failing.join(", "),
                    ]
                })
                .collect();
            out.table(&["Person", "Now", "Grant", "Until", "Fails"], &rows)?;
            let tier = state.secrets.get(id).map(secrets::Secret::tier);
            let asked = tier.map(|tier| state.access.requirement(tier).conditions);
            match asked.filter(|asked| asked.contains(gate::Condition::SecondFactor)) {
                Some(_) => out.line(out.dim("A second factor is asked besides, at the opening.")),
                None => Ok(()),
            }
        },
    )
}

fn why(session: &Session, state: &State, now: Time, id: PersonId, secret: SecretId) -> Result<(), Failure> {
    let (decision, because) =
        access::why(state, session.service.gate(), id, secret, now, Some(Circumstances::default()));
    session.out.either(
        || {
            let asked = because.iter().map(|because| {
                json!({
                    "condition": because.condition,
                    "met": because.met,
                    "why": because.why.to_string(),
                    "remedy": because.remedy.as_ref().map(access::Remedy::sentence),
                })
            });
            json!({ "person": id, "secret": secret, "opens": decision.allowed(), "because": asked.collect::<Vec<_>>() })
        },
        |out| {
            let verdict = if decision.allowed() { "opens" } else { "does not open" };
            let (title, name) = (secret::title(state, secret), person::name(state, id));
            out.line(format!("{title} {verdict} for {name} from this shell."))?;
            let reasons = failing(&because);
            let rows: Vec<Vec<String>> = because
                .iter()
                .map(|because| {
                    let reason = reasons.iter().find(|reason| reason.condition == because.condition.as_str());
                    vec![
                        because.condition.to_string(),
                        if because.met { "met".to_owned() } else { "fails".to_owned() },
                        reason.map(|reason| reason.why.clone()).unwrap_or_default(),
                        reason.and_then(|reason| reason.remedy.clone()).unwrap_or_default(),
                    ]
                })
                .collect();
            out.table(&["Condition", "", "Why", "What to do"], &rows)
        },
    )
}

fn mine(session: &Session, id: PersonId) -> Result<(), Failure> {
    let (state, now) = (session.state(), session.now());
    let documents = access::may_open(&state, session.service.gate(), id, now, Some(Circumstances::default()));
    session.out.either(
        || {
            let documents = documents.iter().map(|document| {
                json!({ "document": document.id, "name": document.name, "secret": document.secret })
            });
            Value::Array(documents.collect())
        },
        |out| {
            let rows: Vec<Vec<String>> = documents
                .iter()
                .map(|document| {
                    vec![
                        document.id.to_string(),
                        document.name.clone(),
                        secret::title(&state, document.secret),
                    ]
                })
                .collect();
            out.table(&["Id", "Name", "Secret"], &rows)?;
            out.line(
                out.dim(
                    "From this shell, which shows no second factor: what asks for one opens in a browser.",
                ),
            )
        },
    )
}

fn requests(session: &Session, pending: bool) -> Result<(), Failure> {
    let (state, now, zone) = (session.state(), session.now(), session.zone());
    let mine = |request: &&access::Request| {
        session.actor.person == Some(request.person) || runs(session, request.secret)
    };
    let listed = state.access.requests().filter(|request| !pending || request.outcome == Outcome::Pending);
    let listed: Vec<&access::Request> = listed.filter(mine).collect();
    let missing = |request: &access::Request| {
        let secret = state.secrets.get(request.secret);
        secret.map_or(0, |secret| access::still_needed(&state, request, secret, now).0)
    };
    let outcome = |request: &access::Request| match &request.outcome {
        Outcome::Pending => format!("waits for {} more", missing(request)),
        Outcome::Granted(grant) => format!("granted as {grant}"),
        Outcome::Denied(reason) => format!("refused: {reason}"),
        Outcome::Withdrawn => "taken back".to_owned(),
    };
    session.out.either(
        || {
            let listed = listed.iter().map(|request| {
                json!({
                    "id": request.id,
                    "person": request.person,
                    "secret": request.secret,
                    "purpose": request.purpose,
                    "at": request.at.rfc3339(),
                    "ends": request.ends.rfc3339(),
                    "approvals": request.approvals.iter().map(|approval| approval.by).collect::<Vec<_>>(),
                    "pending": request.outcome == Outcome::Pending,
                    "outcome": outcome(request),
                })
            });
            Value::Array(listed.collect())
        },
        |out| {
            let rows: Vec<Vec<String>> = listed
                .iter()
                .map(|request| {
                    vec![
                        request.id.to_string(),
                        person::name(&state, request.person),
                        secret::title(&state, request.secret),
                        request.purpose.clone(),
                        request.ends.for_people(&zone),
                        outcome(request),
                    ]
                })
                .collect();
            out.table(&["Id", "Person", "Secret", "Purpose", "Until", "Outcome"], &rows)
        },
    )
}

fn grants(session: &Session, wanted: impl Fn(&access::Grant) -> bool) -> Result<(), Failure> {
    let (state, now, zone) = (session.state(), session.now(), session.zone());
    let seen =
        |grant: &&access::Grant| session.actor.person == Some(grant.person) || runs(session, grant.secret);
    let listed: Vec<&access::Grant> =
        state.access.grants().filter(|grant| wanted(grant)).filter(seen).collect();
    let standing = |grant: &access::Grant| match (&grant.revoked, &grant.emergency) {
        (Some(revoked), _) => format!("taken back: {}", revoked.reason),
        _ if !grant.is_live(now) => "ended".to_owned(),
        (None, Some(_)) => "emergency".to_owned(),
        (None, None) => "holds".to_owned(),
    };
    session.out.either(
        || {
            let listed = listed.iter().map(|grant| {
                json!({
                    "id": grant.id,
                    "person": grant.person,
                    "secret": grant.secret,
                    "purpose": grant.purpose,
                    "from": grant.from.rfc3339(),
                    "ends": grant.ends.rfc3339(),
                    "approvers": grant.approvers,
                    "live": grant.is_live(now),
                    "revoked": grant.revoked.as_ref().map(|revoked| &revoked.reason),
                    "emergency": grant.emergency.is_some(),
                })
            });
            Value::Array(listed.collect())
        },
        |out| {
            let rows: Vec<Vec<String>> = listed
                .iter()
                .map(|grant| {
                    vec![
                        grant.id.to_string(),
                        person::name(&state, grant.person),
                        secret::title(&state, grant.secret),
                        grant.purpose.clone(),
                        grant.ends.for_people(&zone),
                        standing(grant),
                    ]
                })
                .collect();
            out.table(&["Id", "Person", "Secret", "Purpose", "Until", "Standing"], &rows)
        },
    )
}
