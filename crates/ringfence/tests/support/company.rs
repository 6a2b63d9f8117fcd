//! The company that most tests begin with. It is made once, without the binary, and copied.

use super::{PASSPHRASE, RECIPE, runtime};
use bytes::Bytes;
use futures::stream;
use program::accounts::TokenScope;
use program::agreements::{self, Covers, Signing};
use program::people::{self, Engagement, Joiner, Mail, Profile, Role};
use program::secrets::{self, Draft, Tier};
use program::{
    Actor, AgreementId, DAY, Event, GrantId, Line, PersonId, RequestId, SecretId, Text, Time, access,
};
use service::{Config, Done, KdfParams, NewVersion, Passphrase, Service, SignInOutcome, Upload, shown_by};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use zeroize::Zeroizing;

/// The mail addresses of its people, in the order of their ids: an administrator, counsel, the security officer, human
/// resources, an auditor, the owner of the secrets, an engineer who was granted the bath, and a contractor who has
/// signed nothing and asks for it.
pub const PEOPLE: [&str; 8] = [
    "ada@halden.example",
    "carl@halden.example",
    "sven@halden.example",
    "hanna@halden.example",
    "aud@halden.example",
    "olga@halden.example",
    "eva@halden.example",
    "kim@halden.example",
];
pub const ADA: &str = PEOPLE[0];
pub const CARL: &str = PEOPLE[1];
pub const SVEN: &str = PEOPLE[2];
pub const AUD: &str = PEOPLE[4];
pub const OLGA: &str = PEOPLE[5];
pub const EVA: &str = PEOPLE[6];
pub const KIM: &str = PEOPLE[7];

/// Everybody's password.
const PASSWORD: &str = "a long walk along the fjord";

/// What tests have to know of it.
pub struct Company {
    pub folder: PathBuf,
    /// Eva's grant to S-1.
    pub grant: String,
    /// Kim's request for S-1, which waits.
    pub pending: String,
    /// Olga's and Eva's tokens for the REST API.
    pub olga: String,
    pub eva: String,
}

impl Company {
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Company> = OnceLock::new();
        SHARED.get_or_init(|| {
            let place = tempfile::TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap().keep();
            gone_with_this_process(&place);
            let company = runtime().block_on(found(&place.join("data")));
            // The last connection takes the log away with it; only then may the folder be copied.
            let written = |name| company.folder.join(name).exists();
            while written("record.db-wal") || written("keys.db-wal") {
                std::thread::yield_now();
            }
            company
        })
    }
}

/// Tests end without running destructors. A shell that reads from a pipe learns from its closing that this process is
/// gone, and clears away.
fn gone_with_this_process(place: &Path) {
    let mut guard = std::process::Command::new("sh");
    guard.args(["-c", "cat >/dev/null; rm -rf \"$0\""]).arg(place);
    guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    std::mem::forget(guard.spawn().unwrap());
}

/// A record begun without the cost of a real passphrase.
pub async fn begin(data: &Path) -> Service {
    let (config, passphrase) = (Config::local(data), Passphrase::new(PASSPHRASE.to_owned()));
    let kdf = KdfParams::light_for_tests();
    let made = Service::create(config, &passphrase, kdf, "Halden Optics", "Europe/Oslo");
    made.await.unwrap().service
}

async fn found(data: &Path) -> Company {
    let service = begin(data).await;
    enter(&service, "Ada Admin", &[Role::Administrator], 1).await;
    let carl = enter(&service, "Carl Counsel", &[Role::Counsel], 3).await;
    let sven = enter(&service, "Sven Security", &[Role::SecurityOfficer], 2).await;
    enter(&service, "Hanna Hart", &[Role::HumanResources], 1).await;
    enter(&service, "Aud Auditor", &[Role::Auditor], 1).await;
    let olga = enter(&service, "Olga Owner", &[], 3).await;
    let eva = enter(&service, "Eva Engineer", &[], 3).await;
    let kim = enter(&service, "Kim Contractor", &[], 1).await;
    let state = service.state();
    assert!(state.people.iter().map(|person| person.mail.as_str()).eq(PEOPLE), "the ids follow the order");

    let agreement = publish(&service).await;
    let command = agreements::Command::Assign { agreement, people: vec![carl, olga, eva, kim], due: None };
    service.act(&operator(), command).await.unwrap();
    for person in [olga, eva] {
        sign(&service, agreement, person).await;
    }

    let bath = submit(&service, olga, Tier::Confidential, "Lumafilm bath").await;
    let glaze = submit(&service, olga, Tier::CrownJewel, "Cobalt glaze").await;
    submit(&service, olga, Tier::Restricted, "Kiln curve").await;
    for secret in [bath, glaze] {
        service.act(&shell(carl), secrets::Command::Accept { secret, note: None }).await.unwrap();
    }
    // The crown jewel asks for two approvals, its owner's access too: counsel's acceptance is the first.
    let waiting: Vec<RequestId> = service.state().access.pending().map(|request| request.id).collect();
    for request in waiting {
        service.act(&shell(sven), access::Command::Approve { request, note: None }).await.unwrap();
    }
    seal(&service, olga, bath, "bath.md").await;
    seal(&service, olga, glaze, "glaze.md").await;
    let request = ask(&service, eva, bath).await;
    let grant = approve(&service, olga, request).await.to_string();
    let pending = ask(&service, kim, bath).await.to_string();
    let tokens = (token(&service, olga).await, token(&service, eva).await);
    Company { folder: data.to_owned(), grant, pending, olga: tokens.0, eva: tokens.1 }
}

