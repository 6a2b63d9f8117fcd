//! A small company to try things on, in plain words.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test's support fails by panicking"
)]

use bytes::Bytes;
use futures::{TryStreamExt, stream};
use program::people::{Engagement, Joiner, Mail, Profile as PersonProfile, Role};
use program::secrets::{Draft, Profile, Tier};
use program::{
    Actor, AgreementId, DocumentId, Event, GrantId, Line, PersonId, RequestId, SecretId, Text, access,
    agreements, documents, people, secrets,
};
use service::{
    Config, Done, KdfParams, NewVersion, PaperCopy, Passphrase, Service, ServiceError, Upload, shown_by,
};
use std::collections::BTreeSet;
use std::path::Path;

pub const PASSPHRASE: &str = "correct horse battery staple";
pub const RECIPE: &str = "The bath is aged for 46 hours at 18.5 degrees before the first dip.";

pub const SCAN: &[u8] = b"%PDF-1.4\nstartxref\n0\n%%EOF\n";

pub fn passphrase() -> Passphrase {
    Passphrase::new(PASSPHRASE.to_owned())
}

pub fn line(text: &str) -> Line {
    Line::new(text).unwrap()
}

pub fn text(text: &str) -> Text {
    Text::new(text).unwrap()
}

/// The operator of the machine.
pub fn operator() -> Actor {
    Actor::shell("tester", None)
}

/// A person at the local shell: no second factor.
pub fn shell(person: PersonId) -> Actor {
    Actor::shell("tester", Some(person))
}

pub async fn begin(folder: &Path) -> Service {
    begin_at(Config::local(folder)).await
}

pub async fn begin_at(config: Config) -> Service {
    let created =
        Service::create(config, &passphrase(), KdfParams::light_for_tests(), "Halden Optics", "Europe/Oslo")
            .await;
    created.unwrap().service
}

pub async fn open(folder: &Path) -> Service {
    Service::unseal(Config::local(folder), &passphrase()).await.unwrap()
}

/// A company with an owner, counsel, an engineer, and one confidential secret with one document.
pub struct Company {
    pub service: Service,
    pub owner: PersonId,
    pub counsel: PersonId,
    pub engineer: PersonId,
    pub agreement: AgreementId,
    pub secret: SecretId,
    pub document: DocumentId,
}

pub async fn company(service: Service) -> Company {
    let owner = join(&service, "Olga Owner", &[], 3).await;
    let counsel = join(&service, "Carl Counsel", &[Role::Counsel], 3).await;
    let engineer = join(&service, "Eva Engineer", &[], 3).await;
    let agreement = publish(&service, "# Confidentiality\n\nYou keep our secrets.").await;
    for person in [owner, counsel, engineer] {
        assign(&service, agreement, person).await;
    }
    let secret = submit(&service, owner, Tier::Confidential, "Lumafilm bath").await;
    service.act(&shell(counsel), secrets::Command::Accept { secret, note: None }).await.unwrap();
    let document = add(&service, owner, secret, RECIPE.as_bytes()).await;
    Company { service, owner, counsel, engineer, agreement, secret, document }
}

pub async fn join(service: &Service, name: &str, roles: &[Role], clearance: u8) -> PersonId {
    let mail = format!("{}@halden.example", name.to_lowercase().replace(' ', "."));
    let profile = PersonProfile {
        name: line(name),
        mail: Mail::new(&mail).unwrap(),
        engagement: Engagement::Employee,
        department: line("Coating"),
        job: None,
        manager: None,
        starts: program::Time(0),
        ends: None,
    };
    let roles: BTreeSet<Role> = roles.iter().copied().collect();
    let joiner = Joiner { profile, roles, clearance };
    let done = service.act(&operator(), people::Command::Add { joiner }).await.unwrap();
    match done.event() {
        Some(Event::People(people::Event::Added { person, .. })) => *person,
        other => panic!("not added: {other:?}"),
    }
}

