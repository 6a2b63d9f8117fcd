//! Who is told what: the pages and the REST API give the same answer, and what somebody may not know looks to them as if it
//! had never been.

use crate::support::{Answer, TestSite, operator};
use axum::http::StatusCode;
use program::accounts::TokenScope;
use program::secrets::{self, Draft, Factors, Tier};
use program::{Actor, DocumentId, GrantId, Line, SecretId, Text, access};
use serde_json::Value;
use server::Settings;

const ALL: [TokenScope; 3] = [TokenScope::Read, TokenScope::Write, TokenScope::Open];
const MONITOR: &str = "a token of the monitoring";
const EVERYBODY: [&str; 8] = ["ada", "hanna", "sven", "carl", "aud", "eva", "gil", "ned"];

fn text(text: &str) -> Text {
    Text::new(text).unwrap()
}

/// Eva owns S-1, a crown jewel that is listed to nobody, with D-1 and G-1 to Gil; and S-2, confidential, with D-2, G-2 to
/// herself and G-3 to Gil. Ned has nothing to do with any of them.
async fn house() -> TestSite {
    let mut settings = Settings::local("127.0.0.1:0".parse().unwrap());
    settings.metrics_token = Some(MONITOR.to_owned().into());
    let site = TestSite::with(settings).await;
    site.enter("gil", &[]).await;
    site.enter("ned", &[]).await;
    let by = |name: &str| Actor::shell("tester", Some(site.person(name)));
    let listed = |listed: bool| {
        let tier = Tier::CrownJewel;
        let requirement = access::Requirement { listed, ..access::Requirement::default_for(tier) };
        access::Command::SetRequirement {
            tier,
            requirement: Box::new(requirement),
            reason: text("For a while."),
        }
    };
    site.service.act(&operator(), listed(true)).await.unwrap();
    for (n, title, tier) in [(1, "Lumafilm bath", Tier::CrownJewel), (2, "Price model", Tier::Confidential)] {
        let secret = SecretId(n);
        let profile = secrets::Profile {
            title: Line::new(title).unwrap(),
            owner: site.person("eva"),
            department: Line::new("Coating").unwrap(),
            tier,
            summary: text("Safe to show."),
            places: Vec::new(),
            known_by: Default::default(),
            value: None,
            cost: None,
            factors: Factors::default(),
            review: None,
        };
        let draft = Box::new(Draft { profile, precise: Some(text("Aged for 46 hours.")) });
        site.service.act(&by("eva"), secrets::Command::Submit(draft)).await.unwrap();
        let upload = service::Upload {
            secret,
            name: Line::new("bath.md").unwrap(),
            media_type: Line::new("text/markdown").unwrap(),
        };
        let content = futures::stream::iter([std::io::Result::Ok(axum::body::Bytes::from_static(b"# Bath"))]);
        site.service.add_document(&by("eva"), upload, content).await.unwrap();
        site.service.act(&by("carl"), secrets::Command::Accept { secret, note: None }).await.unwrap();
        let ask = access::Command::Request { secret, purpose: text("To repair it."), ends: None };
        site.service.act(&by("gil"), ask).await.unwrap();
        let request = site.service.state().access.requests().next_back().unwrap().id;
        for name in if n == 1 { &["eva", "carl"][..] } else { &["eva"] } {
            site.service.act(&by(name), access::Command::Approve { request, note: None }).await.unwrap();
        }
    }
    site.service.act(&operator(), listed(false)).await.unwrap();
    site
}

/// The first letters of those to whom the page, and those to whom the API, answers.
async fn told(site: &TestSite, page: &str, api: &str) -> (String, String) {
    let (mut pages, mut calls) = (String::new(), String::new());
    for name in EVERYBODY {
        let shown = site.sign_in(name).await.get(page).await.status;
        let (answered, _) = site.caller(name, &ALL).await.call("GET", api, Value::Null).await;
        for (status, told) in [(shown, &mut pages), (answered, &mut calls)] {
            match status {
                StatusCode::OK => told.push_str(letter(name)),
                other => assert!(
                    other == StatusCode::NOT_FOUND || other == StatusCode::FORBIDDEN,
                    "{name} of {page} and {api}: {other}"
                ),
            }
        }
    }
    (pages, calls)
}

