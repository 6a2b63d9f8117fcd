//! An entry in a sentence, for people: "Ana Berg opened `process-specification.md` (D-1) of S-1".

use crate::{
    Actor, DocumentId, Event, Line, OrganisationEvent, PersonId, Recorded, SecretId, State, Subject, Time,
    Via,
};
use crate::{access, accounts, agreements, documents, evidence, people, retention, secrets};

/// The fields of a kind of entry that are never shown with it: what opens through the gate alone, and what would help
/// somebody to sign in as another.
#[must_use]
pub fn hidden_fields(kind: &str) -> &'static [&'static str] {
    match kind {
        "secret.submitted" | "secret.revised" => &["precise"],
        _ if kind.starts_with("account.") => {
            &["verifier", "secret", "recovery", "invite", "token", "digest", "code"]
        }
        _ => &[],
    }
}

/// What happened, and who did it, in one sentence without a full stop.
#[must_use]
pub fn describe(state: &State, recorded: &Recorded) -> String {
    tell(&Teller { state, to: None }, recorded)
}

/// The same to `reader`: a secret or document that they may not know (any more) is called by its id alone. Titles are as
/// they stand today, and somebody who once asked for a secret must not learn what it has been called since.
#[must_use]
pub fn describe_to(state: &State, reader: &Actor, now: Time, recorded: &Recorded) -> String {
    tell(&Teller { state, to: Some((reader, now)) }, recorded)
}

/// Who tells, and to whom: nobody in particular, or a reader with their own need to know.
struct Teller<'a> {
    state: &'a State,
    to: Option<(&'a Actor, Time)>,
}

impl Teller<'_> {
    /// A secret by the title it has today.
    fn secret(&self, id: SecretId) -> String {
        match self.state.secrets.get(id) {
            Some(secret) => self.titled(id, &secret.profile.title),
            None => id.to_string(),
        }
    }

    /// A secret by a title that the entry itself holds.
    fn titled(&self, id: SecretId, title: &Line) -> String {
        let found = self.state.secrets.get(id);
        let told = self.to.is_none_or(|(reader, now)| {
            found.is_some_and(|secret| secrets::may_see(self.state, reader, now, secret))
        });
        if told { format!("`{title}` ({id})") } else { id.to_string() }
    }

    /// A document by its name.
    fn document(&self, id: DocumentId) -> String {
        let found = self.state.documents.get(id);
        let told = found.filter(|document| {
            self.to.is_none_or(|(reader, now)| documents::may_see(self.state, reader, now, document))
        });
        told.map_or_else(|| id.to_string(), |document| format!("`{}` ({id})", document.name))
    }
}

fn tell(teller: &Teller<'_>, recorded: &Recorded) -> String {
    let state = teller.state;
    let who = match (recorded.by.person, &recorded.by.via) {
        (Some(person), _) => name(state, person),
        (None, Via::Shell { os_user }) => format!("The operator ({os_user})"),
        (None, Via::Link) => "Somebody at the sign-in page".to_owned(),
        (None, _) => "Ringfence".to_owned(),
    };
    let what = match &recorded.event {
        Event::Organisation(event) => organisation(event),
        Event::People(event) => person(state, event),
        Event::Secrets(event) => secret(teller, event),
        Event::Documents(event) => document(teller, event),
        Event::Agreements(event) => agreement(state, event),
        Event::Access(event) => access(teller, recorded, event),
        Event::Accounts(event) => account(state, recorded, event),
        Event::Evidence(event) => evidence(teller, event),
        Event::Retention(event) => retention(teller, event),
    };
    format!("{who} {what}")
}

/// What a person is called: by their name; by their number where nobody is known by it, and `P-7 (erased)` where nothing else
/// is left of them.
#[must_use]
pub fn name(state: &State, id: PersonId) -> String {
    match state.people.get(id) {
        Some(person) => person.name.to_string(),
        None if state.people.is_erased(id) => format!("{id} (erased)"),
        None => id.to_string(),
    }
}

fn organisation(event: &OrganisationEvent) -> String {
    match event {
        OrganisationEvent::Founded { name, .. } => format!("began the record of {name}"),
        OrganisationEvent::Changed { name, zone } => {
            format!("set the name to {name} and the time zone to {zone}")
        }
        OrganisationEvent::ClockJumped { clock, last } => {
            format!("noticed that the clock jumped: it says {clock}, after {last}")
        }
        OrganisationEvent::PassphraseChanged {} => "changed the passphrase".to_owned(),
        OrganisationEvent::RecoveryRenewed {} => "printed a new recovery key".to_owned(),
    }
}

