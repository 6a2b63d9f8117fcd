//! A site with people in it, browsers to visit it and programs that call its API, all in memory.

#![allow(
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    reason = "each test uses some of it, and fails by panicking"
)]

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Request, Response, StatusCode, header};
use program::accounts::TokenScope;
use program::people::{Engagement, Joiner, Mail, Profile, Role};
use program::{Actor, DAY, Event, Line, PersonId, people};
use serde_json::Value;
use server::{App, Settings};
use service::{Config, KdfParams, Passphrase, Service, SignInOutcome};
use std::net::IpAddr;
use std::sync::Mutex;
use tower::ServiceExt;
use zeroize::Zeroizing;

/// Everybody's password.
pub const PASSWORD: &str = "a long walk along the fjord";

/// A company with a person for each role and `eva`, who has none; all have accounts without a second factor.
pub struct TestSite {
    pub service: Service,
    pub router: Router,
    folder: tempfile::TempDir,
}

/// Somebody's browser: its cookies.
pub struct Browser {
    router: Router,
    cookies: Mutex<Vec<(String, String)>>,
    host: String,
}

/// A program that calls the REST API with somebody's token.
pub struct Caller {
    router: Router,
    token: String,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

impl TestSite {
    pub async fn new() -> Self {
        Self::with(Settings::local("127.0.0.1:0".parse().unwrap())).await
    }

    pub async fn with(settings: Settings) -> Self {
        let site = Self::empty(settings).await;
        let people: [(&str, &[Role]); 6] = [
            ("ada", &[Role::Administrator]),
            ("carl", &[Role::Counsel]),
            ("sven", &[Role::SecurityOfficer]),
            ("hanna", &[Role::HumanResources]),
            ("aud", &[Role::Auditor]),
            ("eva", &[]),
        ];
        for (name, roles) in people {
            site.enter(name, roles).await;
        }
        site
    }

    /// A record just begun: nobody in it.
    pub async fn empty(settings: Settings) -> Self {
        Self::taking(settings, None).await
    }

    /// The same, with a limit to the size of documents.
    pub async fn taking(settings: Settings, largest_document: Option<u64>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config { largest_document, ..Config::local(folder.path().join("data")) };
        let passphrase = Passphrase::new("correct horse battery staple".to_owned());
        let made = Service::create(
            config,
            &passphrase,
            KdfParams::light_for_tests(),
            "Halden Optics",
            "Europe/Oslo",
        );
        let service = made.await.unwrap().service;
        let router = App::new(service.clone(), settings).router();
        Self { service, router, folder }
    }

    pub async fn add(&self, name: &str, roles: &[Role]) -> PersonId {
        let profile = Profile {
            name: Line::new(name).unwrap(),
            mail: Mail::new(&mail(name)).unwrap(),
            engagement: Engagement::Employee,
            department: Line::new("Coating").unwrap(),
            job: None,
            manager: None,
            starts: program::Time(0),
            ends: None,
        };
        let joiner = Joiner { profile, clearance: 3, roles: roles.iter().copied().collect() };
        let done = self.service.act(&operator(), people::Command::Add { joiner }).await.unwrap();
        match done.event() {
            Some(Event::People(event)) => event.person(),
            other => panic!("{other:?}"),
        }
    }

    /// Adds a person who can sign in.
    pub async fn enter(&self, name: &str, roles: &[Role]) -> PersonId {
        let person = self.add(name, roles).await;
        let link = self.service.invite(&operator(), person).await.unwrap();
        self.service.accept_invite(&link, password(), None).await.unwrap();
        person
    }

    /// A program with a token of this person, issued as people issue them: in a signed-in browser.
    pub async fn caller(&self, name: &str, scopes: &[TokenScope]) -> Caller {
        let signed = self.service.sign_in(&mail(name), password(), None, None).await.unwrap();
        let SignInOutcome::Done(signed) = signed else { panic!("a code is asked") };
        let actor = self.service.session(&signed.token, None).await.unwrap().unwrap();
        let called = Line::new(&format!("test {}", self.service.state().size)).unwrap();
        let (scopes, ends) = (scopes.iter().copied().collect(), self.service.now() + DAY);
        let token = self.service.issue_token(&actor, called, scopes, ends).await.unwrap().to_string();
        Caller { router: self.router.clone(), token }
    }