pub async fn publish(service: &Service, markdown: &str) -> AgreementId {
    let new = NewVersion {
        agreement: None,
        title: line("Confidentiality agreement"),
        bytes: markdown.as_bytes().to_vec(),
        covers: agreements::Covers::Everything,
        term_days: None,
        resign: true,
        due: None,
        second_factor: false,
        note: None,
    };
    let done = service.publish_agreement(&operator(), new).await.unwrap();
    match done.event() {
        Some(Event::Agreements(event)) => event.agreement(),
        other => panic!("not published: {other:?}"),
    }
}

/// What Eva signed on paper.
pub fn paper(agreement: AgreementId, person: PersonId) -> PaperCopy {
    PaperCopy {
        agreement,
        version: 1,
        person,
        name: line("Eva Engineer"),
        signed_on: program::Time(0),
        scan: SCAN.to_vec(),
    }
}

pub async fn assign(service: &Service, agreement: AgreementId, person: PersonId) {
    let command = agreements::Command::Assign { agreement, people: vec![person], due: None };
    service.act(&operator(), command).await.unwrap();
}

pub async fn sign(service: &Service, agreement: AgreementId, person: PersonId) -> Result<Done, ServiceError> {
    let actor = shell(person);
    let shown = service.show_agreement(&actor, agreement).await?;
    let signing = agreements::Signing {
        agreement,
        version: shown.version,
        digest: shown.digest,
        shown: shown_by(&actor, shown.media),
        read_to_end: true,
        consents: true,
        typed_name: service.state().people.get(person).unwrap().name.clone(),
    };
    service.sign_agreement(&actor, signing).await
}

pub async fn submit(service: &Service, owner: PersonId, tier: Tier, title: &str) -> SecretId {
    let profile = Profile {
        title: line(title),
        owner,
        department: line("Coating"),
        tier,
        summary: text("How the bath is made."),
        places: Vec::new(),
        known_by: BTreeSet::new(),
        value: None,
        cost: None,
        factors: Default::default(),
        review: None,
    };
    let draft = Draft { profile, precise: Some(text("Titania sol, aged for 46 hours.")) };
    let done = service.act(&shell(owner), secrets::Command::Submit(Box::new(draft))).await.unwrap();
    match done.event() {
        Some(Event::Secrets(event)) => event.secret(),
        other => panic!("not submitted: {other:?}"),
    }
}

pub async fn add(service: &Service, person: PersonId, secret: SecretId, bytes: &[u8]) -> DocumentId {
    let upload = Upload { secret, name: line("bath.md"), media_type: line("text/markdown") };
    let content = stream::iter([Ok(Bytes::copy_from_slice(bytes))]);
    let done = service.add_document(&shell(person), upload, content).await.unwrap();
    match done.event() {
        Some(Event::Documents(documents::Event::Added { document, .. })) => *document,
        other => panic!("not added: {other:?}"),
    }
}

pub async fn ask(service: &Service, person: PersonId, secret: SecretId) -> RequestId {
    let command = access::Command::Request { secret, purpose: text("To repair the bath."), ends: None };
    let done = service.act(&shell(person), command).await.unwrap();
    match done.event() {
        Some(Event::Access(access::Event::Requested { request, .. })) => *request,
        other => panic!("not asked: {other:?}"),
    }
}

pub async fn approve(service: &Service, person: PersonId, request: RequestId) -> Option<GrantId> {
    let command = access::Command::Approve { request, note: None };
    let done = service.act(&shell(person), command).await.unwrap();
    done.entries.iter().find_map(|entry| match &entry.event {
        Event::Access(access::Event::Granted { grant, .. }) => Some(*grant),
        _ => None,
    })
}

pub async fn read(
    service: &Service,
    person: PersonId,
    document: DocumentId,
) -> Result<Vec<u8>, ServiceError> {
    let open = service.open_document(&shell(person), document).await?;
    let pieces: Vec<Bytes> =
        open.content(None)?.try_collect().await.map_err(|e| ServiceError::Content(e.to_string()))?;
    Ok(pieces.concat())
}