fn person(state: &State, event: &people::Event) -> String {
    match event {
        people::Event::Added { person, .. } => format!("entered {} ({person})", name(state, *person)),
        people::Event::Changed { person, .. } => format!("changed the entry of {}", name(state, *person)),
        people::Event::Cleared { person, clearance, .. } => {
            format!("set the clearance of {} to level {clearance}", name(state, *person))
        }
        people::Event::RolesSet { person, roles } => {
            let roles: Vec<String> = roles.iter().map(ToString::to_string).collect();
            let roles = if roles.is_empty() { "none".to_owned() } else { roles.join(", ") };
            format!("set the roles of {} to {roles}", name(state, *person))
        }
        people::Event::Suspended { person, reason } => {
            format!("suspended {}: {reason}", name(state, *person))
        }
        people::Event::Reinstated { person, reason } => {
            format!("reinstated {}: {reason}", name(state, *person))
        }
        people::Event::Erased { person, reason, .. } => {
            format!("erased the data of {person} for good: {reason}")
        }
        people::Event::Ended { person, ends, reason } => {
            let day = ends.for_people(&state.organisation.zone);
            format!("ended the employment of {} as of {day}: {reason}", name(state, *person))
        }
    }
}

fn secret(teller: &Teller<'_>, event: &secrets::Event) -> String {
    match event {
        secrets::Event::Submitted { secret, profile, .. } => {
            format!("put forward {}", teller.titled(*secret, &profile.title))
        }
        secrets::Event::Accepted { secret, .. } => {
            format!("accepted {} into the register", teller.secret(*secret))
        }
        secrets::Event::Returned { secret, reason } => {
            format!("returned {}: {reason}", teller.secret(*secret))
        }
        secrets::Event::Revised { secret, version, profile, .. } => {
            format!("made version {version} of {}", teller.titled(*secret, &profile.title))
        }
        secrets::Event::Reviewed { secret, next, .. } => {
            let day = next.day_for_people(&teller.state.organisation.zone);
            format!("reviewed {}; the next review is due on {day}", teller.secret(*secret))
        }
        secrets::Event::Retired { secret, reason } => format!("retired {}: {reason}", teller.secret(*secret)),
        secrets::Event::Read { secret, version, .. } => {
            format!("read the precise description of {}, version {version}", teller.secret(*secret))
        }
        secrets::Event::Refused { secret, failing, .. } => {
            format!("was refused the precise description of {}: {}", teller.secret(*secret), list(*failing))
        }
    }
}

fn document(teller: &Teller<'_>, event: &documents::Event) -> String {
    let (id, secret) = event.about();
    let (name, title) = (teller.document(id), teller.secret(secret));
    match event {
        documents::Event::Added { .. } => format!("sealed {name} as a document of {title}"),
        documents::Event::Registered { place, .. } => {
            format!("registered {name} of {title}, kept at {place}")
        }
        documents::Event::Withdrawn { reason, .. } => format!("withdrew {name} of {title}: {reason}"),
        documents::Event::Destroyed { reason, .. } => {
            format!("destroyed {name} of {title} for good: {reason}")
        }
        documents::Event::Opened { .. } => format!("opened {name} of {title}"),
        documents::Event::Refused { failing, .. } => {
            format!("was refused {name} of {title}: {}", list(*failing))
        }
    }
}

fn list(conditions: gate::ConditionSet) -> String {
    let names: Vec<&str> = conditions.iter().map(gate::Condition::as_str).collect();
    names.join(", ")
}