    pub async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub fn person(&self, name: &str) -> PersonId {
        self.service.state().people.by_mail(&mail(name)).unwrap().id
    }

    /// A browser that has not been here.
    pub fn stranger(&self) -> Browser {
        Browser { router: self.router.clone(), cookies: Mutex::default(), host: "localhost".to_owned() }
    }

    /// A browser in which this person is signed in; without going through the pages.
    pub async fn sign_in(&self, name: &str) -> Browser {
        let done = self.service.sign_in(&mail(name), password(), None, None::<IpAddr>).await.unwrap();
        let SignInOutcome::Done(signed_in) = done else { panic!("a code is asked") };
        let browser = self.stranger();
        browser.cookies.lock().unwrap().push(("ringfence".to_owned(), signed_in.token.to_string()));
        browser
    }

    /// Somebody who may not know of a thing gets the same answer as about one that never was.
    pub async fn assert_hidden(&self, name: &str, path: &str) {
        let answer = self.sign_in(name).await.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{name} is told of {path}");
    }
}

impl Browser {
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// The page, which has to be there.
    pub async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "GET {path}: {}", answer.text());
        answer.text()
    }

    /// Sends a form as a page of `from` would: with the token it carries.
    pub async fn post_from(&self, from: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = csrf(&self.get(from).await.text());
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend(fields);
        self.post_raw(path, &serde_html_form::to_string(&all).unwrap(), &[]).await
    }

    /// Sends a form of somebody who is signed in.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_from("/me", path, fields).await
    }

    pub async fn post_raw(&self, path: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request =
            Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// Sends a request with the cookies, and keeps those of the answer.
    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        let held = self
            .cookies
            .lock()
            .unwrap()
            .iter()
            .map(|(n, v)| format!("{n}={v}"))
            .collect::<Vec<_>>()
            .join("; ");
        if !held.is_empty() {
            request.headers_mut().insert(header::COOKIE, held.parse().unwrap());
        }
        request.headers_mut().entry(header::HOST).or_insert(self.host.parse().unwrap());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        for set in parts.headers.get_all(header::SET_COOKIE) {
            let (name, rest) = set.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            let mut cookies = self.cookies.lock().unwrap();
            cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        Answer {
            status: parts.status,
            headers: parts.headers,
            bytes: to_bytes(body, 16 << 20).await.unwrap(),
        }
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        let mut cookies = self.cookies.lock().unwrap();
        cookies.retain(|(known, _)| known != name);
        cookies.push((name.to_owned(), value.to_owned()));
    }
}

impl Caller {
    pub async fn call(&self, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        self.send(method, path, "application/json", body).await
    }

    /// Sends a body of any kind.
    pub async fn send(&self, method: &str, path: &str, kind: &str, body: Body) -> (StatusCode, Value) {
        let request = Request::builder().method(method).uri(path);
        let request = request
            .header(header::AUTHORIZATION, format!("Bearer {self}"))
            .header(header::CONTENT_TYPE, kind);
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = response.status();
        let bytes = to_bytes(response.into_body(), 64 << 20).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// What is there has to be there.
    pub async fn get(&self, path: &str) -> Value {
        let (status, value) = self.call("GET", path, Value::Null).await;
        assert_eq!(status, StatusCode::OK, "GET {path}: {value}");
        value
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let (status, value) = self.call("POST", path, body).await;
        assert!(status.is_success(), "POST {path}: {status} {value}");
        value
    }
}

impl std::fmt::Display for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.token)
    }
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn location(&self) -> String {
        self.headers.get(header::LOCATION).map_or_else(String::new, |to| to.to_str().unwrap().to_owned())
    }
}

/// The token against forged forms on a page.
pub fn csrf(page: &str) -> String {
    let from =
        page.find("name=\"csrf\" value=\"").unwrap_or_else(|| panic!("no form on the page: {page}")) + 19;
    page[from..].split('"').next().unwrap().to_owned()
}

pub fn password() -> Zeroizing<String> {
    Zeroizing::new(PASSWORD.to_owned())
}

pub fn mail(name: &str) -> String {
    format!("{name}@halden.example")
}

pub fn operator() -> Actor {
    Actor::shell("tester", None)
}
