//! Evidence through the real router: what a preview tells, what is handed over, who may, who vouches, and the past.

use crate::support::{Browser, TestSite, operator};
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use ledger::bundle::{Findings, Options, Verdict, verify_bytes};
use program::accounts::TokenScope;
use program::evidence::{Command, Witness};
use program::secrets::{self, Draft, Factors, Tier};
use program::{Actor, Line, SecretId, Text, Time, access};
use serde_json::{Value, json};
use server::Settings;
use std::path::Path;

const ALL: [TokenScope; 3] = [TokenScope::Read, TokenScope::Write, TokenScope::Open];
const PAGE: &str = "/secrets/S-1/evidence";

fn line(text: &str) -> Line {
    Line::new(text).unwrap()
}

fn text(text: &str) -> Text {
    Text::new(text).unwrap()
}

fn by(site: &TestSite, name: &str) -> Actor {
    Actor::shell("tester", Some(site.person(name)))
}

/// Eva's secret with one document, for which Hanna asked; nobody else may open it.
async fn house() -> TestSite {
    let site = TestSite::with(Settings::local("127.0.0.1:0".parse().unwrap())).await;
    let profile = secrets::Profile {
        title: line("Lumafilm bath"),
        owner: site.person("eva"),
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
    let draft = Box::new(Draft { profile, precise: Some(text("Aged for 46 hours.")) });
    site.service.act(&by(&site, "eva"), secrets::Command::Submit(draft)).await.unwrap();
    let upload =
        service::Upload { secret: SecretId(1), name: line("bath.md"), media_type: line("text/markdown") };
    let content = futures::stream::iter([std::io::Result::Ok(axum::body::Bytes::from_static(b"# Bath"))]);
    site.service.add_document(&by(&site, "eva"), upload, content).await.unwrap();
    let accept = secrets::Command::Accept { secret: SecretId(1), note: None };
    site.service.act(&by(&site, "carl"), accept).await.unwrap();
    let ask = access::Command::Request { secret: SecretId(1), purpose: text("To repair it."), ends: None };
    site.service.act(&by(&site, "hanna"), ask).await.unwrap();
    site
}

/// Confidential secrets open for everybody who works here.
async fn open(site: &TestSite) {
    let tier = Tier::Confidential;
    let mut requirement = Box::new(access::Requirement::default_for(tier));
    for condition in [gate::Condition::Grant, gate::Condition::Agreement] {
        requirement.conditions.remove(condition);
    }
    let command = access::Command::SetRequirement { tier, requirement, reason: text("For a while.") };
    site.service.act(&operator(), command).await.unwrap();
}

const FOR: [(&str, &str); 2] = [("recipient", "District Court"), ("purpose", "Exhibit 4.")];

async fn export(browser: &Browser, more: &[(&str, &str)]) -> crate::support::Answer {
    browser.post(PAGE, &[&FOR[..], &[("act", "export"), ("agreements", "yes")], more].concat()).await
}

fn verified(bytes: &[u8]) -> Box<Findings> {
    match verify_bytes(bytes, &Options::default()) {
        Verdict::Verified(findings) => findings,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_preview_records_nothing_and_tells_nothing_of_what_is_withheld() {
    let site = house().await;
    let carl = site.sign_in("carl").await;
    let form = carl.page(PAGE).await;
    assert!(form.contains("value=\"access.requested.purpose\"") && form.contains("value=\"purpose\""));
    assert!(!form.contains("secret.submitted.precise"), "what is never shown is no choice");
    let before = site.service.state().size;
    let all = carl.post(PAGE, &[("act", "preview"), ("agreements", "yes")]).await;
    assert_eq!(all.status, StatusCode::OK, "{}", all.text());
    let page = all.text();
    assert!(page.contains("To repair it.") && page.contains("What this would disclose"), "{page}");
    assert!(!page.contains("46 hours"), "the precise description is never shown");
    let hidden = [
        ("act", "preview"),
        ("withheld", "purpose"),
        ("withheld", "person.added.name"),
        ("withheld", "person.added.mail"),
    ];
    let less = carl.post(PAGE, &hidden).await;
    let page = less.text();
    assert_eq!(less.status, StatusCode::OK);
    for secret in ["To repair it.", "hanna@halden.example", "hanna (", ">hanna<", "46 hours"] {
        assert!(!page.contains(secret), "{secret}");
    }
    assert!(page.contains("checked") && page.contains("Nothing was recorded"));
    assert_eq!(site.service.state().size, before);
}

#[tokio::test]
async fn what_is_handed_over_verifies_and_is_recorded_before_it_leaves() {
    let site = house().await;
    open(&site).await;
    let carl = site.sign_in("carl").await;
    let answer = export(&carl, &[("documents", "D-1"), ("withheld", "access.requested.purpose")]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/zip");
    assert_eq!(header("content-length"), answer.bytes.len().to_string());
    let entry = header("x-ringfence-entry");
    let named = format!("attachment; filename=\"evidence-S-1-{entry}.zip\"");
    assert!(header("content-disposition").starts_with(&named), "{}", header("content-disposition"));
    let findings = verified(&answer.bytes);
    assert!(findings.withheld > 0 && findings.files > 3, "{findings:?}");
    let holds = |needle: &[u8]| answer.bytes.windows(needle.len()).any(|window| window == needle);
    assert!(holds(b"# Bath") && !holds(b"To repair it."));
    let listed = carl.page("/evidence").await;
    assert!(listed.contains("District Court") && listed.contains(&format!("/record/{entry}")));
    assert!(!site.sign_in("ada").await.page("/evidence").await.contains("District Court"));
}

#[tokio::test]
async fn a_document_that_does_not_open_for_counsel_is_refused_and_nothing_leaves() {
    let site = house().await;
    let carl = site.sign_in("carl").await;
    let page = carl.page(PAGE).await;
    assert!(page.contains("does not open for you now") && page.contains("value=\"D-1\" disabled"));
    assert!(page.contains("/access/why?secret=S-1"));
    let exports = async || {
        let entries = site.caller("carl", &ALL).await.get("/api/v1/record?kind=evidence.exported").await;
        entries["items"].as_array().unwrap().len()
    };
    let answer = export(&carl, &[("documents", "D-1")]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = answer.text();
    assert!(page.contains("Exhibit 4.") && page.contains("A document does not open for you now"), "{page}");
    let unknown = export(&carl, &[("documents", "D-9")]).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let body = json!({"selection": {"documents": ["D-1"]}, "recipient": "X", "purpose": "Y"});
    let caller = site.caller("carl", &ALL).await;
    let (status, problem) = caller.call("POST", "/api/v1/secrets/S-1/evidence", body).await;
    assert_eq!((status, &problem["rule"]), (StatusCode::FORBIDDEN, &json!("gate")), "{problem}");
    assert_eq!(exports().await, 0);
}

#[tokio::test]
async fn nobody_but_counsel_previews_or_exports() {
    let site = house().await;
    for name in ["ada", "sven", "hanna", "aud", "eva"] {
        let browser = site.sign_in(name).await;
        assert_eq!(browser.get(PAGE).await.status, StatusCode::FORBIDDEN, "{name}");
        assert_eq!(export(&browser, &[]).await.status, StatusCode::FORBIDDEN, "{name}");
        assert!(!browser.get("/secrets/S-1").await.text().contains(PAGE), "{name} is offered it");
        let caller = site.caller(name, &ALL).await;
        let body = json!({"recipient": "X", "purpose": "Y"});
        for (path, body) in
            [("/api/v1/secrets/S-1/evidence", body), ("/api/v1/secrets/S-1/evidence/plan", json!({}))]
        {
            assert_eq!(caller.call("POST", path, body).await.0, StatusCode::FORBIDDEN, "{name} {path}");
        }
    }
    let carl = site.sign_in("carl").await;
    assert!(carl.page("/secrets/S-1").await.contains(PAGE));
    assert_eq!(carl.get("/secrets/S-9/evidence").await.status, StatusCode::NOT_FOUND);
    for missing in [&[("recipient", "District Court")][..], &[("purpose", "Exhibit 4.")]] {
        let answer = carl.post(PAGE, &[missing, &[("act", "export")]].concat()).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let later = carl.post(PAGE, &[("act", "preview"), ("day", "2999-01-01")]).await;
    assert_eq!(later.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(later.text().contains("still to come"));
}

#[tokio::test]
async fn the_api_plans_and_exports_what_the_pages_do() {
    let site = house().await;
    open(&site).await;
    let carl = site.caller("carl", &ALL).await;
    let before = site.service.state().size;
    let selection = json!({"withheld": ["purpose"], "documents": ["D-1"]});
    let plan = carl.post("/api/v1/secrets/S-1/evidence/plan", selection.clone()).await;
    assert_eq!(site.service.state().size, before, "a plan records nothing");
    assert!(!plan.to_string().contains("To repair it.") && !plan.to_string().contains("46 hours"));
    assert_eq!(plan["documents"][0]["opens"], true);
    assert!(plan["withheld"].as_u64().unwrap() > 0 && plan["who"].is_array());
    let only = carl.post("/api/v1/secrets/S-1/evidence/plan", json!({"only": ["digest"]})).await;
    assert!(only["who"].is_null(), "the bundle does not tell it either");
    let body = json!({"selection": selection, "recipient": "District Court", "purpose": "Exhibit 4."});
    let request = Request::post("/api/v1/secrets/S-1/evidence")
        .header(header::AUTHORIZATION, format!("Bearer {carl}"))
        .header(header::CONTENT_TYPE, "application/json");
    let response = site.send(request.body(Body::from(body.to_string())).unwrap()).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/zip");
    let entry: u64 = response.headers()["ringfence-entry"].to_str().unwrap().parse().unwrap();
    let length: usize = response.headers()[header::CONTENT_LENGTH].to_str().unwrap().parse().unwrap();
    let bytes = to_bytes(response.into_body(), 16 << 20).await.unwrap();
    assert_eq!(bytes.len(), length);
    verified(&bytes);
    assert_eq!(carl.get(&format!("/api/v1/record/{entry}")).await["kind"], "evidence.exported");
    let proof = json!({"selection": {"existence": 1}, "recipient": "Them", "purpose": "Negotiation."});
    assert_eq!(carl.call("POST", "/api/v1/secrets/S-1/evidence", proof).await.0, StatusCode::OK);
    for wrong in [json!({"existence": 9}), json!({"as_of": "2999-01-01"}), json!({"surprise": 1})] {
        let (status, _) = carl.call("POST", "/api/v1/secrets/S-1/evidence/plan", wrong.clone()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
}

/// A witness on loopback.
async fn witness(folder: &Path, name: &str, log: &str) -> Witness {
    let made = ::witness::Folder::create(folder, name).unwrap();
    made.trust(&log.parse().unwrap(), false).unwrap();
    let key = made.verifier().to_string();
    let settings = ::witness::Settings { listen: "127.0.0.1:0".parse().unwrap(), behind_proxy: Vec::new() };
    let listening = ::witness::bind(made, settings).await.unwrap();
    let address = line(&format!("http://{}/", listening.address()));
    tokio::spawn(listening.run(std::future::pending()));
    Witness { name: line(name), key: line(&key), address }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_is_named_asked_seen_and_asked_no_more() {
    let site = house().await;
    let outside = tempfile::tempdir().unwrap();
    let log = site.service.verifier_key();
    let one = witness(&outside.path().join("one"), "one.example", &log).await;
    let dead =
        ledger::VerifierKey::new(ledger::KeyKind::Witness, "two.example", [7; 32]).unwrap().to_string();
    let sven = site.sign_in("sven").await;
    let page = sven.page("/evidence").await;
    assert!(
        page.contains("Nobody outside vouches for this record") && page.contains("ringfence witness init")
    );
    assert_eq!(sven.post("/evidence/ask", &[]).await.status, StatusCode::CONFLICT, "nobody to ask");
    let new = "/evidence/witnesses/new";
    let name = |name: &'static str, key: &str, address: &str, quorum: &str| {
        let fields = [("name", name), ("key", key), ("address", address), ("quorum", quorum)];
        let mut fields: Vec<(String, String)> =
            fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        fields.push(("reason".to_owned(), "Outside counsel.".to_owned()));
        fields
    };
    let send = async |path: &str, fields: Vec<(String, String)>| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        sven.post(path, &fields).await
    };
    for (key, address, quorum, field) in [
        ("nonsense", one.address.as_str(), "1", "key"),
        (log.as_str(), one.address.as_str(), "1", "key"),
        (one.key.as_str(), "ftp://w/", "1", "address"),
        (one.key.as_str(), one.address.as_str(), "2", "quorum"),
        (one.key.as_str(), one.address.as_str(), "many", "quorum"),
    ] {
        let answer = send(new, name("one.example", key, address, quorum)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        assert!(answer.text().contains(&format!("href=\"#{field}\"")), "{field}: {}", answer.text());
    }
    let done = send(new, name("one.example", one.key.as_str(), one.address.as_str(), "1")).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());
    let done = send(new, name("two.example", &dead, "http://127.0.0.1:9/", "1")).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());

    let asked = sven.post("/evidence/ask", &[]).await;
    let page = asked.text();
    assert_eq!(asked.status, StatusCode::OK);
    assert!(page.contains("Vouches for the first") && page.contains("Does not vouch"), "{page}");
    assert!(page.contains("Has seen everything") && page.contains("Has not answered yet"), "{page}");
    assert!(page.contains("When they vouched"), "the picture");
    let ada = site.caller("ada", &ALL).await;
    let standing = ada.get("/api/v1/evidence").await;
    assert_eq!(
        (&standing["quorum"], &standing["last"]["witnessed"]),
        (&json!(1), &json!(true)),
        "{standing}"
    );
    let asked = ada.post("/api/v1/evidence/anchor", Value::Null).await;
    assert_eq!(
        (&asked["answers"][0]["vouches"], &asked["answers"][1]["vouches"]),
        (&json!(true), &json!(false))
    );

    let path = "/evidence/witnesses/remove";
    assert!(sven.page(&format!("{path}?name=two.example")).await.contains("two.example"));
    assert_eq!(sven.get(&format!("{path}?name=three")).await.status, StatusCode::NOT_FOUND);
    let fields = [("name", "two.example"), ("quorum", "1"), ("reason", "It never answers.")];
    let wrong = sven.post(path, &[&fields[..], &[("confirm", "one")]].concat()).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("It never answers."), "nothing typed is lost");
    let right = sven.post(path, &[&fields[..], &[("confirm", "two.example")]].concat()).await;
    assert_eq!(right.status, StatusCode::SEE_OTHER);
    let witnesses = ada.get("/api/v1/evidence/witnesses").await;
    assert_eq!(witnesses["witnesses"].as_array().unwrap().len(), 1);
    let put = json!({"witnesses": [], "quorum": 0, "reason": "It moves."});
    assert_eq!(ada.call("PUT", "/api/v1/evidence/witnesses", put).await.0, StatusCode::OK);
    assert!(site.service.state().evidence.witnesses.is_empty());
}

#[tokio::test]
async fn who_vouches_is_for_those_who_oversee_and_named_by_those_who_keep() {
    let site = house().await;
    for (name, sees, keeps) in [
        ("ada", true, true),
        ("carl", true, true),
        ("sven", true, true),
        ("aud", true, false),
        ("hanna", false, false),
        ("eva", false, false),
    ] {
        let browser = site.sign_in(name).await;
        for path in ["/evidence", "/evidence/checkpoint", "/evidence/checkpoint/print"] {
            let expected = if sees { StatusCode::OK } else { StatusCode::FORBIDDEN };
            assert_eq!(browser.get(path).await.status, expected, "{name} at {path}");
        }
        let expected = if keeps { StatusCode::OK } else { StatusCode::FORBIDDEN };
        for path in ["/evidence/witnesses/new", "/evidence/authorities/new"] {
            assert_eq!(browser.get(path).await.status, expected, "{name} at {path}");
        }
        assert_eq!(browser.page("/me").await.contains("href=\"/evidence\""), sees, "{name}");
        let caller = site.caller(name, &ALL).await;
        for path in ["/api/v1/evidence", "/api/v1/evidence/witnesses", "/api/v1/evidence/authorities"] {
            let expected = if sees { StatusCode::OK } else { StatusCode::FORBIDDEN };
            assert_eq!(caller.call("GET", path, Value::Null).await.0, expected, "{name} at {path}");
        }
        let none = json!({"authorities": [], "reason": "None yet."});
        let expected = if keeps { StatusCode::OK } else { StatusCode::FORBIDDEN };
        assert_eq!(caller.call("PUT", "/api/v1/evidence/authorities", none).await.0, expected, "{name}");
    }
    let ada = site.sign_in("ada").await;
    let fields =
        [("name", "TSA"), ("address", "http://tsa.example/"), ("root", "no PEM"), ("reason", "Times.")];
    let wrong = ada.post("/evidence/authorities/new", &fields).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("href=\"#root\""), "{}", wrong.text());
    let root = text("-----BEGIN CERTIFICATE-----");
    let authority =
        program::evidence::Authority { name: line("TSA"), address: line("http://tsa.example/"), root };
    let set = Command::SetAuthorities { authorities: vec![authority], reason: text("Times.") };
    site.service.act(&operator(), set).await.unwrap();
    let fields = [("name", "TSA"), ("reason", "It closed."), ("confirm", "tsa")];
    assert_eq!(ada.post("/evidence/authorities/remove", &fields).await.status, StatusCode::SEE_OTHER);
    assert!(site.service.state().evidence.authorities.is_empty());
}

#[tokio::test]
async fn the_past_is_shown_as_it_stood_to_those_who_may_read_its_history() {
    let site = house().await;
    let (carl, eva) = (site.sign_in("carl").await, site.sign_in("eva").await);
    let request = site.service.state().access.requests().next_back().unwrap().id;
    let then = site.service.now();
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    site.service.act(&by(&site, "eva"), access::Command::Approve { request, note: None }).await.unwrap();
    let secret = site.service.state().secrets.get(SecretId(1)).unwrap().clone();
    let profile = secrets::Profile { title: line("Lumafilm bath, new"), ..secret.profile };
    let revise = secrets::Command::Revise {
        secret: SecretId(1),
        from_version: 1,
        draft: Box::new(Draft { profile, precise: None }),
        note: None,
    };
    site.service.act(&by(&site, "eva"), revise).await.unwrap();
    let at = |time: Time| format!("/secrets/S-1/as-of?at={}", time.rfc3339());
    let before = carl.page(&at(then)).await;
    assert!(before.contains("As it stood on") && before.contains("Back to today"), "{before}");
    // The owner's own grant came with the acceptance; the newest is that of whoever asked.
    let grant = site.service.state().access.grants().next_back().unwrap().id.to_string();
    assert!(!before.contains("Lumafilm bath, new"), "a later title is there");
    assert!(!before.contains(&grant), "a later grant is there");
    assert!(before.contains("bath.md") && before.contains("Version 1") && !before.contains("Version 2"));
    let after = eva.page(&at(site.service.now())).await;
    assert!(after.contains("Lumafilm bath, new") && after.contains("G-1") && after.contains("Version 2"));
    for (name, status) in [
        ("sven", StatusCode::OK),
        ("aud", StatusCode::OK),
        ("hanna", StatusCode::FORBIDDEN),
        ("ada", StatusCode::FORBIDDEN),
    ] {
        let browser = site.sign_in(name).await;
        assert_eq!(browser.get(&at(then)).await.status, status, "{name}");
        assert_eq!(browser.get("/secrets/S-1/as-of").await.status, status, "{name}");
        let offered = browser.get("/secrets/S-1").await.text().contains("/secrets/S-1/as-of");
        assert_eq!(offered, status == StatusCode::OK, "{name}");
    }
    for wrong in ["?day=2999-01-01", "?day=1999-01-01", "?day=x", "?at=x", "?clock=14:05"] {
        let answer = carl.get(&format!("/secrets/S-1/as-of{wrong}")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(answer.text().contains("href=\"#day\""), "{wrong}");
    }
    assert_eq!(carl.get("/secrets/S-9/as-of").await.status, StatusCode::NOT_FOUND);

    let api = site.caller("carl", &ALL).await;
    let then = then.rfc3339();
    let past = api.get(&format!("/api/v1/secrets/S-1/as-of?time={then}")).await;
    assert_eq!((&past["secret"]["title"], &past["secret"]["version"]), (&json!("Lumafilm bath"), &json!(1)));
    assert_eq!(
        (past["documents"][0]["id"].as_str(), past["who"].as_array().unwrap().len()),
        (Some("D-1"), 1)
    );
    let who = api.get(&format!("/api/v1/secrets/S-1/who?as_of={then}")).await;
    assert_eq!(who.as_array().unwrap().len(), 1, "its owner alone");
    assert_eq!(api.get("/api/v1/secrets/S-1/who").await.as_array().unwrap().len(), 2);
    let hanna = site.person("hanna");
    let failing = async |as_of: &str| {
        let why = api.get(&format!("/api/v1/access/why?secret=S-1&person={hanna}{as_of}")).await;
        let grant = why["because"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["condition"] == "grant")
            .unwrap()
            .clone();
        assert!(as_of.is_empty() || grant["remedy"].is_null(), "{grant}");
        !grant["met"].as_bool().unwrap()
    };
    assert!(failing(&format!("&as_of={then}")).await && !failing("").await);
    let (status, _) = api.call("GET", "/api/v1/secrets/S-1/as-of?time=2999-01-01", Value::Null).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let hanna = site.caller("hanna", &ALL).await;
    let (status, _) = hanna.call("GET", &format!("/api/v1/secrets/S-1/as-of?time={then}"), Value::Null).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}