pub fn operator() -> Actor {
    Actor::shell("tester", None)
}

pub fn shell(person: PersonId) -> Actor {
    Actor::shell("tester", Some(person))
}

async fn enter(service: &Service, name: &str, roles: &[Role], clearance: u8) -> PersonId {
    let first = name.split(' ').next().unwrap().to_lowercase();
    let contractor = first == "kim";
    let profile = Profile {
        name: line(name),
        mail: Mail::new(&format!("{first}@halden.example")).unwrap(),
        engagement: if contractor { Engagement::Contractor } else { Engagement::Employee },
        department: line("Coating"),
        job: None,
        manager: None,
        starts: Time(0),
        ends: contractor.then(|| service.now() + 200 * DAY),
    };
    let roles: BTreeSet<Role> = roles.iter().copied().collect();
    let joiner = Joiner { profile, roles, clearance };
    let done = service.act(&operator(), people::Command::Add { joiner }).await.unwrap();
    found_in(&done, |event| match event {
        Event::People(people::Event::Added { person, .. }) => Some(*person),
        _ => None,
    })
}

async fn publish(service: &Service) -> AgreementId {
    let new = NewVersion {
        agreement: None,
        title: line("Confidentiality agreement"),
        bytes: b"# Confidentiality\n\nYou keep our secrets.\n".to_vec(),
        covers: Covers::Everything,
        term_days: None,
        resign: true,
        due: None,
        second_factor: false,
        note: None,
    };
    let done = service.publish_agreement(&operator(), new).await.unwrap();
    found_in(&done, |event| match event {
        Event::Agreements(event) => Some(event.agreement()),
        _ => None,
    })
}

async fn sign(service: &Service, agreement: AgreementId, person: PersonId) {
    let actor = shell(person);
    let shown = service.show_agreement(&actor, agreement).await.unwrap();
    let signing = Signing {
        agreement,
        version: shown.version,
        digest: shown.digest,
        shown: shown_by(&actor, shown.media),
        read_to_end: true,
        consents: true,
        typed_name: service.state().people.get(person).unwrap().name.clone(),
    };
    service.sign_agreement(&actor, signing).await.unwrap();
}

/// Puts a secret forward.
pub async fn submit(service: &Service, owner: PersonId, tier: Tier, title: &str) -> SecretId {
    let profile = secrets::Profile {
        title: line(title),
        owner,
        department: line("Coating"),
        tier,
        summary: text("How it is made."),
        places: Vec::new(),
        known_by: BTreeSet::new(),
        value: None,
        cost: None,
        factors: Default::default(),
        review: None,
    };
    let draft = Draft { profile, precise: Some(text("Titania sol, aged for 46 hours.")) };
    let done = service.act(&shell(owner), secrets::Command::Submit(Box::new(draft))).await.unwrap();
    found_in(&done, |event| match event {
        Event::Secrets(event) => Some(event.secret()),
        _ => None,
    })
}

/// Seals a document.
pub async fn seal(service: &Service, owner: PersonId, secret: SecretId, name: &str) {
    let upload = Upload { secret, name: line(name), media_type: line("text/markdown") };
    let content = stream::iter([Ok(Bytes::from_static(RECIPE.as_bytes()))]);
    service.add_document(&shell(owner), upload, content).await.unwrap();
}

/// Asks for access.
pub async fn ask(service: &Service, person: PersonId, secret: SecretId) -> RequestId {
    let command = access::Command::Request { secret, purpose: text("To repair the bath."), ends: None };
    let done = service.act(&shell(person), command).await.unwrap();
    found_in(&done, |event| match event {
        Event::Access(access::Event::Requested { request, .. }) => Some(*request),
        _ => None,
    })
}

/// Approves a request that needs one approval.
pub async fn approve(service: &Service, person: PersonId, request: RequestId) -> GrantId {
    let command = access::Command::Approve { request, note: None };
    let done = service.act(&shell(person), command).await.unwrap();
    found_in(&done, |event| match event {
        Event::Access(access::Event::Granted { grant, .. }) => Some(*grant),
        _ => None,
    })
}

async fn token(service: &Service, person: PersonId) -> String {
    let password = || Zeroizing::new(PASSWORD.to_owned());
    let link = service.invite(&operator(), person).await.unwrap();
    service.accept_invite(&link, password(), None).await.unwrap();
    let mail = service.state().people.get(person).unwrap().mail.to_string();
    let SignInOutcome::Done(signed_in) = service.sign_in(&mail, password(), None, None).await.unwrap() else {
        panic!("a second factor is asked for");
    };
    let actor = service.session(&signed_in.token, None).await.unwrap().unwrap();
    let scopes = BTreeSet::from([TokenScope::Read, TokenScope::Write, TokenScope::Open]);
    let ends = service.now() + 30 * DAY;
    service.issue_token(&actor, line("tests"), scopes, ends).await.unwrap().to_string()
}

fn found_in<T>(done: &Done, wanted: impl Fn(&Event) -> Option<T>) -> T {
    done.entries.iter().find_map(|entry| wanted(&entry.event)).expect("the act was recorded")
}

fn line(text: &str) -> Line {
    Line::new(text).unwrap()
}

fn text(words: &str) -> Text {
    Text::new(words).unwrap()
}
