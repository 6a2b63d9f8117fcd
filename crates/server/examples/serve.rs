//! Serves the sample company of `examples/halden` on this machine, for looking at pages: `cargo run -p server --example
//! serve -- 4100`. Everything is in a folder that goes away with it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "an example for developers"
)]

use futures::stream;
use program::access;
use program::agreements::{Command as Agree, Covers, Shown, Signing};
use program::people::{self, Role};
use program::secrets::{self, Draft, Profile, Tier};
use program::{Actor, AgreementId, DAY, DocumentId, Event, Line, PersonId, RequestId, SecretId, Text};
use serde_json::Value;
use server::Settings;
use service::{Config, KdfParams, NewVersion, Passphrase, Service, Upload};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use zeroize::Zeroizing;

const PASSWORD: &str = "harbour lantern velvet 42";

fn file(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/halden").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn line(text: &str) -> Line {
    Line::new(text).unwrap()
}

fn text(text: &str) -> Text {
    Text::new(text).unwrap()
}

fn operator() -> Actor {
    Actor::shell("example", None)
}

fn by(person: PersonId) -> Actor {
    Actor::shell("example", Some(person))
}

#[tokio::main]
async fn main() {
    let port: u16 = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(4100);
    let folder = tempfile::tempdir().unwrap();
    let passphrase = Passphrase::new("an example needs no secret".to_owned());
    let config = Config::local(folder.path().join("data"));
    let made =
        Service::create(config, &passphrase, KdfParams::light_for_tests(), "Halden Optics AS", "Europe/Oslo");
    let service = made.await.unwrap().service;
    fill(&service).await;
    let listening = server::bind(Settings::local(([127, 0, 0, 1], port).into())).await.unwrap();
    eprintln!("http://{}/  password for everybody: {PASSWORD}", listening.address());
    let state = service.state();
    for account in state.accounts.iter() {
        let person = state.people.get(account.person).unwrap();
        let roles: Vec<&str> = person.roles.iter().map(|role| role.word()).collect();
        eprintln!("  {:<40} {} {}", person.mail.as_str(), person.id, roles.join(", "));
    }
    listening.run(service, async { drop(tokio::signal::ctrl_c().await) }).await;
}

async fn fill(service: &Service) {
    let csv: Arc<[u8]> = file("people.csv").into();
    service.act(&operator(), people::Command::Import { csv }).await.unwrap();
    let mail = |mail: &str| service.state().people.by_mail(&format!("{mail}@halden.example")).unwrap().id;
    let holder = |role| service.state().people.iter().find(|person| person.has(role)).unwrap().id;
    let counsel = holder(Role::Counsel);
    let (layla, coating, oskar, weilun) = (
        mail("layla.alhaddadi"),
        mail("maximiliane.hohenfels"),
        mail("oskar.lindmarsh"),
        mail("weilun.tsai"),
    );
    let ids: Vec<PersonId> = service.state().people.iter().map(|person| person.id).collect();
    for id in &ids {
        let link = service.invite(&operator(), *id).await.unwrap();
        if *id != oskar {
            service.accept_invite(&link, Zeroizing::new(PASSWORD.to_owned()), None).await.unwrap();
        }
    }
    let secrets = register(service, counsel).await;
    let first = secrets[0];
    let agreement =
        publish(service, counsel, "Confidentiality agreement for employees", "agreement-employee.md").await;
    let contractor =
        publish(service, counsel, "Confidentiality agreement for contractors", "agreement-contractor.md")
            .await;
    let employees: Vec<PersonId> = ids.iter().copied().filter(|id| *id != oskar).collect();
    assign(service, counsel, agreement, employees.clone()).await;
    assign(service, counsel, contractor, vec![oskar]).await;
    for id in employees.iter().filter(|id| **id != weilun && **id != coating) {
        sign(service, *id, agreement).await;
    }
    let of = |tier| service.state().secrets.iter().find(|secret| secret.tier() == tier).unwrap().id;
    let mut documents = Vec::new();
    let files = [
        ("process-specification.md", "text/markdown", first),
        ("lab-notebook.pdf", "application/pdf", first),
        (
            "pricing-model.xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            of(Tier::Confidential),
        ),
        ("customers.csv", "text/csv", of(Tier::Confidential)),
    ];
    for (name, kind, secret) in files {
        let owner = service.state().secrets.get(secret).unwrap().profile.owner;
        let upload = Upload { secret, name: line(name), media_type: line(kind) };
        let content = stream::iter([Ok(file(name).into())]);
        let done = service.add_document(&by(owner), upload, content).await.unwrap();
        let Some(Event::Documents(event)) = done.event() else { panic!("no document") };
        documents.push(event.about().0);
    }
    requests(service, layla, coating, weilun).await;
    openings(service, &documents, layla, coating).await;
}

