//! Asking, answering, revoking and emergencies through the real router; and who is shown nothing of them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::string_slice, reason = "a test fails by panicking")]

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use program::people::{Engagement, Joiner, Mail, Profile, Role};
use program::secrets::{self, Draft, Tier};
use program::{Actor, Event, GrantId, Line, PersonId, Text, access, people};
use server::{App, Settings};
use service::{Config, KdfParams, Passphrase, Service, SignInOutcome};
use std::collections::BTreeSet;
use tower::ServiceExt;
use zeroize::Zeroizing;

struct Site {
    service: Service,
    router: Router,
    _folder: tempfile::TempDir,
}

/// Somebody's browser: the session cookie.
struct Browser(String);

impl Site {
    /// An owner, counsel, an engineer, a stranger; and one accepted secret.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let passphrase = Passphrase::new("correct horse battery staple".to_owned());
        let config = Config::local(folder.path().join("data"));
        let made = Service::create(
            config,
            &passphrase,
            KdfParams::light_for_tests(),
            "Halden Optics",
            "Europe/Oslo",
        );
        let service = made.await.unwrap().service;
        let router = App::new(service.clone(), Settings::local("127.0.0.1:0".parse().unwrap())).router();
        let site = Self { service, router, _folder: folder };
        let owner = site.person("Olga", &[]).await;
        let counsel = site.person("Carl", &[Role::Counsel, Role::SecurityOfficer]).await;
        site.person("Eva", &[]).await;
        site.person("Sven", &[]).await;
        let profile = secrets::Profile {
            title: Line::new("Lumafilm <b>bath</b>").unwrap(),
            owner,
            department: Line::new("Coating").unwrap(),
            tier: Tier::Confidential,
            summary: Text::new("How the bath is made.").unwrap(),
            places: Vec::new(),
            known_by: BTreeSet::new(),
            value: None,
            cost: None,
            factors: Default::default(),
            review: None,
        };
        let submit = secrets::Command::Submit(Box::new(Draft { profile, precise: None }));
        let done = site.service.act(&Actor::shell("tester", Some(owner)), submit).await.unwrap();
        let Some(Event::Secrets(event)) = done.event() else { panic!("not submitted") };
        let accept = secrets::Command::Accept { secret: event.secret(), note: None };
        site.service.act(&Actor::shell("tester", Some(counsel)), accept).await.unwrap();
        site
    }

    async fn person(&self, name: &str, roles: &[Role]) -> PersonId {
        let profile = Profile {
            name: Line::new(name).unwrap(),
            mail: Mail::new(&format!("{name}@halden.example")).unwrap(),
            engagement: Engagement::Employee,
            department: Line::new("Coating").unwrap(),
            job: None,
            manager: None,
            starts: program::Time(0),
            ends: None,
        };
        let joiner = Joiner { profile, clearance: 3, roles: roles.iter().copied().collect() };
        let done =
            self.service.act(&Actor::shell("tester", None), people::Command::Add { joiner }).await.unwrap();
        match done.event() {
            Some(Event::People(event)) => event.person(),
            other => panic!("{other:?}"),
        }
    }

    async fn sign_in(&self, name: &str) -> Browser {
        let mail = format!("{name}@halden.example");
        let person = self.service.state().people.by_mail(&mail).unwrap().id;
        let password = || Zeroizing::new("a long walk along the fjord".to_owned());
        let link = self.service.invite(&Actor::shell("tester", None), person).await.unwrap();
        self.service.accept_invite(&link, password(), None).await.unwrap();
        let signed = self.service.sign_in(&mail, password(), None, None).await.unwrap();
        let SignInOutcome::Done(signed) = signed else { panic!("a code is asked") };
        Browser(format!("ringfence={}", signed.token.as_str()))
    }

    async fn get(&self, browser: &Browser, path: &str) -> (StatusCode, String) {
        let request =
            Request::builder().uri(path).header(header::COOKIE, &browser.0).header(header::HOST, "localhost");
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = response.status();
        let bytes = to_bytes(response.into_body(), 4 << 20).await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    /// The page, which has to be there.
    async fn page(&self, browser: &Browser, path: &str) -> String {
        let (status, text) = self.get(browser, path).await;
        assert_eq!(status, StatusCode::OK, "GET {path}: {text}");
        text
    }

    /// Sends a form with the token of this session's pages.
    async fn post(&self, browser: &Browser, path: &str, fields: &str) -> (StatusCode, String) {
        let home = self.page(browser, "/").await;
        let from = home.find("name=\"csrf\" value=\"").unwrap() + 19;
        let csrf = home[from..].split('"').next().unwrap();
        let request = Request::builder().method("POST").uri(path).header(header::COOKIE, &browser.0);
        let request = request
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let body = Body::from(format!("csrf={csrf}&{fields}"));
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = response.status();
        let bytes = to_bytes(response.into_body(), 4 << 20).await.unwrap();
        (status, String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Eva asks for the secret; the request is R-`n`.
    async fn ask(&self, name: &str) {
        let person = self.service.state().people.by_mail(&format!("{name}@halden.example")).unwrap().id;
        let secret = program::SecretId(1);
        let purpose = Text::new("To repair the bath.").unwrap();
        let command = access::Command::Request { secret, purpose, ends: None };
        self.service.act(&Actor::shell("tester", Some(person)), command).await.unwrap();
    }

    fn grant(&self) -> GrantId {
        self.service.state().access.grants().next_back().unwrap().id
    }
}

#[tokio::test]
async fn a_request_is_approved_and_its_grant_revoked_by_the_owner_in_the_browser() {
    let site = Site::new().await;
    let (olga, eva, sven) =
        (site.sign_in("Olga").await, site.sign_in("Eva").await, site.sign_in("Sven").await);
    site.ask("Eva").await;
    let request = site.service.state().access.requests().next_back().unwrap().id;
    let path = format!("/requests/{request}");
    let home = site.page(&olga, "/").await;
    assert!(home.contains(&format!("href=\"{path}\"")), "what waits has its button");
    assert!(!home.contains("<b>bath</b>"), "what people typed is text");
    assert_eq!(site.get(&sven, &path).await.0, StatusCode::NOT_FOUND);
    assert!(!site.page(&sven, "/requests").await.contains("To repair"));
    assert_eq!(
        site.post(&eva, &format!("{path}/approve"), "reason=").await.0,
        StatusCode::UNPROCESSABLE_ENTITY,
        "never one's own"
    );
    assert_eq!(site.post(&sven, &format!("{path}/approve"), "reason=").await.0, StatusCode::NOT_FOUND);
    assert_eq!(site.post(&olga, &format!("{path}/approve"), "reason=").await.0, StatusCode::SEE_OTHER);
    let grant = site.grant();
    let path = format!("/grants/{grant}");
    assert!(site.page(&eva, &path).await.contains("To repair the bath."));
    assert_eq!(site.get(&sven, &path).await.0, StatusCode::NOT_FOUND);
    assert!(site.page(&olga, "/grants.csv").await.contains(&grant.to_string()));
    assert!(!site.page(&sven, "/grants.json").await.contains("To repair"));
    let (status, page) =
        site.post(&olga, &format!("{path}/revoke"), "reason=Left+the+team&confirm=Oleg").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("Left the team"), "nothing typed is lost");
    assert_eq!(
        site.post(&olga, &format!("{path}/revoke"), "reason=Left&confirm=eva").await.0,
        StatusCode::SEE_OTHER
    );
    assert!(site.service.state().access.grant(grant).unwrap().revoked.is_some());
}

#[tokio::test]
async fn emergency_access_alarms_the_owner_and_is_accounted_for() {
    let site = Site::new().await;
    let (olga, eva) = (site.sign_in("Olga").await, site.sign_in("Eva").await);
    let path = "/secrets/S-1/emergency";
    assert!(site.page(&eva, path).await.contains("60 minutes"));
    let (status, page) = site.post(&eva, path, "purpose=The+line+stands&confirm=yes").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("The line stands"));
    let confirmed = "purpose=The+line+stands&confirm=Lumafilm+%3Cb%3Ebath%3C%2Fb%3E";
    assert_eq!(site.post(&eva, path, confirmed).await.0, StatusCode::SEE_OTHER);
    let grant = site.grant();
    assert!(site.page(&olga, "/").await.contains("The line stands"), "the owner sees an alarm");
    let look = format!("/grants/{grant}/look");
    assert_eq!(site.post(&olga, &look, "in_order=no&reason=").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        site.post(&eva, &look, "in_order=yes").await.0,
        StatusCode::UNPROCESSABLE_ENTITY,
        "never one's own"
    );
    assert_eq!(site.post(&olga, &look, "in_order=yes").await.0, StatusCode::SEE_OTHER);
    let justify = format!("/grants/{grant}/justify");
    assert_eq!(site.post(&eva, &justify, "reason=I+restarted+it").await.0, StatusCode::SEE_OTHER);
    assert_eq!(site.service.state().access.open_emergencies().count(), 0);
}

