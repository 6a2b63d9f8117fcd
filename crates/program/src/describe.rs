//! An entry in a sentence, for people: "Ana Berg opened `process-specification.md` (D-1) of S-1".

use crate::{Event, OrganisationEvent, PersonId, Recorded, SecretId, State, Via};
use crate::{access, accounts, agreements, documents, people, secrets};

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
    let who = match (recorded.by.person, &recorded.by.via) {
        (Some(person), _) => name(state, person),
        (None, Via::Shell { os_user }) => format!("The operator ({os_user})"),
        (None, Via::Link) => "Somebody at the sign-in page".to_owned(),
        (None, _) => "Ringfence".to_owned(),
    };
    let what = match &recorded.event {
        Event::Organisation(event) => organisation(event),
        Event::People(event) => person(state, event),
        Event::Secrets(event) => secret(state, event),
        Event::Documents(event) => document(state, event),
        Event::Agreements(event) => agreement(state, event),
        Event::Access(event) => access(state, recorded, event),
        Event::Accounts(event) => account(state, recorded, event),
    };
    format!("{who} {what}")
}

fn name(state: &State, id: PersonId) -> String {
    state.people.get(id).map_or_else(|| id.to_string(), |person| person.name.to_string())
}

fn title(state: &State, id: SecretId) -> String {
    state
        .secrets
        .get(id)
        .map_or_else(|| id.to_string(), |secret| format!("`{}` ({id})", secret.profile.title))
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
        people::Event::Ended { person, ends, reason } => {
            let day = ends.for_people(&state.organisation.zone);
            format!("ended the employment of {} as of {day}: {reason}", name(state, *person))
        }
    }
}

fn secret(state: &State, event: &secrets::Event) -> String {
    match event {
        secrets::Event::Submitted { secret, profile, .. } => {
            format!("put forward `{}` ({secret})", profile.title)
        }
        secrets::Event::Accepted { secret, .. } => {
            format!("accepted {} into the register", title(state, *secret))
        }
        secrets::Event::Returned { secret, reason } => {
            format!("returned {}: {reason}", title(state, *secret))
        }
        secrets::Event::Revised { secret, version, profile, .. } => {
            format!("made version {version} of `{}` ({secret})", profile.title)
        }
        secrets::Event::Reviewed { secret, next, .. } => {
            let day = next.day_for_people(&state.organisation.zone);
            format!("reviewed {}; the next review is due on {day}", title(state, *secret))
        }
        secrets::Event::Retired { secret, reason } => format!("retired {}: {reason}", title(state, *secret)),
        secrets::Event::Read { secret, version, .. } => {
            format!("read the precise description of {}, version {version}", title(state, *secret))
        }
        secrets::Event::Refused { secret, failing, .. } => {
            format!("was refused the precise description of {}: {}", title(state, *secret), list(*failing))
        }
    }
}

fn document(state: &State, event: &documents::Event) -> String {
    let (id, secret) = event.about();
    let title = title(state, secret);
    let name =
        state.documents.get(id).map_or_else(|| id.to_string(), |found| format!("`{}` ({id})", found.name));
    match event {
        documents::Event::Added { name, .. } => format!("sealed `{name}` ({id}) as a document of {title}"),
        documents::Event::Registered { name, place, .. } => {
            format!("registered `{name}` ({id}) of {title}, kept at {place}")
        }
        documents::Event::Withdrawn { reason, .. } => format!("withdrew {name} of {title}: {reason}"),
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

fn access(state: &State, recorded: &Recorded, event: &access::Event) -> String {
    let zone = &state.organisation.zone;
    match event {
        access::Event::RequirementsSet { tier, reason, .. } => {
            format!("changed what {} secrets ask: {reason}", tier.name().to_lowercase())
        }
        access::Event::Requested { request, person, secret, purpose, ends } => {
            let until = ends.for_people(zone);
            let title = title(state, *secret);
            let whose = match recorded.by.person == Some(*person) {
                true => String::new(),
                false => format!(" of {}", name(state, *person)),
            };
            format!("asked for access{whose} to {title} until {until} ({request}): {purpose}")
        }
        access::Event::Approved { request, secret, .. } => {
            format!("approved {request} for {}", title(state, *secret))
        }
        access::Event::Denied { request, secret, reason, .. } => {
            format!("refused {request} for {}: {reason}", title(state, *secret))
        }
        access::Event::Withdrawn { request, .. } => format!("took {request} back"),
        access::Event::Granted { grant, person, secret, ends, .. } => {
            let until = ends.for_people(zone);
            format!(
                "thereby granted {} access to {} until {until} ({grant})",
                name(state, *person),
                title(state, *secret)
            )
        }
        access::Event::Revoked { grant, secret, person, reason } => {
            format!(
                "took back {grant}, the access of {} to {}: {reason}",
                name(state, *person),
                title(state, *secret)
            )
        }
        access::Event::EmergencyTaken { grant, secret, purpose, ends, .. } => {
            let until = ends.for_people(zone);
            format!("took emergency access to {} until {until} ({grant}): {purpose}", title(state, *secret))
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