#[tokio::test]
async fn pages_and_api_tell_the_same_people() {
    let site = house().await;
    let gil = site.person("gil");
    let account = site.service.state().accounts.of(gil).unwrap().id;
    let now = site.service.now().rfc3339();
    let request = |secret: u32| {
        let state = site.service.state();
        let found = state.access.requests().find(|r| r.person == gil && r.secret == SecretId(secret));
        found.unwrap().id
    };
    for (page, api, who) in [
        ("/secrets/S-1".to_owned(), "/api/v1/secrets/S-1".to_owned(), "scueg"),
        ("/secrets/S-2".to_owned(), "/api/v1/secrets/S-2".to_owned(), "ahscuegn"),
        ("/documents/D-1".to_owned(), "/api/v1/documents/D-1".to_owned(), "scueg"),
        ("/documents/D-2".to_owned(), "/api/v1/documents/D-2".to_owned(), "scueg"),
        (format!("/requests/{}", request(1)), format!("/api/v1/requests/{}", request(1)), "scueg"),
        ("/grants/G-1".to_owned(), "/api/v1/grants/G-1".to_owned(), "hscueg"),
        (format!("/people/{gil}"), format!("/api/v1/people/{gil}"), "ahscug"),
        (format!("/accounts/{gil}"), format!("/api/v1/accounts/{account}"), "ahsu"),
        ("/settings/requirements".to_owned(), "/api/v1/requirements".to_owned(), "ahscu"),
        (
            format!("/access/why?secret=S-2&person={gil}"),
            format!("/api/v1/access/why?secret=S-2&person={gil}"),
            "hscueg",
        ),
        (
            format!("/access/why?secret=S-1&person={gil}"),
            format!("/api/v1/access/why?secret=S-1&person={gil}"),
            "scueg",
        ),
        ("/secrets/S-1/who.json".to_owned(), "/api/v1/secrets/S-1/who".to_owned(), "scue"),
        ("/evidence".to_owned(), "/api/v1/evidence".to_owned(), "ascu"),
        ("/retention".to_owned(), "/api/v1/retention".to_owned(), "ascu"),
        (format!("/secrets/S-1/as-of?at={now}"), format!("/api/v1/secrets/S-1/as-of?time={now}"), "scue"),
        (format!("/secrets/S-2/as-of?at={now}"), format!("/api/v1/secrets/S-2/as-of?time={now}"), "scue"),
    ] {
        let (pages, mut calls) = told(&site, &page, &api).await;
        if page.starts_with("/accounts/") {
            // In the browser one's own account is at `/me`.
            calls.retain(|letter| letter != 'g');
        }
        let sorted =
            |who: &str| EVERYBODY.map(letter).into_iter().filter(|l| who.contains(*l)).collect::<String>();
        assert_eq!((pages, calls), (sorted(who), sorted(who)), "{page}");
    }
}

fn letter(name: &str) -> &str {
    if name == "aud" { "u" } else { &name[..1] }
}

/// What a page says, apart from what is new on every page, and the id that was asked for.
fn said(answer: &Answer, id: &str) -> String {
    let text = answer.text();
    let csrf = text.find("name=\"csrf\"").map_or(String::new(), |_| crate::support::csrf(&text));
    text.replace(&csrf, "").replace(id, "")
}

