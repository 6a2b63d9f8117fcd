//! Who may enter, change, clear, suspend and see out people.

use super::check::{check_joiner, check_profile};
use super::{Event, Joiner, Person, Planned, Profile, Role, plan};
use crate::table::refused_rows;
use crate::{Actor, PersonId, Refusal, Rule, State, Text, Time, accounts, retention, secrets};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What can be done about people.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Enter a person.
    Add {
        /// Who, with what rights.
        joiner: Joiner,
    },
    /// Change a person's data.
    Change {
        /// Who.
        person: PersonId,
        /// The whole profile as it shall be.
        profile: Profile,
    },
    /// Set a person's clearance.
    Clear {
        /// Who.
        person: PersonId,
        /// To which level.
        clearance: u8,
        /// Why.
        reason: Text,
    },
    /// Set a person's roles.
    SetRoles {
        /// Who.
        person: PersonId,
        /// All they shall have.
        roles: BTreeSet<Role>,
    },
    /// Suspend a person at once.
    Suspend {
        /// Who.
        person: PersonId,
        /// Why.
        reason: Text,
    },
    /// Lift a suspension.
    Reinstate {
        /// Who.
        person: PersonId,
        /// Why.
        reason: Text,
    },
    /// End a person's employment or contract.
    End {
        /// Who.
        person: PersonId,
        /// The first instant at which they no longer belong here; none means at once.
        ends: Option<Time>,
        /// Why.
        reason: Text,
    },
    /// Erase the data of somebody who has left.
    Erase {
        /// Who.
        person: PersonId,
        /// Why.
        reason: Text,
    },
    /// Enter and change people from a CSV file, wholly or not at all. [`super::plan`] says beforehand what it would do.
    Import {
        /// The file.
        csv: Arc<[u8]>,
    },
}

/// Who keeps the register of people.
pub const KEEPERS: &[Role] = &[Role::HumanResources, Role::Administrator];
/// Who decides on clearances.
pub const CLEARERS: &[Role] = &[Role::SecurityOfficer, Role::Administrator];
/// Who suspends people.
pub const SUSPENDERS: &[Role] = &[Role::SecurityOfficer, Role::HumanResources, Role::Administrator];
/// Who gives roles.
pub const ROLE_GIVERS: &[Role] = &[Role::Administrator];

/// Decides a command about people.
///
/// # Errors
/// The refusal, with the rule and what to do about it.
pub fn decide(
    state: &State,
    actor: &Actor,
    now: Time,
    command: &Command,
) -> Result<Vec<crate::Event>, Refusal> {
    let desk = Desk { state, actor, now };
    let events = match command {
        Command::Add { joiner } => desk.add(joiner)?,
        Command::Change { person, profile } => desk.change(*person, profile)?,
        Command::Clear { person, clearance, reason } => desk.clear(*person, *clearance, reason)?,
        Command::SetRoles { person, roles } => desk.set_roles(*person, roles)?,
        Command::Suspend { person, reason } => desk.suspend(*person, reason)?,
        Command::Reinstate { person, reason } => desk.reinstate(*person, reason)?,
        Command::End { person, ends, reason } => desk.end(*person, *ends, reason)?,
        Command::Erase { person, reason } => desk.erase(*person, reason)?,
        Command::Import { csv } => desk.import(csv)?,
    };
    desk.keeps_an_administrator(&events)?;
    let gone = events.iter().filter(|event| match event {
        Event::Suspended { .. } => true,
        Event::Ended { ends, .. } => *ends <= now,
        _ => false,
    });
    let closing = gone.flat_map(|event| accounts::end_of_presence(state, event.person(), now));
    let closing: Vec<crate::Event> = closing.map(crate::Event::from).collect();
    Ok(events.into_iter().map(crate::Event::from).chain(closing).collect())
}

/// What every decision looks at.
struct Desk<'a> {
    state: &'a State,
    actor: &'a Actor,
    now: Time,
}

