//! The story: people are entered and bound, secrets registered and sealed, access asked for, given, refused and revoked.

use super::stage::Stage;
use crate::errors::Failure;
use program::agreements::{self, Covers};
use program::secrets::{self, Tier};
use program::{
    AgreementId, DAY, DocumentId, Event, GrantId, Line, PersonId, RequestId, SecretId, Text, access, people,
};
use serde_json::Value;
use service::{NewVersion, Upload, shown_by};
use std::sync::Arc;
use zeroize::Zeroizing;

/// The password of everybody who can sign in to the demonstration.
pub(crate) const PASSWORD: &str = "harbour lantern velvet 42";

const PEOPLE: &str = include_str!("../../../../examples/halden/people.csv");
const SECRETS: &[u8] = include_bytes!("../../../../examples/halden/secrets.json");
const EMPLOYEES: &[u8] = include_bytes!("../../../../examples/halden/agreement-employee.md");
const CONTRACTORS: &[u8] = include_bytes!("../../../../examples/halden/agreement-contractor.md");
/// A document for each secret of the register but the last, in its order: name, media type, bytes.
const DOCUMENTS: [(&str, &str, &[u8]); 5] = [
    (
        "process-specification.md",
        "text/markdown",
        include_bytes!("../../../../examples/halden/process-specification.md"),
    ),
    ("dip_controller.rs", "text/x-rust", include_bytes!("../../../../examples/halden/dip_controller.rs")),
    ("lab-notebook.pdf", "application/pdf", include_bytes!("../../../../examples/halden/lab-notebook.pdf")),
    (
        "pricing-model.xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        include_bytes!("../../../../examples/halden/pricing-model.xlsx"),
    ),
    ("customers.csv", "text/csv", include_bytes!("../../../../examples/halden/customers.csv")),
];
/// The day that stands in the file as the contractor's last; told anew from today, so that the story never grows old.
const CONTRACT_ENDS: &str = "2027-06-30";

/// The secrets that the story goes on with.
pub(super) struct Register {
    /// That the evidence is about.
    pub(super) customers: SecretId,
    /// Of which a draft is destroyed.
    pub(super) prices: SecretId,
}

/// Plays it, as far as people and access go.
pub(super) async fn play(stage: &mut Stage) -> Result<Register, Failure> {
    hire(stage).await?;
    let contractors = bind(stage).await?;
    let register = register(stage).await?;
    let documents = seal(stage, &register).await?;
    let (Some(&jewel), Some(&prices), Some(&customers)) =
        (register.first(), register.get(3), register.get(4))
    else {
        return Err(Failure::storage("the story's register is too short"));
    };
    let (Some(&specification), Some(&list)) = (documents.first(), documents.get(4)) else {
        return Err(Failure::storage("the story's documents are missing"));
    };
    grant(stage, customers, list).await?;
    unbound(stage, customers, list, contractors).await?;
    jewel_from_the_shell(stage, specification).await?;
    emergency(stage, customers, list).await?;
    ask_who(stage, jewel, customers)?;
    Ok(Register { customers, prices })
}

async fn hire(stage: &mut Stage) -> Result<(), Failure> {
    stage.scene("Halden Optics enters its people")?;
    let ends = (stage.now() + 220 * DAY).date("Europe/Oslo");
    let csv: Arc<[u8]> = PEOPLE.replace(CONTRACT_ENDS, &ends).into_bytes().into();
    let operator = stage.operator();
    stage.act(&operator, people::Command::Import { csv }).await?;
    Ok(())
}

/// Publishes both agreements and has all employees sign theirs; the contractor does not, yet.
async fn bind(stage: &mut Stage) -> Result<AgreementId, Failure> {
    stage.scene("Counsel publishes the agreements, and people sign")?;
    let counsel = stage.person("katarzyna.wisnicz")?;
    let employee = publish(stage, counsel, "Confidentiality agreement for employees", EMPLOYEES).await?;
    let contractor =
        publish(stage, counsel, "Confidentiality agreement for contractors", CONTRACTORS).await?;
    let state = stage.state();
    let of =
        |kind| state.people.iter().filter(move |p| p.engagement == kind).map(|p| p.id).collect::<Vec<_>>();
    let (employees, contractors) = (of(people::Engagement::Employee), of(people::Engagement::Contractor));
    let due = Some(stage.now() + 14 * DAY);
    let by = stage.by(counsel);
    stage
        .act(&by, agreements::Command::Assign { agreement: employee, people: employees.clone(), due })
        .await?;
    stage.act(&by, agreements::Command::Assign { agreement: contractor, people: contractors, due }).await?;
    for person in employees {
        sign(stage, person, employee).await?;
    }
    Ok(contractor)
}