#[tokio::test]
async fn who_and_why_are_answered_to_those_they_concern() {
    let site = Site::new().await;
    let (olga, eva, carl) =
        (site.sign_in("Olga").await, site.sign_in("Eva").await, site.sign_in("Carl").await);
    let own = site.page(&eva, "/access/why?secret=S-1").await;
    assert!(own.contains("/secrets/S-1/request"), "the remedy is a button");
    assert_eq!(site.get(&eva, "/access/why?secret=S-1&person=P-1").await.0, StatusCode::NOT_FOUND);
    assert_eq!(site.get(&eva, "/secrets/S-1/who").await.0, StatusCode::SEE_OTHER);
    assert_eq!(site.get(&eva, "/secrets/S-1/who.csv").await.0, StatusCode::NOT_FOUND);
    assert_eq!(site.get(&eva, "/access/why?secret=S-9").await.0, StatusCode::NOT_FOUND);
    site.page(&olga, "/access/why?secret=S-1&person=Eva").await;
    assert!(site.page(&carl, "/secrets/S-1/who").await.contains("Olga"));
}

#[tokio::test]
async fn leadership_pages_open_for_roles_and_a_change_is_previewed_before_it_is_made() {
    let site = Site::new().await;
    let (eva, carl) = (site.sign_in("Eva").await, site.sign_in("Carl").await);
    for path in ["/dashboard", "/settings/requirements", "/settings/requirements/confidential"] {
        assert_eq!(site.get(&eva, path).await.0, StatusCode::FORBIDDEN, "{path}");
        site.page(&carl, path).await;
    }
    let fields = "conditions=suspension&conditions=employment&clearance=1&approvals=1&second_factor_minutes=60\
                  &emergency_minutes=0&longest_grant_days=30&listed=yes";
    let path = "/settings/requirements/confidential";
    let (status, page) = site.post(&carl, path, &format!("{fields}&act=preview")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("4 people") && page.contains("would newly open 1 secret"), "{page}");
    assert_eq!(site.service.state().access.requirement(Tier::Confidential).emergency_minutes, 60);
    let wrong = site.post(&carl, path, &format!("{fields}&act=change&reason=")).await;
    assert_eq!(wrong.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        site.post(&carl, path, &format!("{fields}&act=change&reason=Easier")).await.0,
        StatusCode::SEE_OTHER
    );
    assert_eq!(site.service.state().access.requirement(Tier::Confidential).emergency_minutes, 0);
}

#[tokio::test]
async fn search_finds_what_one_may_see_and_nothing_else() {
    let site = Site::new().await;
    let (eva, carl) = (site.sign_in("Eva").await, site.sign_in("Carl").await);
    assert!(site.page(&eva, "/search?q=lumafilm").await.contains("/secrets/S-1"));
    assert!(!site.page(&eva, "/search?q=olga").await.contains("/people/P-1"), "the directory is for roles");
    assert!(site.page(&carl, "/search?q=olga").await.contains("/people/P-1"));
    assert_eq!(site.get(&eva, "/search?q=S-1").await.0, StatusCode::SEE_OTHER);
    assert_eq!(site.get(&eva, "/search?q=P-1").await.0, StatusCode::OK);
}