impl Desk<'_> {
    fn add(&self, joiner: &Joiner) -> Result<Vec<Event>, Refusal> {
        self.require(KEEPERS, "add people")?;
        self.may_give(joiner)?;
        check_joiner(self.state, self.now, joiner)?;
        Ok(vec![added(self.state.people.next(), joiner)])
    }

    fn change(&self, id: PersonId, profile: &Profile) -> Result<Vec<Event>, Refusal> {
        self.require(KEEPERS, "change people's data")?;
        let known = self.known(id)?;
        if known.profile() == *profile {
            return Err(unchanged(known));
        }
        self.own_dates(known, profile)?;
        check_profile(self.state, self.now, Some(known), profile)?;
        Ok(vec![Event::Changed { person: id, profile: profile.clone() }])
    }

    fn clear(&self, id: PersonId, clearance: u8, reason: &Text) -> Result<Vec<Event>, Refusal> {
        self.require(CLEARERS, "set a clearance")?;
        let known = self.known(id)?;
        self.not_own(id, "their own clearance")?;
        super::check::check_clearance(clearance)?;
        if known.clearance == clearance {
            return Err(unchanged(known));
        }
        Ok(vec![Event::Cleared { person: id, clearance, reason: reason.clone() }])
    }

    fn set_roles(&self, id: PersonId, roles: &BTreeSet<Role>) -> Result<Vec<Event>, Refusal> {
        self.require(ROLE_GIVERS, "set roles")?;
        let known = self.known(id)?;
        self.not_own(id, "their own roles")?;
        if known.roles == *roles {
            return Err(unchanged(known));
        }
        Ok(vec![Event::RolesSet { person: id, roles: roles.clone() }])
    }

    fn suspend(&self, id: PersonId, reason: &Text) -> Result<Vec<Event>, Refusal> {
        self.require(SUSPENDERS, "suspend people")?;
        let known = self.known(id)?;
        if known.suspended.is_some() {
            return Err(Refusal::new(Rule::Standing, format!("`{id}` is suspended already")));
        }
        Ok(vec![Event::Suspended { person: id, reason: reason.clone() }])
    }

    fn reinstate(&self, id: PersonId, reason: &Text) -> Result<Vec<Event>, Refusal> {
        self.require(KEEPERS, "lift a suspension")?;
        let known = self.known(id)?;
        self.not_own(id, "their own suspension")?;
        if known.suspended.is_none() {
            return Err(Refusal::new(Rule::Standing, format!("`{id}` is not suspended")));
        }
        Ok(vec![Event::Reinstated { person: id, reason: reason.clone() }])
    }

    fn end(&self, id: PersonId, ends: Option<Time>, reason: &Text) -> Result<Vec<Event>, Refusal> {
        self.require(KEEPERS, "end somebody's employment")?;
        let known = self.known(id)?;
        // Somebody who never began gets dates with nothing between them: the end excludes the only instant.
        let when = ends.unwrap_or(self.now.max(known.starts));
        if ends.is_some_and(|ends| ends < self.now) {
            return Err(Refusal::input(
                "ends",
                "this end date has passed, and the record is not written backwards",
            )
            .remedy("leave the date out to end it at once, and say in the reason when they left"));
        }
        if when < known.starts {
            let message =
                format!("this end date is before `{id}` begins, on {}", known.starts.date(self.zone()));
            return Err(Refusal::input("ends", message).remedy("leave the date out: then it never begins"));
        }
        match known.ends {
            Some(before) if before <= self.now.max(known.starts) => {
                let message = format!("`{id}` has left already, on {}", before.date(self.zone()));
                Err(Refusal::new(Rule::Standing, message))
            }
            Some(before) if before <= when => {
                let message = format!("`{id}` ends earlier already, on {}", before.date(self.zone()));
                Err(Refusal::new(Rule::Standing, message)
                    .field("ends")
                    .remedy("to extend it, change their dates"))
            }
            _ => Ok(vec![Event::Ended { person: id, ends: when, reason: reason.clone() }]),
        }
    }

    /// Nothing of what they signed can be shown any more, so that what might be needed in a dispute is not erased: the data of
    /// somebody who still belongs here, or still owns a secret, or is or had access to something under a legal hold.
    fn erase(&self, id: PersonId, reason: &Text) -> Result<Vec<Event>, Refusal> {
        self.require(KEEPERS, "erase people's data")?;
        if self.state.people.is_erased(id) {
            return Err(Refusal::new(Rule::Standing, format!("the data of `{id}` were erased before")));
        }
        let known = self.known(id)?;
        self.not_own(id, "their own entry")?;
        if known.ends.is_none_or(|ends| self.now < ends) {
            return Err(Refusal::new(Rule::Standing, format!("`{id}` has not left"))
                .remedy("end their employment or contract first"));
        }
        let owned = self
            .state
            .secrets
            .iter()
            .find(|secret| secret.profile.owner == id && secret.status != secrets::Status::Retired);
        if let Some(secret) = owned {
            // Human resources need not know of every secret there is.
            let known = secrets::may_see(self.state, self.actor, self.now, secret);
            let what = if known { secret.id.to_string() } else { "a secret".to_owned() };
            return Err(Refusal::new(Rule::Standing, format!("`{id}` still owns {what}"))
                .remedy("ask counsel to give it another owner first"));
        }
        let secrets = self.state.secrets.iter().filter(|secret| {
            let theirs = secret.profile.owner == id || secret.submitter == Some(id);
            theirs || self.state.access.any_grant(id, secret.id)
        });
        let held = std::iter::once(id.into()).chain(secrets.map(|secret| secret.id.into()));
        retention::refuse_held(self.state, self.actor, self.now, held)?;
        Ok(vec![Event::Erased { person: id, reason: reason.clone() }])
    }

    fn import(&self, csv: &[u8]) -> Result<Vec<Event>, Refusal> {
        self.require(KEEPERS, "import people")?;
        let plan = plan(self.state, self.now, self.zone(), csv);
        if let Some(problem) = plan.problem {
            return Err(Refusal::input("csv", problem));
        }
        let refused: Vec<String> = plan.refused().map(|(line, why)| format!("line {line}: {why}")).collect();
        if !refused.is_empty() {
            return Err(refused_rows("csv", &refused));
        }
        let mut events = Vec::new();
        for row in &plan.rows {
            match &row.outcome {
                Planned::Add(id, joiner) => {
                    self.may_give(joiner).map_err(|refusal| at_line(row.line, refusal))?;
                    events.push(added(*id, joiner));
                }
                Planned::Change(id, wanted) => {
                    self.alter(*id, wanted, &mut events).map_err(|refusal| at_line(row.line, refusal))?;
                }
                Planned::Same(_) | Planned::Refuse(_) => {}
            }
        }
        if events.is_empty() {
            return Err(Refusal::new(
                Rule::Standing,
                "this file changes nothing: everybody in it is like that already",
            ));
        }
        Ok(events)
    }

    /// One row about somebody known; the plan has checked the values.
    fn alter(&self, id: PersonId, wanted: &Joiner, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let known = self.known(id)?;
        if known.profile() != wanted.profile {
            self.own_dates(known, &wanted.profile)?;
            events.push(Event::Changed { person: id, profile: wanted.profile.clone() });
        }
        if known.clearance != wanted.clearance {
            self.require(CLEARERS, "set a clearance")?;
            self.not_own(id, "their own clearance")?;
            let reason =
                Text::new("import from a CSV file").map_err(|e| Refusal::input("csv", e.to_string()))?;
            events.push(Event::Cleared { person: id, clearance: wanted.clearance, reason });
        }
        if known.roles != wanted.roles {
            self.require(ROLE_GIVERS, "set roles")?;
            self.not_own(id, "their own roles")?;
            events.push(Event::RolesSet { person: id, roles: wanted.roles.clone() });
        }
        Ok(())
    }

    /// Entering somebody with rights takes whoever may give those rights.
    fn may_give(&self, joiner: &Joiner) -> Result<(), Refusal> {
        if joiner.clearance > 0 {
            self.require(CLEARERS, "set a clearance")?;
        }
        if !joiner.roles.is_empty() {
            self.require(ROLE_GIVERS, "set roles")?;
        }
        Ok(())
    }

    /// Dates decide whether somebody is let in at all, so nobody moves their own.
    fn own_dates(&self, known: &Person, wanted: &Profile) -> Result<(), Refusal> {
        let moved = known.starts != wanted.starts || known.ends != wanted.ends;
        if moved { self.not_own(known.id, "their own dates") } else { Ok(()) }
    }

    /// INVARIANT: where an administrator is active now, or would have been when somebody's new end comes, one still is.
    /// Otherwise only the operator of the machine could give rights again.
    fn keeps_an_administrator(&self, events: &[Event]) -> Result<(), Refusal> {
        let people = &self.state.people;
        let touched = |event: &Event| people.administrators().any(|person| person.id == event.person());
        let touching: Vec<&Event> = events.iter().filter(|event| touched(event)).collect();
        if touching.is_empty() {
            return Ok(());
        }
        let mut after = people.clone();
        events.iter().for_each(|event| after.take(self.now, event));
        let ends =
            touching.iter().filter_map(|event| after.get(event.person()).and_then(|person| person.ends));
        let instants = std::iter::once(self.now).chain(ends.filter(|ends| *ends > self.now));
        for at in instants {
            let active = |person: &Person| person.is_active(at);
            if people.administrators().any(active) && !after.administrators().any(active) {
                let when =
                    if at == self.now { "now".to_owned() } else { format!("on {}", at.date(self.zone())) };
                let message = format!("then nobody would be an administrator {when}");
                let remedy = "make somebody else an administrator first";
                return Err(Refusal::new(Rule::Standing, message).remedy(remedy));
            }
        }
        Ok(())
    }

    fn require(&self, roles: &[Role], act: &str) -> Result<(), Refusal> {
        self.actor.require(self.state, self.now, roles, act)
    }

    fn not_own(&self, id: PersonId, what: &str) -> Result<(), Refusal> {
        if self.actor.person != Some(id) {
            return Ok(());
        }
        Err(Refusal::new(Rule::OwnCase, format!("nobody changes {what}"))
            .remedy("ask somebody else with that role"))
    }

    fn known(&self, id: PersonId) -> Result<&Person, Refusal> {
        self.state.people.get(id).ok_or_else(|| Refusal::unknown(id))
    }

    fn zone(&self) -> &str {
        &self.state.organisation.zone
    }
}

fn added(person: PersonId, joiner: &Joiner) -> Event {
    let Joiner { profile, clearance, roles } = joiner.clone();
    Event::Added { person, profile, clearance, roles }
}

fn unchanged(person: &Person) -> Refusal {
    Refusal::new(Rule::Standing, format!("`{}` is like that already", person.id))
}

fn at_line(line: u64, refusal: Refusal) -> Refusal {
    Refusal { message: format!("line {line}: {}", refusal.message), ..refusal }
}
