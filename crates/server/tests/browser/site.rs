//! A site that listens, and a company with something of everything in it.

use crate::driver::Chrome;
use crate::support::{TestSite, operator, password};
use futures::stream;
use program::access::{self, Command as Access};
use program::agreements::{Command as Agree, Covers, Shown, Signing};
use program::people::{Engagement, Joiner, Mail, Profile};
use program::secrets::{self, Draft, Tier};
use program::{
    Actor, AgreementId, DAY, DocumentId, Event, Line, PersonId, RequestId, SecretId, Text, documents, people,
    retention,
};
use server::Settings;
use service::{BackupPlan, NewVersion, Upload};
use tokio::sync::oneshot;

/// A site on a port of this machine, until it is dropped.
pub struct Live {
    pub site: TestSite,
    pub address: String,
    _stop: oneshot::Sender<()>,
}

/// Everybody there is in [`company`], each with another role or place.
pub const EVERYBODY: [&str; 8] = ["ada", "carl", "sven", "hanna", "aud", "eva", "olga", "otto"];

/// An agreement long enough to be scrolled on every screen.
pub fn agreement_text() -> String {
    let paragraph = "What you learn here about how we coat lenses stays with you and with those who were granted it. You use \
                     it for the work it was shown to you for, and give every copy back when that work ends.\n\n";
    format!("# What we keep between us\n\n{}The end of the text.", paragraph.repeat(30))
}

pub async fn listen(site: TestSite) -> Live {
    let listening = server::bind(Settings::local(([127, 0, 0, 1], 0).into())).await.unwrap();
    let address = format!("http://{}", listening.address());
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(listening.run(site.service.clone(), async { drop(stopped.await) }));
    Live { site, address, _stop: stop }
}

impl Live {
    /// Signs this person in to the browser, without going through the pages.
    pub async fn enter(&self, chrome: &Chrome, name: &str) {
        let browser = self.site.sign_in(name).await;
        chrome.open("/sign-in");
        chrome.forget_cookies();
        chrome.hold_session(&browser.cookie("ringfence").unwrap());
    }
}

/// A company in the middle of its work: secrets of every tier, documents, signatures and a refusal to sign, requests in every
/// state, an emergency, somebody with a long name and somebody whose name is written from right to left.
pub async fn company() -> Live {
    let site = TestSite::new().await;
    let counsel = site.person("carl");
    let (olga, otto) = (site.add("olga", &[]).await, contractor(&site, "otto").await);
    for person in [olga, otto] {
        let link = site.service.invite(&operator(), person).await.unwrap();
        site.service.accept_invite(&link, password(), None).await.unwrap();
    }
    named(&site, "layla@halden.example", "ليلى الحدّادي").await;
    named(
        &site,
        "max@halden.example",
        "Maximiliane Theodora Alexandra von Hohenfels-Brandtstein y Ruiz de Villanublada",
    )
    .await;
    let eva = site.person("eva");
    let binding = publish(&site, counsel, "Confidentiality agreement").await;
    let other = publish(&site, counsel, "Agreement for visitors of the coating hall").await;
    let asked = vec![eva, olga, otto, site.person("sven")];
    act(&site, counsel, Agree::Assign { agreement: binding, people: asked, due: None }).await;
    act(&site, counsel, Agree::Assign { agreement: other, people: vec![eva, olga], due: None }).await;
    for person in [eva, olga] {
        sign(&site, person, binding).await;
    }
    let reason = text("I leave at the end of the month.");
    act(&site, site.person("sven"), Agree::Decline { agreement: binding, reason }).await;
    for (title, tier) in [
        ("Bath of the low-index film: composition and ageing", Tier::Confidential),
        ("Withdrawal speed and its controller", Tier::Restricted),
        ("Which customers renew, and at what price", Tier::CrownJewel),
    ] {
        register(&site, title, tier, olga, eva).await;
    }
    put_forward(&site, "Acceptance test for the precursor", Tier::Confidential, eva, olga).await;
    for secret in [SecretId(1), SecretId(2), SecretId(3)] {
        let upload = Upload { secret, name: line("recipe.txt"), media_type: line("text/plain") };
        let content = stream::iter([Ok("Seven parts of the precursor, aged for nine days.".into())]);
        site.service.add_document(&by(olga), upload, content).await.unwrap();
    }
    let first = ask(&site, eva, SecretId(1), "The bath ages too fast on line 1").await;
    act(&site, olga, Access::Approve { request: first, note: None }).await;
    let waits = ask(&site, eva, SecretId(2), "The new holder needs another dwell time").await;
    let refused = ask(&site, otto, SecretId(1), "Connect the order system").await;
    act(&site, olga, Access::Refuse { request: refused, reason: text("Not needed for it.") }).await;
    act(&site, otto, Access::TakeEmergency { secret: SecretId(1), purpose: text("Line 1 stands.") }).await;
    assert!(site.service.state().access.pending().any(|request| request.id == waits));
    kept_and_destroyed(&site, olga).await;
    listen(site).await
}

