//! Retention through the real router: holds that refuse, receipts that say where keys may still be, what is left of what was
//! destroyed, and that none of it is told to whom it is not for.

use crate::support::{Browser, TestSite, operator};
use axum::body::Bytes;
use axum::http::StatusCode;
use program::accounts::TokenScope;
use program::secrets::{self, Draft, Factors, Tier};
use program::{Actor, DocumentId, Line, SecretId, Text, documents, people, retention};
use serde_json::{Value, json};
use server::Settings;
use service::BackupPlan;
use std::path::PathBuf;

const ALL: [TokenScope; 2] = [TokenScope::Read, TokenScope::Write];
const EVERYBODY: [&str; 6] = ["ada", "carl", "sven", "hanna", "aud", "eva"];
const DESTROY: &str = "/documents/D-1/destroy";

fn line(text: &str) -> Line {
    Line::new(text).unwrap()
}

fn text(text: &str) -> Text {
    Text::new(text).unwrap()
}

/// Eva's secret with two documents, and Gil, who may not open it.
struct House {
    site: TestSite,
    disks: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        let site = TestSite::with(Settings::local("127.0.0.1:0".parse().unwrap())).await;
        site.enter("gil", &[]).await;
        let house = Self { site, disks: tempfile::tempdir().unwrap() };
        let profile = secrets::Profile {
            title: line("Lumafilm bath"),
            owner: house.site.person("eva"),
            department: line("Coating"),
            tier: Tier::Confidential,
            summary: text("Safe to show."),
            places: Vec::new(),
            known_by: Default::default(),
            value: None,
            cost: None,
            factors: Factors::default(),
            review: None,
        };
        let draft = Box::new(Draft { profile, precise: None });
        house.act("eva", secrets::Command::Submit(draft)).await;
        for name in ["bath.md", "holder.md"] {
            let upload =
                service::Upload { secret: SecretId(1), name: line(name), media_type: line("text/markdown") };
            let content = futures::stream::iter([std::io::Result::Ok(Bytes::from_static(b"# Bath"))]);
            house.site.service.add_document(&house.by("eva"), upload, content).await.unwrap();
        }
        house.act("carl", secrets::Command::Accept { secret: SecretId(1), note: None }).await;
        house
    }

    fn by(&self, name: &str) -> Actor {
        Actor::shell("tester", Some(self.site.person(name)))
    }

    async fn act(&self, name: &str, command: impl Into<program::Command>) {
        self.site.service.act(&self.by(name), command).await.unwrap();
    }

    async fn withdraw(&self) {
        let reason = text("Not used any more.");
        self.act("eva", documents::Command::Withdraw { document: DocumentId(1), reason }).await;
    }

    async fn gil_leaves(&self) {
        let end = people::Command::End { person: self.site.person("gil"), ends: None, reason: text("Left.") };
        self.site.service.act(&operator(), end).await.unwrap();
    }

    fn disk(&self, name: &str) -> PathBuf {
        self.disks.path().join(name)
    }

    async fn back_up(&self) {
        let plan = BackupPlan { place: self.disk("copies"), keys: self.disk("keys") };
        self.site.service.back_up(&operator(), &plan, |_| {}).await.unwrap();
    }

    /// The folder of keys, as the record names it.
    fn keys(&self) -> String {
        self.site.service.state().retention.places().next().unwrap().keys.to_string()
    }

    fn unplug(&self) {
        std::fs::rename(self.disk("keys"), self.disk("unplugged")).unwrap();
    }

    fn plug_in(&self) {
        std::fs::rename(self.disk("unplugged"), self.disk("keys")).unwrap();
    }
}

async fn destroy(browser: &Browser) -> crate::support::Answer {
    browser.post(DESTROY, &[("reason", "Its time is over."), ("confirm", "d-1")]).await
}