fn agreement(state: &State, event: &agreements::Event) -> String {
    let id = event.agreement();
    let title = state.agreements.get(id).map_or("an agreement", agreements::Agreement::title).to_owned();
    let title = format!("`{title}` ({id})");
    match event {
        agreements::Event::Published { version, .. } => format!("published version {version} of {title}"),
        agreements::Event::Assigned { person, .. } => {
            format!("asked {} to sign {title}", name(state, *person))
        }
        agreements::Event::Opened { version, .. } => format!("read version {version} of {title}"),
        agreements::Event::Signed { version, person, method: agreements::Method::Paper, .. } => {
            format!(
                "recorded the paper copy of {title}, version {version}, signed by {}",
                name(state, *person)
            )
        }
        agreements::Event::Signed { version, typed_name, .. } => {
            format!("signed version {version} of {title} as \"{typed_name}\"")
        }
        agreements::Event::Declined { reason, .. } => format!("declined to sign {title}: {reason}"),
        agreements::Event::AssignmentCancelled { person, reason, .. } => {
            format!("no longer asks {} to sign {title}: {reason}", name(state, *person))
        }
        agreements::Event::Withdrawn { reason, .. } => format!("withdrew {title}: {reason}"),
    }
}

fn access(teller: &Teller<'_>, recorded: &Recorded, event: &access::Event) -> String {
    let state = teller.state;
    let zone = &state.organisation.zone;
    match event {
        access::Event::RequirementsSet { tier, reason, .. } => {
            format!("changed what {} secrets ask: {reason}", tier.name().to_lowercase())
        }
        access::Event::Requested { request, person, secret, purpose, ends } => {
            let until = ends.for_people(zone);
            let title = teller.secret(*secret);
            let whose = match recorded.by.person == Some(*person) {
                true => String::new(),
                false => format!(" of {}", name(state, *person)),
            };
            format!("asked for access{whose} to {title} until {until} ({request}): {purpose}")
        }
        access::Event::Approved { request, secret, .. } => {
            format!("approved {request} for {}", teller.secret(*secret))
        }
        access::Event::Denied { request, secret, reason, .. } => {
            format!("refused {request} for {}: {reason}", teller.secret(*secret))
        }
        access::Event::Withdrawn { request, .. } => format!("took {request} back"),
        access::Event::Granted { grant, person, secret, ends, .. } => {
            let until = ends.for_people(zone);
            format!(
                "thereby granted {} access to {} until {until} ({grant})",
                name(state, *person),
                teller.secret(*secret)
            )
        }
        access::Event::Revoked { grant, secret, person, reason } => {
            format!(
                "took back {grant}, the access of {} to {}: {reason}",
                name(state, *person),
                teller.secret(*secret)
            )
        }
        access::Event::EmergencyTaken { grant, secret, purpose, ends, .. } => {
            let until = ends.for_people(zone);
            format!("took emergency access to {} until {until} ({grant}): {purpose}", teller.secret(*secret))
        }
        access::Event::EmergencyJustified { grant, account, .. } => format!("justified {grant}: {account}"),
        access::Event::EmergencyReviewed { grant, in_order, .. } => {
            let found = if *in_order { "in order" } else { "not in order" };
            format!("looked at {grant} and found it {found}")
        }
    }
}

fn account(state: &State, recorded: &Recorded, event: &accounts::Event) -> String {
    let (account, person) = event.whose();
    let own = recorded.by.person == Some(person);
    let whose = if own {
        format!("their account ({account})")
    } else {
        format!("the account of {}", name(state, person))
    };
    match event {
        accounts::Event::Invited { .. } => format!("invited {} to open an account", name(state, person)),
        accounts::Event::Opened { .. } => format!("set the password of {whose} and opened it"),
        accounts::Event::PasswordChanged { .. } => format!("changed the password of {whose}"),
        accounts::Event::ResetOffered { .. } => format!("offered a new password for {whose}"),
        accounts::Event::SecondFactorSet { .. } => format!("set up a second factor for {whose}"),
        accounts::Event::SecondFactorRemoved { reason, .. } => {
            format!("removed the second factor of {whose}: {reason}")
        }
        accounts::Event::RecoveryUsed { .. } => format!("used a recovery code of {whose}"),
        accounts::Event::SignInFailed { failures, .. } => {
            format!("failed to sign in to {whose}, {failures} in a row")
        }
        accounts::Event::Closed { reason, .. } => format!("closed {whose}: {reason}"),
        accounts::Event::SessionStarted { second_factor_at, .. } => match second_factor_at {
            Some(_) => "signed in with a second factor".to_owned(),
            None => "signed in".to_owned(),
        },
        accounts::Event::SessionConfirmed { .. } => "showed their second factor again".to_owned(),
        accounts::Event::SessionEnded { reason: accounts::SessionEnd::Idle, .. } => {
            format!("ended an idle session of {}", name(state, person))
        }
        accounts::Event::SessionEnded { .. } if own => "signed out".to_owned(),
        accounts::Event::SessionEnded { .. } => format!("ended a session of {}", name(state, person)),
        accounts::Event::TokenIssued { name, ends, .. } => {
            format!("issued the API token `{name}`, good until {}", ends.for_people(&state.organisation.zone))
        }
        accounts::Event::TokenRevoked { token, reason, .. } => {
            format!("revoked the API token {token}: {reason}")
        }
    }
}

