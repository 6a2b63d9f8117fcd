//! `ringfence person`: employees and contractors.

mod import;

use crate::errors::Failure;
use crate::lookup;
use crate::session::{Options, Session};
use clap::{Args, Subcommand};
use program::people::{self, Command, Engagement, Joiner, Mail, Profile, Role};
use program::{Actor, PersonId, Refusal, State, Time};
use serde_json::{Value, json};
use std::path::PathBuf;

/// People.
#[derive(Debug, Subcommand)]
pub(crate) enum Person {
    /// Enter somebody
    Add(Add),
    /// Enter and change people from a CSV file, wholly or not at all
    Import {
        /// The file: name, mail, engagement, department, job, clearance, roles, manager, starts, ends; `-` for standard input
        file: PathBuf,
        /// Only say what it would do
        #[arg(long)]
        dry_run: bool,
    },
    /// List people
    List {
        /// Only those who work here now
        #[arg(long)]
        active: bool,
        /// Only this department
        #[arg(long)]
        department: Option<String>,
        /// Only those with this role
        #[arg(long)]
        role: Option<Role>,
    },
    /// One person
    Show {
        /// Who
        person: String,
    },
    /// Everybody as CSV that `import` reads back
    Export,
    /// End somebody's employment or contract: access ends with it
    End {
        /// Who
        person: String,
        /// Why
        #[arg(long)]
        reason: String,
        /// The last day [default: at once]
        #[arg(long, value_name = "DATE")]
        on: Option<String>,
    },
    /// Erase the data of somebody who has left, for good: the key that seals them is deleted wherever it is kept
    Erase {
        /// Who
        person: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Set somebody's clearance
    Clear {
        /// Who
        person: String,
        /// The level, 0 to 9
        level: u8,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Set all roles somebody has; none named takes all away
    Roles {
        /// Who
        person: String,
        /// administrator, counsel, security-officer, human-resources, auditor
        roles: Vec<Role>,
    },
    /// Suspend somebody at once: nothing opens for them
    Suspend {
        /// Who
        person: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Lift a suspension
    Reinstate {
        /// Who
        person: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

/// Enter somebody.
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// Full name, as they write it
    #[arg(long)]
    name: String,
    /// Mail address
    #[arg(long)]
    mail: String,
    /// Department
    #[arg(long)]
    department: String,
    /// employee or contractor
    #[arg(long, default_value = "employee")]
    engagement: Engagement,
    /// What they work as
    #[arg(long)]
    job: Option<String>,
    /// Clearance, 0 to 9
    #[arg(long, default_value_t = 0)]
    clearance: u8,
    /// A role; may be given several times
    #[arg(long = "role")]
    roles: Vec<Role>,
    /// Whom they report to
    #[arg(long, value_name = "PERSON")]
    manager: Option<String>,
    /// The first day [default: now]
    #[arg(long, value_name = "DATE")]
    starts: Option<String>,
    /// The last day; a contractor needs one
    #[arg(long, value_name = "DATE")]
    ends: Option<String>,
}

impl Person {
    pub(crate) async fn run(self, options: &Options) -> Result<(), Failure> {
        let session = Session::open(options).await?;
        let found = |name: &str| lookup::person(&session.state(), name);
        match self {
            Person::Add(add) => add.run(&session).await?,
            Person::Import { file, dry_run } => import::run(&session, &file, dry_run).await?,
            Person::List { active, department, role } => {
                let now = session.now();
                list(&session, |person| {
                    (!active || person.is_active(now))
                        && department.as_ref().is_none_or(|wanted| person.department.as_str() == wanted)
                        && role.is_none_or(|role| person.has(role))
                })?;
            }
            Person::Show { person } => show(&session, found(&person)?)?,
            Person::Export => {
                session.out.text(&people::export(&session.state(), &session.zone()), "csv")?;
            }
            Person::End { person, reason, on } => {
                let zone = session.zone();
                let ends = on.map(|on| lookup::until("on", &on, &zone)).transpose()?;
                let reason = lookup::text("reason", &reason)?;
                session.act(Command::End { person: found(&person)?, ends, reason }).await?;
            }
            Person::Erase { person, reason } => {
                let reason = lookup::text("reason", &reason)?;
                let done = session.service.erase_person(&session.actor, found(&person)?, reason).await?;
                super::retention::destroyed(&session, &done)?;
            }
            Person::Clear { person, level, reason } => {
                let reason = lookup::text("reason", &reason)?;
                session.act(Command::Clear { person: found(&person)?, clearance: level, reason }).await?;
            }
            Person::Roles { person, roles } => {
                let roles = roles.into_iter().collect();
                session.act(Command::SetRoles { person: found(&person)?, roles }).await?;
            }
            Person::Suspend { person, reason } => {
                let reason = lookup::text("reason", &reason)?;
                session.act(Command::Suspend { person: found(&person)?, reason }).await?;
            }
            Person::Reinstate { person, reason } => {
                let reason = lookup::text("reason", &reason)?;
                session.act(Command::Reinstate { person: found(&person)?, reason }).await?;
            }
        }
        session.close().await;
        Ok(())
    }
}

impl Add {
    async fn run(self, session: &Session) -> Result<(), Failure> {
        let (state, zone, now) = (session.state(), session.zone(), session.now());
        let starts = self.starts.map_or(Ok(now), |day| lookup::from("starts", &day, &zone))?;
        let profile = Profile {
            name: lookup::line("name", &self.name)?,
            mail: Mail::new(&self.mail).map_err(|error| Refusal::input("mail", error.to_string()))?,
            engagement: self.engagement,
            department: lookup::line("department", &self.department)?,
            job: self.job.map(|job| lookup::line("job", &job)).transpose()?,
            manager: self.manager.map(|manager| lookup::person(&state, &manager)).transpose()?,
            starts,
            ends: self.ends.map(|day| lookup::until("ends", &day, &zone)).transpose()?,
        };
        let joiner = Joiner { profile, clearance: self.clearance, roles: self.roles.into_iter().collect() };
        let done = session.service.act(&session.actor, Command::Add { joiner }).await?;
        let id = match done.event() {
            Some(program::Event::People(event)) => Some(event.person()),
            _ => None,
        };
        session.recorded(&done, json!({ "person": id }))
    }
}

fn list(session: &Session, wanted: impl Fn(&people::Person) -> bool) -> Result<(), Failure> {
    let (state, now, zone) = (session.state(), session.now(), session.zone());
    let people: Vec<&people::Person> = state.people.iter().filter(|person| wanted(person)).collect();
    session.out.either(
        || Value::Array(people.iter().map(|person| view(person, now)).collect()),
        |out| {
            let rows: Vec<Vec<String>> = people
                .iter()
                .map(|person| {
                    vec![
                        person.id.to_string(),
                        person.name.to_string(),
                        person.mail.to_string(),
                        person.department.to_string(),
                        person.clearance.to_string(),
                        roles(person),
                        standing(person, now, &zone),
                    ]
                })
                .collect();
            out.table(&["Id", "Name", "Mail", "Department", "Clearance", "Roles", "Standing"], &rows)
        },
    )
}

fn show(session: &Session, id: PersonId) -> Result<(), Failure> {
    let (state, now, zone) = (session.state(), session.now(), session.zone());
    let person = state.people.get(id).ok_or_else(|| Refusal::unknown(id))?;
    let duties = program::duties_of(&state, id, now);
    session.out.either(
        || {
            let mut shown = view(person, now);
            if let Value::Object(fields) = &mut shown {
                fields.insert(
                    "duties".to_owned(),
                    json!(duties.iter().map(|duty| &duty.text).collect::<Vec<_>>()),
                );
            }
            shown
        },
        |out| {
            let day = |time: Option<Time>| time.map(|time| time.day_for_people(&zone)).unwrap_or_default();
            let manager = person.manager.map(|manager| name(&state, manager)).unwrap_or_default();
            out.facts(&[
                ("id", id.to_string()),
                ("name", person.name.to_string()),
                ("mail", person.mail.to_string()),
                ("engagement", person.engagement.to_string()),
                ("department", person.department.to_string()),
                ("job", person.job.as_ref().map(ToString::to_string).unwrap_or_default()),
                ("manager", manager),
                ("clearance", person.clearance.to_string()),
                ("roles", roles(person)),
                ("starts", day(Some(person.starts))),
                ("ends", person.ends.map(|ends| (ends + -1).day_for_people(&zone)).unwrap_or_default()),
                ("standing", standing(person, now, &zone)),
                (
                    "waits for them",
                    duties.iter().map(|duty| duty.text.clone()).collect::<Vec<_>>().join("\n"),
                ),
            ])
        },
    )
}

fn view(person: &people::Person, now: Time) -> Value {
    json!({
        "id": person.id,
        "name": person.name,
        "mail": person.mail,
        "engagement": person.engagement,
        "department": person.department,
        "job": person.job,
        "manager": person.manager,
        "clearance": person.clearance,
        "roles": person.roles,
        "starts": person.starts.rfc3339(),
        "ends": person.ends.map(Time::rfc3339),
        "suspended": person.suspended.as_ref().map(|suspension| &suspension.reason),
        "active": person.is_active(now),
    })
}

fn standing(person: &people::Person, now: Time, zone: &str) -> String {
    if person.suspended.is_some() {
        "suspended".to_owned()
    } else if now < person.starts {
        format!("starts {}", person.starts.day_for_people(zone))
    } else if person.is_employed(now) {
        match person.ends {
            Some(ends) => format!("active until {}", (ends + -1).day_for_people(zone)),
            None => "active".to_owned(),
        }
    } else {
        "left".to_owned()
    }
}

fn roles(person: &people::Person) -> String {
    let roles: Vec<&str> = person.roles.iter().map(|role| role.word()).collect();
    roles.join(", ")
}

/// A person for people: name and id.
pub(crate) fn name(state: &State, id: PersonId) -> String {
    state.people.get(id).map_or_else(|| program::name(state, id), |person| format!("{} ({id})", person.name))
}

/// Whoever looks for another at what that one can open: the operator, or a role that runs or audits access.
pub(crate) fn may_look(session: &Session, about: PersonId) -> Result<(), Failure> {
    let Session { actor, .. } = session;
    let roles = [Role::Counsel, Role::SecurityOfficer, Role::HumanResources, Role::Auditor];
    let held = |actor: &Actor| actor.holds(&session.state(), session.now(), &roles);
    if actor.person == Some(about) || held(actor) {
        return Ok(());
    }
    Err(Refusal::role("look at what others can open", "counsel, the security officer, HR or an auditor")
        .into())
}