#[tokio::test]
async fn retention_is_for_those_who_oversee_and_says_what_to_do_next() {
    let h = House::new().await;
    for name in EVERYBODY {
        let sees = matches!(name, "ada" | "carl" | "sven" | "aud");
        let expected = if sees { StatusCode::OK } else { StatusCode::FORBIDDEN };
        let browser = h.site.sign_in(name).await;
        for path in ["/retention", "/retention/holds", "/retention/destroyed", "/retention/holds.csv"] {
            assert_eq!(browser.get(path).await.status, expected, "{name} at {path}");
        }
        let listed = browser.page("/me").await.contains("href=\"/retention\"");
        assert_eq!(listed, sees, "{name} is shown it in the navigation");
        let (status, _) = h.site.caller(name, &ALL).await.call("GET", "/api/v1/retention", Value::Null).await;
        assert_eq!(status, expected, "{name}");
    }
    let page = h.site.sign_in("ada").await.page("/retention").await;
    for said in [
        "No copy was ever made",
        "ringfence backup --out FOLDER-OF-COPIES --keys FOLDER-OF-KEYS",
        "Nothing was destroyed",
        "No hold is in force",
        "for counsel to confirm",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    h.back_up().await;
    let page = h.site.sign_in("ada").await.page("/retention").await;
    assert!(!page.contains("No copy was ever made") && page.contains(&h.keys()), "{page}");
    assert!(page.contains("This folder is no more"));
    assert!(!h.site.sign_in("aud").await.page("/retention").await.contains("This folder is no more"));
    let told = h.site.caller("aud", &ALL).await.get("/api/v1/retention").await;
    assert_eq!((&told["keys"][0]["version"], &told["open"]), (&json!(1), &json!(false)), "{told}");
    assert_eq!(told["last_backup"]["keys"], json!(h.keys()));
}

#[tokio::test]
async fn a_hold_is_placed_on_what_was_meant_forbids_and_is_lifted() {
    let h = House::new().await;
    h.withdraw().await;
    let (carl, eva) = (h.site.sign_in("carl").await, h.site.sign_in("eva").await);
    let gil = h.site.person("gil");
    for (about, found) in [
        ("s-1", "S-1".to_owned()),
        ("lumafilm BATH", "S-1".to_owned()),
        ("D-1", "D-1".to_owned()),
        ("bath.md", "D-1".to_owned()),
        ("gil@halden.example", gil.to_string()),
        ("gil", gil.to_string()),
    ] {
        let fields = [("about", about), ("reason", "A dispute with <Berg>.")];
        let answer = carl.post("/retention/holds/new", &fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{about}: {}", answer.text());
        let state = h.site.service.state();
        let hold = state.retention.holds().last().unwrap();
        assert_eq!((hold.about.to_string(), hold.by), (found, Some(h.site.person("carl"))), "{about}");
    }
    for wrong in ["", "S-99", "P-99", "G-1", "nobody@halden.example", "no such thing"] {
        let answer = carl.post("/retention/holds/new", &[("about", wrong), ("reason", "Kept text.")]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(answer.text().contains("href=\"#about\"") && answer.text().contains("Kept text."), "{wrong}");
    }
    let listed = carl.page("/retention").await;
    assert!(
        listed.contains("A dispute with &#60;Berg&#62;.") && listed.contains("/retention/holds/H-1/lift")
    );
    // Whoever could destroy it sees why not; whoever is not to know of a dispute sees nothing.
    for path in ["/secrets/S-1", "/documents/D-1"] {
        assert!(eva.page(path).await.contains("Under legal hold"), "{path}");
    }
    assert!(!eva.page("/documents/D-1").await.contains(DESTROY), "it is offered all the same");
    let way = eva.page(DESTROY).await;
    assert!(way.contains("Under legal hold") && !way.contains("name=\"confirm\""), "{way}");
    let refused = destroy(&eva).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(h.site.service.state().documents.get(DocumentId(1)).unwrap().destroyed.is_none());
    for name in ["gil", "hanna"] {
        let page = h.site.sign_in(name).await.page("/secrets/S-1").await;
        assert!(!page.contains("legal hold"), "{name} learns that a dispute is expected");
    }
    let found = eva.get("/search?q=H-1").await.location();
    assert_eq!(found, "/secrets/S-1", "the owner has no page of holds");
    assert_eq!(carl.get("/search?q=H-1").await.location(), "/retention/holds?q=H-1");

    for id in 1..=4 {
        let path = format!("/retention/holds/H-{id}/lift");
        assert!(carl.page(&path).await.contains("for counsel to confirm"));
        let empty = carl.post(&path, &[("reason", " ")]).await;
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(carl.post(&path, &[("reason", "Settled.")]).await.status, StatusCode::SEE_OTHER);
        let again = carl.post(&path, &[("reason", "Settled.")]).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", again.text());
    }
    assert_eq!(carl.get("/retention/holds/H-99/lift").await.status, StatusCode::NOT_FOUND);
    let csv = carl.page("/retention/holds.csv?state=lifted&sort=about").await;
    assert_eq!(csv.lines().count(), 5, "{csv}");
    assert!(
        csv.starts_with("hold,about,name,reason,placed,by,lifted,lifted_because") && csv.contains("Settled.")
    );
    let some: Value = serde_json::from_str(&carl.page("/retention/holds.json?q=gil").await).unwrap();
    assert_eq!(some.as_array().unwrap().len(), 2, "{some}");
    assert_eq!(destroy(&eva).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn holds_are_placed_and_lifted_by_counsel_alone_and_known_to_few() {
    let h = House::new().await;
    let held = json!({"about": "S-1", "reason": "A dispute."});
    for name in EVERYBODY {
        let caller = h.site.caller(name, &ALL).await;
        let (status, answer) = caller.call("POST", "/api/v1/holds", held.clone()).await;
        let expected = if name == "carl" { StatusCode::CREATED } else { StatusCode::FORBIDDEN };
        assert_eq!(status, expected, "{name}: {answer}");
        if name != "carl" {
            let browser = h.site.sign_in(name).await;
            let fields = [("about", "S-1"), ("reason", "A dispute.")];
            assert_eq!(browser.post("/retention/holds/new", &fields).await.status, StatusCode::FORBIDDEN);
        }
    }
    for (name, sees) in
        [("ada", 1), ("carl", 1), ("sven", 1), ("aud", 1), ("eva", 1), ("hanna", 0), ("gil", 0)]
    {
        let caller = h.site.caller(name, &ALL).await;
        let holds = caller.get("/api/v1/holds?in_force=true&about=S-1").await;
        assert_eq!(holds["total"], json!(sees), "{name}: {holds}");
        if name != "carl" {
            let lift = json!({"reason": "Over."});
            let (status, _) = caller.call("POST", "/api/v1/holds/H-1/lift", lift).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{name}");
        }
    }
    let carl = h.site.caller("carl", &ALL).await;
    let hold = &carl.get("/api/v1/holds").await["items"][0];
    assert_eq!((&hold["id"], &hold["about"]), (&json!("H-1"), &json!("S-1")), "{hold}");
    let (status, _) = carl.call("POST", "/api/v1/holds", json!({"about": "S-99", "reason": "x"})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    h.withdraw().await;
    let eva = h.site.caller("eva", &ALL).await;
    let (status, problem) =
        eva.call("POST", "/api/v1/documents/D-1/destroy", json!({"reason": "Old."})).await;
    assert_eq!((status, &problem["rule"]), (StatusCode::CONFLICT, &json!("hold")), "{problem}");
    carl.post("/api/v1/holds/H-1/lift", json!({"reason": "Settled."})).await;
    let lifted = carl.get("/api/v1/holds?in_force=false").await;
    assert_eq!(lifted["items"][0]["lifted"]["reason"], json!("Settled."));
    let (status, _) = carl.call("POST", "/api/v1/holds/H-1/lift", json!({"reason": "Again."})).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let done = eva.post("/api/v1/documents/D-1/destroy", json!({"reason": "Old."})).await;
    assert_eq!((&done["keys"]["complete"], &done["keys"]["left"]), (&json!(true), &json!([])), "{done}");
    assert!(
        done["receipt"]["recorded"].as_array().unwrap().len() >= 2,
        "the decision and the receipt: {done}"
    );
    assert!(eva.get("/api/v1/documents/D-1").await["destroyed"].is_string());
}

#[tokio::test]
async fn a_document_is_destroyed_with_care_and_shows_its_receipt() {
    let h = House::new().await;
    let (carl, eva) = (h.site.sign_in("carl").await, h.site.sign_in("eva").await);
    let early = eva.page(DESTROY).await;
    assert!(early.contains("/documents/D-1/withdraw") && !early.contains("name=\"confirm\""), "{early}");
    assert_eq!(destroy(&eva).await.status, StatusCode::CONFLICT, "it is in use");
    h.withdraw().await;
    assert!(
        eva.page("/documents/D-1").await.contains(DESTROY)
            && carl.page("/documents/D-1").await.contains(DESTROY)
    );
    for name in ["ada", "sven", "hanna", "aud", "gil"] {
        let browser = h.site.sign_in(name).await;
        assert!(!browser.get("/documents/D-1").await.text().contains(DESTROY), "{name} is offered it");
        for status in [browser.get(DESTROY).await.status, destroy(&browser).await.status] {
            assert!(matches!(status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND), "{name}: {status}");
        }
    }
    let form = eva.page(DESTROY).await;
    assert!(
        form.contains("cannot be taken back") && form.contains("Type <bdi class=\"typed\">D-1"),
        "{form}"
    );
    for fields in [[("reason", "Old."), ("confirm", "D-2")], [("reason", ""), ("confirm", "D-1")]] {
        let answer = eva.post(DESTROY, &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
        assert!(answer.text().contains(fields[0].1), "nothing typed is lost");
    }
    assert!(h.site.service.state().documents.get(DocumentId(1)).unwrap().destroyed.is_none());
    let done = destroy(&eva).await;
    assert_eq!(
        (done.status, done.location().as_str()),
        (StatusCode::SEE_OTHER, "/documents/D-1"),
        "{}",
        done.text()
    );
    let page = eva.page("/documents/D-1").await;
    assert!(page.contains("The document was destroyed for good"), "{page}");
    assert!(page.contains("Destroyed for good") && page.contains("the record&#39;s own keys"), "{page}");
    assert!(!page.contains("Not everywhere yet") && !page.contains(DESTROY));
    assert!(page.contains("Nobody can read it again"), "{page}");
    assert!(eva.page("/secrets/S-1/documents").await.contains("Destroyed"));
    assert!(eva.page("/search?q=bath.md").await.contains("destroyed"));
    let list = carl.page("/retention/destroyed").await;
    assert!(list.contains("bath.md") && list.contains("Gone everywhere"), "{list}");
    assert!(carl.page("/retention/destroyed.csv?state=gone").await.contains("D-1,bath.md"));
    assert!(!carl.page("/retention/destroyed.csv?state=open").await.contains("D-1"));
    // Administrators run the copies and are not told what secrets hold.
    let ada = h.site.sign_in("ada").await.page("/retention").await;
    assert!(ada.contains("D-1") && !ada.contains("bath.md") && !ada.contains("/documents/D-1"), "{ada}");
    assert_eq!(eva.get(DESTROY).await.status, StatusCode::OK);
    assert_eq!(destroy(&eva).await.status, StatusCode::CONFLICT, "once is enough");
}

#[tokio::test]
async fn keys_that_may_still_be_somewhere_are_said_loudly_until_they_are_gone() {
    let h = House::new().await;
    h.back_up().await;
    h.withdraw().await;
    let keys = h.keys();
    h.unplug();
    let (ada, carl) = (h.site.sign_in("ada").await, h.site.sign_in("carl").await);
    let eva = h.site.sign_in("eva").await;
    destroy(&eva).await;
    let page = eva.page("/documents/D-1").await;
    assert!(page.contains("but not everywhere yet") && page.contains("Not everywhere yet"), "{page}");
    assert!(
        !page.contains("Nobody can read it again"),
        "as long as a key may be somewhere, somebody can: {page}"
    );
    assert!(page.contains(&keys) && !page.contains("Finish now"), "{page}");
    for (browser, may) in [(&ada, true), (&carl, false)] {
        let page = browser.page("/retention").await;
        assert!(page.contains("Not everywhere yet") && page.contains("May still be in"), "{page}");
        assert_eq!(page.contains("Finish now"), may);
    }
    assert!(ada.page("/").await.contains("Finish it"), "it waits for whoever can finish it");
    for name in ["carl", "sven", "hanna", "aud", "eva"] {
        let browser = h.site.sign_in(name).await;
        assert_eq!(browser.post("/retention/finish", &[]).await.status, StatusCode::FORBIDDEN, "{name}");
        let caller = h.site.caller(name, &ALL).await;
        for (path, body) in [
            ("/api/v1/retention/finish", Value::Null),
            ("/api/v1/retention/forget", json!({"folder": keys, "reason": "Gone."})),
        ] {
            assert_eq!(caller.call("POST", path, body).await.0, StatusCode::FORBIDDEN, "{name} {path}");
        }
    }
    let size = h.site.service.state().size;
    assert_eq!(ada.post("/retention/finish", &[]).await.status, StatusCode::SEE_OTHER);
    assert!(ada.page("/retention").await.contains("Nothing could be deleted"));
    assert_eq!(h.site.service.state().size, size, "nothing new, nothing recorded");
    h.plug_in();
    let api = h.site.caller("ada", &ALL).await;
    assert_eq!(api.get("/api/v1/retention").await["open"], json!(true));
    let finished = api.post("/api/v1/retention/finish", Value::Null).await;
    assert_eq!(finished["open"], json!(false), "{finished}");
    assert!(finished["receipt"]["entry"].is_u64());
    assert!(ada.page("/retention").await.contains("Gone everywhere"));
    let again = api.post("/api/v1/retention/finish", Value::Null).await;
    assert!(again["receipt"].is_null() && again["open"] == json!(false), "{again}");
}

#[tokio::test]
async fn a_folder_of_keys_that_is_no_more_is_said_to_be_and_asked_for_by_name() {
    let h = House::new().await;
    h.back_up().await;
    h.withdraw().await;
    let keys = h.keys();
    h.unplug();
    let (ada, eva) = (h.site.sign_in("ada").await, h.site.sign_in("eva").await);
    destroy(&eva).await;
    let encoded: String = keys.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let path = format!("/retention/forget?keys={encoded}");
    let page = ada.page(&path).await;
    assert!(page.contains("1 thing was destroyed") && page.contains(&keys), "{page}");
    assert_eq!(ada.get("/retention/forget?keys=/nowhere").await.status, StatusCode::NOT_FOUND);
    assert_eq!(ada.get("/retention/forget").await.status, StatusCode::NOT_FOUND);
    assert_eq!(h.site.sign_in("carl").await.get(&path).await.status, StatusCode::FORBIDDEN);
    let send = async |confirm: &str| {
        let fields = [("keys", keys.as_str()), ("reason", "The disk was crushed."), ("confirm", confirm)];
        ada.post("/retention/forget", &fields).await
    };
    let wrong = send("/elsewhere").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("The disk was crushed."));
    assert_eq!(send(&keys).await.status, StatusCode::SEE_OTHER);
    let page = ada.page("/retention").await;
    assert!(!page.contains("Not everywhere yet") && !page.contains("This folder is no more"), "{page}");
    assert_eq!(send(&keys).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_person_is_erased_with_care_and_is_a_number_from_then_on() {
    let h = House::new().await;
    let gil = h.site.person("gil");
    let (page, erase) = (format!("/people/{gil}"), format!("/people/{gil}/erase"));
    let hanna = h.site.sign_in("hanna").await;
    let id = gil.to_string();
    let fields = [("reason", "They asked for it."), ("confirm", id.as_str())];
    assert!(!hanna.page(&page).await.contains(&erase), "they still work here");
    assert!(hanna.page(&erase).await.contains("has not left"));
    assert_eq!(hanna.post(&erase, &fields).await.status, StatusCode::CONFLICT);
    h.gil_leaves().await;
    assert!(hanna.page(&page).await.contains(&erase));
    let hold = retention::Command::PlaceHold { about: gil.into(), reason: text("Gil v. Halden.") };
    h.act("carl", hold).await;
    let held = hanna.page(&erase).await;
    assert!(held.contains("A legal hold forbids it") && !held.contains("Gil v. Halden"), "{held}");
    assert!(
        !hanna.page(&page).await.contains("Under legal hold"),
        "which dispute is not for human resources"
    );
    assert!(h.site.sign_in("carl").await.page(&page).await.contains("Under legal hold"));
    let lift = retention::Command::LiftHold { hold: program::HoldId(1), reason: text("Settled.") };
    h.act("carl", lift).await;
    for name in ["carl", "sven", "aud", "eva"] {
        let browser = h.site.sign_in(name).await;
        assert_eq!(browser.get(&erase).await.status, StatusCode::FORBIDDEN, "{name}");
        assert_eq!(browser.post(&erase, &fields).await.status, StatusCode::FORBIDDEN, "{name}");
        let caller = h.site.caller(name, &ALL).await;
        let (status, _) =
            caller.call("POST", &format!("/api/v1/people/{gil}/erase"), json!({"reason": "x"})).await;
        assert!(matches!(status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND), "{name}: {status}");
    }
    let wrong = hanna.post(&erase, &[("reason", "They asked."), ("confirm", "gil")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(h.site.service.state().people.get(gil).is_some());
    let done = hanna.post(&erase, &fields).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, page.clone()), "{}", done.text());
    let left = hanna.page(&page).await;
    assert!(
        left.contains(&format!("{gil} (erased)")) && left.contains("the record&#39;s own keys"),
        "{left}"
    );
    assert!(!left.contains("gil@halden.example"));
    assert!(
        h.site.sign_in("sven").await.page(&page).await.contains("href=\"/record/"),
        "the entry that says why"
    );
    assert_eq!(hanna.get(&erase).await.location(), page);
    assert_eq!(hanna.get(&format!("/search?q={gil}")).await.location(), page);
    h.site.assert_hidden("eva", &page).await;
    let list = h.site.sign_in("aud").await.page("/retention/destroyed").await;
    assert!(list.contains(&format!("{gil} (erased)")), "{list}");
    let api = h.site.caller("hanna", &ALL).await;
    let (status, problem) = api.call("GET", &format!("/api/v1/people/{gil}"), Value::Null).await;
    assert!(
        status == StatusCode::NOT_FOUND && problem["detail"].as_str().unwrap().contains("erased"),
        "{problem}"
    );
    let (status, problem) =
        h.site.caller("eva", &ALL).await.call("GET", &format!("/api/v1/people/{gil}"), Value::Null).await;
    assert!(status == StatusCode::NOT_FOUND && !problem.to_string().contains("erased"), "{problem}");
}

#[tokio::test]
async fn people_are_erased_through_the_api_with_a_receipt() {
    let h = House::new().await;
    let gil = h.site.person("gil");
    let path = format!("/api/v1/people/{gil}/erase");
    let hanna = h.site.caller("hanna", &ALL).await;
    let body = json!({"reason": "They asked for it."});
    let (status, problem) = hanna.call("POST", &path, body.clone()).await;
    assert_eq!((status, &problem["rule"]), (StatusCode::CONFLICT, &json!("standing")), "{problem}");
    h.gil_leaves().await;
    let (status, problem) = hanna.call("POST", &path, json!({"reason": ""})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    let done = hanna.post(&path, body.clone()).await;
    assert_eq!(done["keys"]["complete"], json!(true), "{done}");
    assert_eq!(hanna.call("POST", &path, body).await.0, StatusCode::CONFLICT, "once is enough");
}

#[tokio::test]
async fn the_key_that_signs_is_replaced_by_administrators_who_are_told_whom_to_tell() {
    let h = House::new().await;
    let before = h.site.service.verifier_key();
    let witness = program::evidence::Witness {
        name: line("Berg & Partners"),
        key: line(
            &ledger::VerifierKey::new(ledger::KeyKind::Witness, "w.example", [7; 32]).unwrap().to_string(),
        ),
        address: line("http://127.0.0.1:9/"),
    };
    h.site.service.set_witnesses(&operator(), vec![witness], 1, text("Outside.")).await.unwrap();
    for name in ["carl", "sven", "hanna", "aud", "eva"] {
        let browser = h.site.sign_in(name).await;
        assert_eq!(browser.get("/evidence/key").await.status, StatusCode::FORBIDDEN, "{name}");
        assert_eq!(
            browser.post("/evidence/key", &[("reason", "x")]).await.status,
            StatusCode::FORBIDDEN,
            "{name}"
        );
        let caller = h.site.caller(name, &ALL).await;
        let (status, _) = caller.call("POST", "/api/v1/evidence/key", json!({"reason": "x"})).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{name}");
    }
    let ada = h.site.sign_in("ada").await;
    let page = ada.page("/evidence").await;
    assert!(page.contains("href=\"/evidence/key\"") && !page.contains("Keys that have signed it"));
    assert!(ada.page("/evidence/key").await.contains("--new-key"));
    assert_eq!(ada.post("/evidence/key", &[("reason", "")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(h.site.service.verifier_key(), before);
    let done = ada.post("/evidence/key", &[("reason", "Its keeper left.")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());
    let after = h.site.service.verifier_key();
    assert_ne!(after, before);
    let page = ada.page("/evidence").await;
    for said in
        ["Keys that have signed it", "have to be told the new key", "Berg &#38; Partners", &before, &after]
    {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(page.contains("--new-key") && page.contains("ringfence witness trust"));
    assert!(!h.site.sign_in("aud").await.page("/evidence").await.contains("href=\"/evidence/key\""));
    let api = h.site.caller("ada", &ALL).await;
    let third = api.post("/api/v1/evidence/key", json!({"reason": "Once a year."})).await;
    assert_eq!(third["key"], json!(h.site.service.verifier_key()));
    let keys = &api.get("/api/v1/evidence").await["keys"];
    let listed: Vec<&Value> = keys.as_array().unwrap().iter().map(|key| &key["key"]).collect();
    assert_eq!(listed, [&json!(before), &json!(after), &third["key"]], "{keys}");
    assert!(keys[0]["since"].is_null() && keys[0]["until"] == keys[1]["since"] && keys[2]["until"].is_null());
}