fn evidence(teller: &Teller<'_>, event: &evidence::Event) -> String {
    match event {
        evidence::Event::WitnessesSet { witnesses, reason, .. } if witnesses.is_empty() => {
            format!("set that nobody witnesses the record: {reason}")
        }
        evidence::Event::WitnessesSet { witnesses, quorum, reason } => {
            let names = names(witnesses.iter().map(|witness| witness.name.as_str()));
            format!("set that {names} witness the record ({quorum} of {} have to): {reason}", witnesses.len())
        }
        evidence::Event::AuthoritiesSet { authorities, reason } if authorities.is_empty() => {
            format!("set that no authority stamps the record: {reason}")
        }
        evidence::Event::AuthoritiesSet { authorities, reason } => {
            let names = names(authorities.iter().map(|authority| authority.name.as_str()));
            format!("set that {names} stamp the record: {reason}")
        }
        evidence::Event::Anchored { size, cosigned, stamps, .. }
            if cosigned.is_empty() && stamps.is_empty() =>
        {
            format!("kept the checkpoint over the first {size} entries, the last by the key before")
        }
        evidence::Event::Anchored { size, cosigned, stamps, failed, .. } => {
            let vouched =
                names(cosigned.iter().chain(stamps.iter().map(|stamp| &stamp.authority)).map(Line::as_str));
            let failed = match failed.len() {
                0 => String::new(),
                _ => format!("; no answer from {}", names(failed.iter().map(|(name, _)| name.as_str()))),
            };
            format!("had the first {size} entries vouched for by {vouched}{failed}")
        }
        evidence::Event::Exported { secret, entries, recipient, purpose, .. } => {
            let title = teller.secret(*secret);
            format!("exported {entries} entries about {title} as evidence, for {recipient}: {purpose}")
        }
        evidence::Event::KeyRotated { reason, .. } => {
            format!("replaced the key that signs the record: {reason}")
        }
    }
}

fn retention(teller: &Teller<'_>, event: &retention::Event) -> String {
    let called = |about: Subject| match about {
        Subject::SecretId(id) => teller.secret(id),
        Subject::DocumentId(id) => teller.document(id),
        Subject::PersonId(id) => name(teller.state, id),
        other => other.to_string(),
    };
    match event {
        retention::Event::HoldPlaced { hold, about, reason } => {
            format!("placed {} under legal hold ({hold}): {reason}", called(*about))
        }
        retention::Event::HoldLifted { hold, about, reason } => {
            format!("lifted the legal hold {hold} on {}: {reason}", called(*about))
        }
        retention::Event::Shredded { about, done, left } => {
            let keys = done.iter().fold(0_u64, |sum, one| sum.saturating_add(one.keys));
            let done = names(done.iter().map(|one| one.place.as_str()));
            let left = match left.len() {
                0 => String::new(),
                _ => format!("; some may still be in {}", names(left.iter().map(|one| one.place.as_str()))),
            };
            format!("deleted the keys of {} ({keys}) in {done}{left}", called(*about))
        }
        retention::Event::BackedUp { place, keys, size, files, .. } => {
            format!("copied {size} entries and {files} sealed files to `{place}`, and the keys to `{keys}`")
        }
        retention::Event::PlaceForgotten { keys, reason } => {
            format!("said that the copies of the keys in `{keys}` are no more: {reason}")
        }
        retention::Event::Restored { place, size, made, .. } => {
            let made = made.for_people(&teller.state.organisation.zone);
            format!("put the record back from `{place}`, with the {size} entries it had on {made}")
        }
    }
}

/// `Berg`, `Berg and Rao`, `Berg, Rao and Sato`.
fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    match names.split_last() {
        None => "nobody".to_owned(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}