async fn register(service: &Service, counsel: PersonId) -> Vec<SecretId> {
    let rows: Vec<Value> = serde_json::from_slice(&file("secrets.json")).unwrap();
    let mut ids = Vec::new();
    for row in rows {
        let word = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let owner = service.state().people.by_mail(&word("owner")).unwrap().id;
        let tier = match word("tier").as_str() {
            "crown-jewel" => Tier::CrownJewel,
            "restricted" => Tier::Restricted,
            _ => Tier::Confidential,
        };
        let profile = Profile {
            title: line(&word("title")),
            owner,
            department: line(&word("department")),
            tier,
            summary: text(&word("summary")),
            places: serde_json::from_value(row["places"].clone()).unwrap_or_default(),
            known_by: BTreeSet::from([owner]),
            value: serde_json::from_value(row["value"].clone()).ok(),
            cost: serde_json::from_value(row["cost"].clone()).ok(),
            factors: serde_json::from_value(row["factors"].clone()).unwrap_or_default(),
            review: Some(service.now() + 120 * DAY),
        };
        let draft = Draft { profile, precise: Text::new(&word("precise")).ok() };
        let done = service.act(&by(owner), secrets::Command::Submit(Box::new(draft))).await.unwrap();
        let Some(Event::Secrets(event)) = done.event() else { panic!("not submitted") };
        ids.push(event.secret());
    }
    // The last one waits for counsel.
    for id in ids.iter().take(ids.len() - 1) {
        service.act(&by(counsel), secrets::Command::Accept { secret: *id, note: None }).await.unwrap();
    }
    ids
}

async fn publish(service: &Service, counsel: PersonId, title: &str, name: &str) -> AgreementId {
    let new = NewVersion {
        agreement: None,
        title: line(title),
        bytes: file(name),
        covers: Covers::Everything,
        term_days: None,
        resign: false,
        due: None,
        second_factor: false,
        note: None,
    };
    let done = service.publish_agreement(&by(counsel), new).await.unwrap();
    let Some(Event::Agreements(event)) = done.event() else { panic!("not published") };
    event.agreement()
}

async fn assign(service: &Service, counsel: PersonId, agreement: AgreementId, people: Vec<PersonId>) {
    let due = Some(service.now() + 14 * DAY);
    service.act(&by(counsel), Agree::Assign { agreement, people, due }).await.unwrap();
}

async fn sign(service: &Service, person: PersonId, agreement: AgreementId) {
    let shown = service.show_agreement(&by(person), agreement).await.unwrap();
    let signing = Signing {
        agreement,
        version: shown.version,
        digest: shown.digest,
        shown: Shown::Terminal,
        read_to_end: true,
        consents: true,
        typed_name: service.state().people.get(person).unwrap().name.clone(),
    };
    service.sign_agreement(&by(person), signing).await.unwrap();
}

async fn ask(service: &Service, person: PersonId, secret: SecretId, purpose: &str) -> Option<RequestId> {
    let command = access::Command::Request { secret, purpose: text(purpose), ends: None };
    if let Err(error) = service.act(&by(person), command).await {
        eprintln!("  not asked: {error}");
        return None;
    }
    service.state().access.requests().next_back().map(|request| request.id)
}

async fn requests(service: &Service, layla: PersonId, coating: PersonId, weilun: PersonId) {
    let state = service.state();
    let listed: Vec<(SecretId, PersonId)> = state
        .secrets
        .iter()
        .filter(|secret| {
            secret.profile.tier != Tier::CrownJewel && secret.status == secrets::Status::Accepted
        })
        .map(|secret| (secret.id, secret.profile.owner))
        .collect();
    let answer = async |owner: PersonId, command: access::Command| {
        if let Err(error) = service.act(&by(owner), command).await {
            eprintln!("  not answered: {error}");
        }
    };
    for (secret, owner) in &listed {
        if *owner != layla
            && let Some(request) = ask(service, layla, *secret, "Line 1: find why the bath ages faster").await
        {
            answer(*owner, access::Command::Approve { request, note: None }).await;
        }
    }
    let (secret, owner) = listed[0];
    ask(service, coating, secret, "New lens holder: does the dwell time change?").await;
    if let Some(request) = ask(service, weilun, secret, "Curious").await {
        answer(owner, access::Command::Refuse { request, reason: text("No need for it in your work.") })
            .await;
    }
    if let Some((secret, _)) = listed.iter().find(|(_, owner)| *owner != coating) {
        let purpose = text("The bath is curdling, line 1 stands.");
        answer(coating, access::Command::TakeEmergency { secret: *secret, purpose }).await;
    }
}

async fn openings(service: &Service, documents: &[DocumentId], layla: PersonId, coating: PersonId) {
    for document in documents {
        for person in [layla, coating] {
            match service.open_document(&by(person), *document).await {
                Ok(opened) => eprintln!("  {person} opened {document}, entry {}", opened.entry),
                Err(error) => eprintln!("  {person} did not open {document}: {error}"),
            }
        }
    }
}