#[tokio::test]
async fn a_refused_opening_of_what_one_may_not_know_looks_like_an_unknown_id() {
    let site = house().await;
    let browser = site.sign_in("ned").await;
    let caller = site.caller("ned", &ALL).await;
    for (hidden, never) in [
        ("/documents/D-1/content", "/documents/D-9/content"),
        ("/secrets/S-1/precise", "/secrets/S-9/precise"),
    ] {
        let before = site.service.state().documents.openings().1;
        let (one, other) = (browser.post(hidden, &[]).await, browser.post(never, &[]).await);
        assert_eq!((one.status, other.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
        assert_eq!(said(&one, "D-1"), said(&other, "D-9"));
        assert_eq!(
            site.service.state().documents.openings().1,
            before + 1,
            "{hidden}: that he tried is recorded"
        );
    }
    for (hidden, never) in [
        ("documents/D-1/open", "documents/D-9/open"),
        ("secrets/S-1/precise/open", "secrets/S-9/precise/open"),
    ] {
        let before = site.service.state().documents.openings().1;
        let (status, one) = caller.call("POST", &format!("/api/v1/{hidden}"), Value::Null).await;
        let (_, other) = caller.call("POST", &format!("/api/v1/{never}"), Value::Null).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(one.to_string(), other.to_string().replace("-9", "-1"));
        assert_eq!(site.service.state().documents.openings().1, before + 1);
    }
    let entry = site.service.state().size - 1;
    assert_eq!(browser.get(&format!("/record/{entry}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        caller.call("GET", &format!("/api/v1/record/{entry}"), Value::Null).await.0,
        StatusCode::NOT_FOUND
    );
    let own = format!("/api/v1/record?person={}", site.person("ned"));
    assert!(!caller.get(&own).await.to_string().contains("refused"), "his own history does not tell him");
    let eva = site.caller("eva", &ALL).await;
    let seen = eva.get("/api/v1/secrets/S-1/history").await.to_string();
    assert_eq!(seen.matches("was refused").count(), 4, "its owner sees each of them: {seen}");
}

#[tokio::test]
async fn a_refused_opening_of_a_listed_secret_says_why_and_names_no_document() {
    let site = house().await;
    let answer = site.sign_in("ned").await.post("/documents/D-2/content", &[]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.text().contains("Ask for access") && !answer.text().contains("bath.md"));
    let page = site.sign_in("ned").await.page("/secrets/S-2/documents").await;
    assert!(!page.contains("bath.md") && page.contains("/secrets/S-2/request"));
}

#[tokio::test]
async fn a_persons_page_names_no_secret_that_its_reader_may_not_know() {
    let site = house().await;
    let eva = site.person("eva");
    // Gil takes emergency access, which Eva has to look at: her duty names the secret.
    let by = Actor::shell("tester", Some(site.person("carl")));
    let take = access::Command::TakeEmergency { secret: SecretId(1), purpose: text("It foams.") };
    site.service.act(&by, take).await.unwrap();
    for (name, told) in [("sven", true), ("hanna", false), ("ada", false)] {
        let browser = site.sign_in(name).await;
        for tab in ["", "/access"] {
            let page = browser.page(&format!("/people/{eva}{tab}")).await;
            assert_eq!(page.contains("Lumafilm"), told, "{name}, {tab}");
        }
        let dashboard = browser.page("/dashboard").await;
        assert!(!dashboard.contains("Lumafilm"), "{name}: nothing is overdue");
    }
}

#[tokio::test]
async fn metrics_count_openings_and_refusals_of_every_face() {
    let site = house().await;
    let figure = |text: &str, name: &str| -> u64 {
        let line = text.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    let figures = async || {
        let request =
            axum::http::Request::get("/metrics").header("authorization", format!("Bearer {MONITOR}"));
        let response = site.send(request.body(axum::body::Body::empty()).unwrap()).await;
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        (figure(&text, "ringfence_openings_total"), figure(&text, "ringfence_refusals_total"))
    };
    assert_eq!(figures().await, (0, 0));
    open_for_gil(&site).await;
    assert_eq!(site.sign_in("gil").await.post("/documents/D-2/content", &[]).await.status, StatusCode::OK);
    assert_eq!(figures().await, (1, 0));
    site.caller("gil", &ALL).await.post("/api/v1/secrets/S-2/precise/open", Value::Null).await;
    assert_eq!(figures().await, (2, 0));
    site.sign_in("ned").await.post("/secrets/S-2/precise", &[]).await;
    site.caller("ned", &ALL).await.call("POST", "/api/v1/documents/D-2/open", Value::Null).await;
    assert_eq!(figures().await, (2, 2));
    let ned = Actor::shell("tester", Some(site.person("ned")));
    assert!(site.service.open_document(&ned, DocumentId(2)).await.is_err());
    assert_eq!(figures().await, (2, 3), "the command line counts too");
}

/// Confidential secrets ask for no agreement from now on, and so open for Gil.
async fn open_for_gil(site: &TestSite) {
    let tier = Tier::Confidential;
    let mut requirement = Box::new(access::Requirement::default_for(tier));
    requirement.conditions.remove(gate::Condition::Agreement);
    let command = access::Command::SetRequirement { tier, requirement, reason: text("For a while.") };
    site.service.act(&operator(), command).await.unwrap();
}

#[tokio::test]
async fn when_a_grant_was_last_used_is_told_to_its_holder_and_who_oversees_it() {
    let site = house().await;
    open_for_gil(&site).await;
    let grant = GrantId(3);
    let gil = site.caller("gil", &ALL).await;
    let path = format!("/api/v1/grants/{grant}");
    assert_eq!(gil.get(&path).await["last_used"], Value::Null);
    let done =
        site.service.open_document(&Actor::shell("tester", Some(site.person("gil"))), DocumentId(2)).await;
    let entry = done.unwrap().entry;
    let used = gil.get(&format!("/api/v1/record/{entry}")).await["time"].clone();
    assert!(used.is_string());
    for (name, told) in [("gil", true), ("eva", true), ("aud", true), ("hanna", false)] {
        let found = site.caller(name, &ALL).await.get(&path).await["last_used"].clone();
        assert_eq!(found, if told { used.clone() } else { Value::Null }, "{name}");
    }
    let hanna = site.sign_in("hanna").await;
    assert!(!hanna.page("/grants.csv").await.contains(used.as_str().unwrap()));
    assert!(site.sign_in("gil").await.page("/grants.csv").await.contains(used.as_str().unwrap()));
}

#[tokio::test]
async fn a_grant_is_revoked_at_one_address() {
    let site = house().await;
    let eva = site.sign_in("eva").await;
    assert!(eva.page("/secrets/S-2/people").await.contains("href=\"/grants/G-3/revoke\""));
    assert_eq!(eva.get("/secrets/S-2/grants/G-3/revoke").await.status, StatusCode::NOT_FOUND);
}
