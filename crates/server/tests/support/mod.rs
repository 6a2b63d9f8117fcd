//! A site with people in it, and browsers to visit it, all in memory.

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
use axum::http::{HeaderMap, Request, StatusCode, header};
use program::people::{Engagement, Joiner, Mail, Profile, Role};
use program::{Actor, Event, Line, PersonId, people};
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
            let person = site.add(name, roles).await;
            let link = site.service.invite(&operator(), person).await.unwrap();
            site.service.accept_invite(&link, password(), None).await.unwrap();
        }
        site
    }

    /// A record just begun: nobody in it.
    pub async fn empty(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::local(folder.path().join("data"));
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