async fn publish(stage: &mut Stage, by: PersonId, title: &str, text: &[u8]) -> Result<AgreementId, Failure> {
    let new = NewVersion {
        agreement: None,
        title: line(title)?,
        bytes: text.to_vec(),
        covers: Covers::Everything,
        term_days: None,
        resign: true,
        due: None,
        second_factor: false,
        note: None,
    };
    let done = stage.service.publish_agreement(&stage.by(by), new).await?;
    stage.tell(&done)?;
    match done.event() {
        Some(Event::Agreements(event)) => Ok(event.agreement()),
        _ => Err(missing()),
    }
}

async fn sign(stage: &mut Stage, person: PersonId, agreement: AgreementId) -> Result<(), Failure> {
    let actor = stage.by(person);
    let shown = stage.service.show_agreement(&actor, agreement).await?;
    let typed_name = stage.state().people.get(person).map(|found| found.name.clone()).ok_or_else(missing)?;
    let signing = agreements::Signing {
        agreement,
        version: shown.version,
        digest: shown.digest,
        shown: shown_by(&actor, shown.media),
        read_to_end: true,
        consents: true,
        typed_name,
    };
    let done = stage.service.sign_agreement(&actor, signing).await?;
    stage.tell(&done)
}

/// Owners put their secrets forward; counsel accepts all but the last, which waits.
async fn register(stage: &mut Stage) -> Result<Vec<SecretId>, Failure> {
    stage.scene("Owners put their secrets forward, and counsel takes them into the register")?;
    let mut rows: Vec<Value> =
        serde_json::from_slice(SECRETS).map_err(|error| Failure::storage(error.to_string()))?;
    for row in &mut rows {
        if let Some(fields) = row.as_object_mut() {
            fields.remove("review");
        }
    }
    let rows = serde_json::to_vec(&rows).map_err(|error| Failure::storage(error.to_string()))?;
    let drafts = secrets::plan_json(&stage.state(), stage.now(), "Europe/Oslo", &rows).drafts()?;
    let counsel = stage.by(stage.person("katarzyna.wisnicz")?);
    let mut register = Vec::new();
    for (number, mut draft) in (1i64..).zip(drafts) {
        draft.profile.review = Some(stage.now() + (90 + 30 * number) * DAY);
        let owner = stage.by(draft.profile.owner);
        let done = stage.act(&owner, secrets::Command::Submit(Box::new(draft))).await?;
        if let Some(Event::Secrets(event)) = done.event() {
            register.push(event.secret());
        }
    }
    for secret in register.iter().take(DOCUMENTS.len()) {
        stage.act(&counsel, secrets::Command::Accept { secret: *secret, note: None }).await?;
    }
    stage.say("The crown jewel asks for two approvals, its owner's access among them; the security officer gives the second.")?;
    let officer = stage.by(stage.person("tormod.eikefjell")?);
    let waiting: Vec<RequestId> = stage.state().access.pending().map(|request| request.id).collect();
    for request in waiting {
        stage.act(&officer, access::Command::Approve { request, note: None }).await?;
    }
    Ok(register)
}

async fn seal(stage: &mut Stage, register: &[SecretId]) -> Result<Vec<DocumentId>, Failure> {
    stage.scene("The documents are sealed, each under a key of its own")?;
    let mut sealed = Vec::new();
    for (secret, (name, media_type, bytes)) in register.iter().zip(DOCUMENTS) {
        let owner =
            stage.state().secrets.get(*secret).map(|found| found.profile.owner).ok_or_else(missing)?;
        let upload = Upload { secret: *secret, name: line(name)?, media_type: line(media_type)? };
        sealed.push(stage.seal(owner, upload, bytes).await?);
    }
    Ok(sealed)
}

/// Access is asked for, approved, used, and taken back.
async fn grant(stage: &mut Stage, secret: SecretId, document: DocumentId) -> Result<(), Failure> {
    stage.scene("An engineer needs the customer list, and then no longer")?;
    let (engineer, owner) = (stage.person("weilun.tsai")?, stage.person("sunniva.ravnasen")?);
    stage.refused(engineer, document).await?;
    let grant =
        ask_and_approve(stage, engineer, owner, secret, "Plan the controller updates at customers' sites")
            .await?;
    stage.open(engineer, document).await?;
    let reason = text("The updates are planned.")?;
    stage.act(&stage.by(owner), access::Command::Revoke { grant, reason }).await?;
    stage.refused(engineer, document).await
}