/// A hold, a document that was destroyed while a disk with keys was away, one that could be destroyed, somebody who left and
/// somebody who was erased.
async fn kept_and_destroyed(site: &TestSite, owner: PersonId) {
    let disks = tempfile::tempdir().unwrap();
    let plan = BackupPlan { place: disks.path().join("copies"), keys: disks.path().join("keys") };
    site.service.back_up(&operator(), &plan, |_| {}).await.unwrap();
    drop(disks);
    for document in [DocumentId(2), DocumentId(3)] {
        let reason = text("Replaced by the new one.");
        act(site, owner, documents::Command::Withdraw { document, reason }).await;
    }
    site.service.destroy_document(&by(owner), DocumentId(3), text("Its time is over.")).await.unwrap();
    for name in ["leo", "erna"] {
        let person = site.add(name, &[]).await;
        let end = people::Command::End { person, ends: None, reason: text("Moved on.") };
        site.service.act(&operator(), end).await.unwrap();
    }
    let erased = site.person("erna");
    site.service.erase_person(&operator(), erased, text("Asked for it.")).await.unwrap();
    for about in [SecretId(1).into(), site.person("max").into()] {
        let reason = text("A dispute with a former supplier is to be expected.");
        act(site, site.person("carl"), retention::Command::PlaceHold { about, reason }).await;
    }
}

pub fn line(text: &str) -> Line {
    Line::new(text).unwrap()
}

pub fn text(words: &str) -> Text {
    Text::new(words).unwrap()
}

pub fn by(person: PersonId) -> Actor {
    Actor::shell("tester", Some(person))
}

pub async fn act(site: &TestSite, person: PersonId, command: impl Into<program::Command>) {
    site.service.act(&by(person), command).await.unwrap();
}

pub async fn publish(site: &TestSite, counsel: PersonId, title: &str) -> AgreementId {
    let new = NewVersion {
        agreement: None,
        title: line(title),
        bytes: agreement_text().into_bytes(),
        covers: Covers::Everything,
        term_days: None,
        resign: false,
        due: None,
        second_factor: false,
        note: None,
    };
    let done = site.service.publish_agreement(&by(counsel), new).await.unwrap();
    let Some(Event::Agreements(event)) = done.event() else { panic!("not published") };
    event.agreement()
}

/// Puts a secret forward and accepts it.
pub async fn register(
    site: &TestSite,
    title: &str,
    tier: Tier,
    owner: PersonId,
    knows: PersonId,
) -> SecretId {
    let secret = put_forward(site, title, tier, owner, knows).await;
    act(site, site.person("carl"), secrets::Command::Accept { secret, note: None }).await;
    secret
}

async fn put_forward(site: &TestSite, title: &str, tier: Tier, owner: PersonId, knows: PersonId) -> SecretId {
    let profile = secrets::Profile {
        title: line(title),
        owner,
        department: line("Coating"),
        tier,
        summary: text("How it is done, and what was tried before."),
        places: Vec::new(),
        known_by: [knows].into(),
        value: None,
        cost: None,
        factors: Default::default(),
        review: Some(site.service.now() + 120 * DAY),
    };
    let draft = Draft { profile, precise: Some(text("Seven parts of the precursor to two of the solvent.")) };
    let done = site.service.act(&by(owner), secrets::Command::Submit(Box::new(draft))).await.unwrap();
    let Some(Event::Secrets(event)) = done.event() else { panic!("not put forward") };
    event.secret()
}

async fn sign(site: &TestSite, person: PersonId, agreement: AgreementId) {
    let shown = site.service.show_agreement(&by(person), agreement).await.unwrap();
    let signing = Signing {
        agreement,
        version: shown.version,
        digest: shown.digest,
        shown: Shown::Terminal,
        read_to_end: true,
        consents: true,
        typed_name: site.service.state().people.get(person).unwrap().name.clone(),
    };
    site.service.sign_agreement(&by(person), signing).await.unwrap();
}

async fn ask(site: &TestSite, person: PersonId, secret: SecretId, purpose: &str) -> RequestId {
    act(site, person, access::Command::Request { secret, purpose: text(purpose), ends: None }).await;
    let state = site.service.state();
    state
        .access
        .requests()
        .filter(|request| request.person == person)
        .map(|request| request.id)
        .max()
        .unwrap()
}

async fn named(site: &TestSite, mail: &str, name: &str) {
    let mut profile = profile(mail, Engagement::Employee);
    profile.name = line(name);
    let joiner = Joiner { profile, clearance: 2, roles: [].into() };
    site.service.act(&operator(), people::Command::Add { joiner }).await.unwrap();
}

async fn contractor(site: &TestSite, name: &str) -> PersonId {
    let mut profile = profile(&format!("{name}@halden.example"), Engagement::Contractor);
    profile.name = line(name);
    profile.ends = Some(site.service.now() + 200 * DAY);
    let joiner = Joiner { profile, clearance: 2, roles: [].into() };
    site.service.act(&operator(), people::Command::Add { joiner }).await.unwrap();
    site.person(name)
}

fn profile(mail: &str, engagement: Engagement) -> Profile {
    Profile {
        name: line("A name"),
        mail: Mail::new(mail).unwrap(),
        engagement,
        department: line("Coating"),
        job: Some(line("Works on the film")),
        manager: None,
        starts: program::Time(0),
        ends: None,
    }
}