async fn ask_and_approve(
    stage: &mut Stage,
    person: PersonId,
    owner: PersonId,
    secret: SecretId,
    purpose: &str,
) -> Result<GrantId, Failure> {
    let ends = Some(stage.now() + 30 * DAY);
    let command = access::Command::Request { secret, purpose: text(purpose)?, ends };
    let asked = stage.act(&stage.by(person), command).await?;
    let Some(Event::Access(access::Event::Requested { request, .. })) = asked.event() else {
        return Err(missing());
    };
    let approved =
        stage.act(&stage.by(owner), access::Command::Approve { request: *request, note: None }).await?;
    let granted = approved.entries.iter().find_map(|entry| match &entry.event {
        Event::Access(access::Event::Granted { grant, .. }) => Some(*grant),
        _ => None,
    });
    granted.ok_or_else(missing)
}

/// The contractor is granted access but has signed nothing: the grant alone opens nothing.
async fn unbound(
    stage: &mut Stage,
    secret: SecretId,
    document: DocumentId,
    agreement: AgreementId,
) -> Result<(), Failure> {
    stage.scene("A contractor was granted access, and has not signed")?;
    let (contractor, owner) = (stage.person("oskar.lindmarsh")?, stage.person("sunniva.ravnasen")?);
    ask_and_approve(stage, contractor, owner, secret, "Connect the order system").await?;
    stage.refused(contractor, document).await?;
    sign(stage, contractor, agreement).await?;
    stage.open(contractor, document).await
}

async fn jewel_from_the_shell(stage: &mut Stage, document: DocumentId) -> Result<(), Failure> {
    stage.scene("Even its owner does not open the crown jewel from a shell")?;
    let owner = stage.person("jens.brekkhus")?;
    stage.refused(owner, document).await
}

async fn emergency(stage: &mut Stage, secret: SecretId, document: DocumentId) -> Result<(), Failure> {
    stage.scene("An emergency: access at once, an alarm, and an account of it afterwards")?;
    let (engineer, owner) = (stage.person("layla.alhaddadi")?, stage.person("sunniva.ravnasen")?);
    let purpose = text("A shipment is held at customs; the customer's contact is needed tonight.")?;
    let taken = stage.act(&stage.by(engineer), access::Command::TakeEmergency { secret, purpose }).await?;
    let Some(Event::Access(access::Event::EmergencyTaken { grant, .. })) = taken.event() else {
        return Err(missing());
    };
    let grant = *grant;
    stage.open(engineer, document).await?;
    let account = text("Called the customer's warehouse; the shipment was released at 23:40.")?;
    stage.act(&stage.by(engineer), access::Command::Justify { grant, account }).await?;
    let review = access::Command::ReviewEmergency { grant, in_order: true, note: None };
    stage.act(&stage.by(owner), review).await?;
    Ok(())
}

fn ask_who(stage: &mut Stage, jewel: SecretId, customers: SecretId) -> Result<(), Failure> {
    stage.scene("Who can open what, and why?")?;
    let (state, now) = (stage.state(), stage.now());
    for secret in [jewel, customers] {
        let Some(found) = state.secrets.get(secret) else {
            continue;
        };
        stage.say(&format!("{secret} `{}`, {}", found.profile.title, Tier::name(found.tier())))?;
        for row in access::who(&state, stage.service.gate(), secret, now) {
            let name =
                state.people.get(row.person).map_or_else(String::new, |person| person.name.to_string());
            let failing: Vec<&str> = row.failing.iter().map(gate::Condition::as_str).collect();
            let answer =
                if row.opens { "may open".to_owned() } else { format!("may not: {}", failing.join(", ")) };
            stage.say(&format!("  {} {name}: {answer}", row.person))?;
        }
    }
    Ok(())
}

/// Accounts for a look around: mail address, and what they are.
pub(super) async fn accounts(stage: &Stage) -> Result<Vec<(String, String)>, Failure> {
    let mut opened = Vec::new();
    let who = [
        ("ingvild.solbakkmo", "administrator"),
        ("katarzyna.wisnicz", "counsel"),
        ("tormod.eikefjell", "security officer"),
        ("jens.brekkhus", "owner of the crown jewel"),
        ("sunniva.ravnasen", "owner, sales"),
        ("weilun.tsai", "engineer"),
        ("oskar.lindmarsh", "contractor"),
        ("emeka.oyelaro", "auditor"),
    ];
    for (name, role) in who {
        let person = stage.person(name)?;
        let link = stage.service.invite(&stage.operator(), person).await?;
        stage.service.accept_invite(&link, Zeroizing::new(PASSWORD.to_owned()), None).await?;
        opened.push((format!("{name}@halden.example"), role.to_owned()));
    }
    Ok(opened)
}

pub(super) fn line(text: &str) -> Result<Line, Failure> {
    Line::new(text).map_err(|error| Failure::input(error.to_string()))
}

pub(super) fn text(words: &str) -> Result<Text, Failure> {
    Text::new(words).map_err(|error| Failure::input(error.to_string()))
}

fn missing() -> Failure {
    Failure::storage("an act of the story was not recorded as it should have been")
}
