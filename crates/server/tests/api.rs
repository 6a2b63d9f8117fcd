//! The REST API through the real router: who is let in, the story of a secret, hostile requests, and its description.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use program::accounts::TokenScope;
use program::people::{Engagement, Joiner, Mail, Profile, Role};
use program::{Actor, DAY, Event, Line, PersonId, people};
use serde_json::{Value, json};
use server::routes::RouteInfo;
use server::{App, Rule, Settings};
use service::{Config, KdfParams, Passphrase, Service, SignInOutcome};
use std::collections::BTreeSet;
use tower::ServiceExt;
use zeroize::Zeroizing;

const ALL: [TokenScope; 3] = [TokenScope::Read, TokenScope::Write, TokenScope::Open];

struct Site {
    service: Service,
    router: Router,
    _folder: tempfile::TempDir,
}

impl Site {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let passphrase = Passphrase::new("correct horse battery staple".to_owned());
        let config = Config { largest_document: Some(1 << 20), ..Config::local(folder.path().join("data")) };
        let created = Service::create(
            config,
            &passphrase,
            KdfParams::light_for_tests(),
            "Halden Optics",
            "Europe/Oslo",
        )
        .await;
        let service = created.unwrap().service;
        let router = App::new(service.clone(), Settings::local("127.0.0.1:0".parse().unwrap())).router();
        Self { service, router, _folder: folder }
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

    /// A token of this person, issued as people issue them: in a signed-in browser.
    async fn token(&self, name: &str, scopes: &[TokenScope]) -> String {
        let person = self.service.state().people.by_mail(&format!("{name}@halden.example")).unwrap().id;
        let password = || Zeroizing::new("a long walk along the fjord".to_owned());
        if self.service.state().accounts.of(person).is_none() {
            let link = self.service.invite(&Actor::shell("tester", None), person).await.unwrap();
            self.service.accept_invite(&link, password(), None).await.unwrap();
        }
        let signed =
            self.service.sign_in(&format!("{name}@halden.example"), password(), None, None).await.unwrap();
        let SignInOutcome::Done(signed) = signed else { panic!("a code is asked") };
        let actor = self.service.session(&signed.token, None).await.unwrap().unwrap();
        let called = Line::new(&format!("test {}", self.service.state().size)).unwrap();
        let scopes: BTreeSet<TokenScope> = scopes.iter().copied().collect();
        let ends = self.service.now() + DAY;
        self.service.issue_token(&actor, called, scopes, ends).await.unwrap().to_string()
    }

    async fn call(&self, token: &str, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let response = self.send(request.body(body).unwrap()).await;
        let status = response.status();
        let bytes = bytes(response).await;
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    async fn get(&self, token: &str, path: &str) -> Value {
        let (status, value) = self.call(token, "GET", path, Value::Null).await;
        assert_eq!(status, StatusCode::OK, "GET {path}: {value}");
        value
    }

    async fn post(&self, token: &str, path: &str, body: Value) -> Value {
        let (status, value) = self.call(token, "POST", path, body).await;
        assert!(status.is_success(), "POST {path}: {status} {value}");
        value
    }

    async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }
}

async fn bytes(response: Response<Body>) -> Bytes {
    to_bytes(response.into_body(), 64 << 20).await.unwrap()
}

/// Every route of the API, with ids put into its path.
fn routes() -> Vec<(RouteInfo, String, TokenScope)> {
    let all = server::api::routes();
    let scoped = all.list().iter().filter_map(|route| match route.rule {
        Rule::Api(scope) => Some((route.clone(), filled(&route.path), scope)),
        _ => None,
    });
    scoped.collect()
}

fn filled(path: &str) -> String {
    let prefixes = [
        ("secrets", "S"),
        ("documents", "D"),
        ("people", "P"),
        ("agreements", "A"),
        ("requests", "R"),
        ("grants", "G"),
        ("accounts", "U"),
    ];
    let area = path.split('/').nth(3).unwrap_or_default();
    let prefix = prefixes.iter().find(|(name, _)| *name == area).map_or("S", |(_, prefix)| prefix);
    path.replace("{id}", &format!("{prefix}-1"))
        .replace("{tier}", "confidential")
        .replace("{entry}", "0")
        .replace("{version}", "1")
        .replace("{token}", "T-1")
}

fn request(method: &str, path: &str, authorization: Option<&str>) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(authorization) = authorization {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn no_route_answers_without_a_good_token_or_with_another_scope() {
    let site = Site::new().await;
    site.person("ada", &[Role::Administrator, Role::Counsel]).await;
    let revoked = site.token("ada", &ALL).await;
    let me = site.get(&revoked, "/api/v1/me").await;
    let path = format!(
        "/api/v1/accounts/{}/tokens/{}/revoke",
        me["account"].as_str().unwrap(),
        me["token"].as_str().unwrap()
    );
    site.post(&revoked, &path, json!({"reason": "It was lost."})).await;
    let narrow = [
        site.token("ada", &[TokenScope::Read]).await,
        site.token("ada", &[TokenScope::Write]).await,
        site.token("ada", &[TokenScope::Open]).await,
    ];
    let routes = routes();
    assert!(routes.len() > 70, "{} routes", routes.len());
    for (route, path, scope) in routes {
        let method = route.method;
        for wrong in [
            None,
            Some("Bearer "),
            Some("Bearer rf_guess"),
            Some("Basic YWRhOmFkYQ=="),
            Some(format!("Bearer {revoked}").as_str()),
        ] {
            let response = site.send(request(method, &path, wrong)).await;
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{method} {path} with {wrong:?}");
            assert!(response.headers().contains_key(header::WWW_AUTHENTICATE), "{method} {path}");
            assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        }
        for (held, token) in ALL.into_iter().zip(&narrow) {
            if held != scope {
                let response = site.send(request(method, &path, Some(&format!("Bearer {token}")))).await;
                assert_eq!(response.status(), StatusCode::FORBIDDEN, "{method} {path} with {held:?}");
            }
        }
        let mut cookie = request(method, &path, None);
        cookie.headers_mut().insert(header::COOKIE, "ringfence=anything".parse().unwrap());
        assert_eq!(site.send(cookie).await.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
    }
}

#[tokio::test]
async fn the_token_of_somebody_suspended_is_worth_nothing() {
    let site = Site::new().await;
    let eva = site.person("eva", &[]).await;
    let token = site.token("eva", &ALL).await;
    site.get(&token, "/api/v1/me").await;
    let reason = program::Text::new("On leave.").unwrap();
    site.service
        .act(&Actor::shell("tester", None), people::Command::Suspend { person: eva, reason })
        .await
        .unwrap();
    let (status, _) = site.call(&token, "GET", "/api/v1/me", Value::Null).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

fn secret(owner: PersonId) -> Value {
    json!({
        "title": "Lumafilm bath", "owner": owner.to_string(), "department": "Coating", "tier": "confidential",
        "summary": "How the bath is made.", "precise": "Aged for 46 hours.",
        "factors": {"effort": {"score": 5, "reason": "Three years."}}
    })
}

#[tokio::test]
async fn a_secret_is_registered_sealed_asked_for_refused_and_revoked() {
    let site = Site::new().await;
    let owner = site.person("olga", &[]).await;
    site.person("carl", &[Role::Counsel]).await;
    let eva = site.person("eva", &[]).await;
    let (olga, carl, engineer) =
        (site.token("olga", &ALL).await, site.token("carl", &ALL).await, site.token("eva", &ALL).await);

    let receipt = site.post(&olga, "/api/v1/secrets", secret(owner)).await;
    assert_eq!(receipt["id"], "S-1");
    // Nobody but those involved and those who run the register know of a submission.
    assert_eq!(
        site.call(&engineer, "GET", "/api/v1/secrets/S-1", Value::Null).await.0,
        StatusCode::NOT_FOUND
    );
    let (status, problem) = site.call(&olga, "POST", "/api/v1/secrets/S-1/accept", json!({})).await;
    assert_eq!((status, &problem["rule"]), (StatusCode::FORBIDDEN, &json!("role")));
    let request = Request::builder()
        .method("POST")
        .uri("/api/v1/secrets/S-1/documents?name=b%C3%A5d.md")
        .header(header::AUTHORIZATION, format!("Bearer {olga}"))
        .header(header::CONTENT_TYPE, "text/markdown");
    let response = site.send(request.body(Body::from("# Bath\n")).unwrap()).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(response.headers()[header::LOCATION], "/api/v1/documents/D-1");
    site.post(&carl, "/api/v1/secrets/S-1/accept", json!({"note": "Well described."})).await;
    assert_eq!(
        site.get(&engineer, "/api/v1/secrets?q=luma&tier=confidential").await["items"][0]["id"],
        "S-1"
    );

    let (status, problem) = site.call(&engineer, "POST", "/api/v1/documents/D-1/open", Value::Null).await;
    assert_eq!((status, &problem["rule"]), (StatusCode::FORBIDDEN, &json!("gate")));
    let failing: Vec<&str> = problem["because"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|b| b["met"] == false)
        .map(|b| b["condition"].as_str().unwrap())
        .collect();
    assert_eq!(failing, ["grant", "agreement"]);
    let entry = problem["entry"].as_u64().unwrap();
    assert_eq!(site.get(&engineer, &format!("/api/v1/record/{entry}")).await["kind"], "document.refused");

    let agreement = json!({"title": "Confidentiality", "markdown": "# Keep it\n", "covers": "everything"});
    site.post(&carl, "/api/v1/agreements", agreement).await;
    site.post(&carl, "/api/v1/agreements/A-1/assign", json!({"people": [eva.to_string()]})).await;
    let (status, problem) = site.call(&engineer, "POST", "/api/v1/agreements/A-1/sign", Value::Null).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(problem["remedy"].as_str().unwrap().contains("browser"), "{problem}");
    sign(&site, eva).await;
    let asked =
        site.post(&engineer, "/api/v1/requests", json!({"secret": "S-1", "purpose": "To repair it."})).await;
    let request_id = asked["id"].as_str().unwrap().to_owned();
    let (status, problem) =
        site.call(&engineer, "POST", &format!("/api/v1/requests/{request_id}/approve"), json!({})).await;
    assert_eq!((status, &problem["rule"]), (StatusCode::FORBIDDEN, &json!("own-case")));
    let receipt = site.post(&olga, &format!("/api/v1/requests/{request_id}/approve"), json!({})).await;
    assert_eq!(receipt["recorded"][1]["kind"], "access.granted");
    let grant = receipt["recorded"][1]["about"][0].as_str().unwrap().to_owned();

    let open = Request::builder().method("POST").uri("/api/v1/documents/D-1/open");
    let response = site
        .send(
            open.header(header::AUTHORIZATION, format!("bearer {engineer}").replacen("bearer", "Bearer", 1))
                .body(Body::empty())
                .unwrap(),
        )
        .await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/markdown");
    assert_eq!(response.headers()[header::CONTENT_DISPOSITION], "attachment; filename*=UTF-8''b%C3%A5d.md");
    let entry: u64 = response.headers()["ringfence-entry"].to_str().unwrap().parse().unwrap();
    assert_eq!(&bytes(response).await[..], b"# Bath\n");
    assert_eq!(site.get(&engineer, &format!("/api/v1/record/{entry}")).await["kind"], "document.opened");
    let proof = site.get(&engineer, &format!("/api/v1/record/{entry}/proof")).await;
    assert!(proof["checkpoint"].as_str().unwrap().contains("\n\n"));
    assert_eq!(
        site.get(&engineer, "/api/v1/access/mine").await,
        json!({"secrets": ["S-1"], "documents": ["D-1"]})
    );
    assert_eq!(
        site.post(&engineer, "/api/v1/secrets/S-1/precise/open", Value::Null).await["text"],
        "Aged for 46 hours."
    );
    assert_eq!(site.get(&engineer, "/api/v1/access/why?secret=S-1").await["opens"], true);
    assert!(
        site.get(&olga, "/api/v1/secrets/S-1/who")
            .await
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row["person"] == eva.to_string())
    );
    assert_eq!(
        site.call(&engineer, "GET", "/api/v1/secrets/S-1/who", Value::Null).await.0,
        StatusCode::FORBIDDEN
    );

    site.post(&olga, &format!("/api/v1/grants/{grant}/revoke"), json!({"reason": "Repaired."})).await;
    assert_eq!(
        site.call(&engineer, "POST", "/api/v1/documents/D-1/open", Value::Null).await.0,
        StatusCode::FORBIDDEN
    );
    assert!(!site.get(&olga, "/api/v1/secrets/S-1/history?limit=3").await["next"].is_null());
    let export = site.get(&engineer, "/api/v1/secrets/export").await;
    assert!(!export.to_string().contains("46 hours"), "the precise description is never listed");
}

async fn sign(site: &Site, person: PersonId) {
    let actor = Actor::shell("tester", Some(person));
    let id = program::AgreementId(1);
    let shown = site.service.show_agreement(&actor, id).await.unwrap();
    let typed_name = site.service.state().people.get(person).unwrap().name.clone();
    let signing = program::agreements::Signing {
        agreement: id,
        version: shown.version,
        digest: shown.digest,
        shown: service::shown_by(&actor, shown.media),
        read_to_end: true,
        consents: true,
        typed_name,
    };
    site.service.sign_agreement(&actor, signing).await.unwrap();
}

#[tokio::test]
async fn hostile_bodies_are_refused_and_leave_no_entry() {
    let site = Site::new().await;
    let owner = site.person("carl", &[Role::Counsel, Role::HumanResources]).await;
    let token = site.token("carl", &ALL).await;
    let size = site.service.state().size;
    let with = |field: &str, value: Value| {
        let mut body = secret(owner);
        body[field] = value;
        body.to_string()
    };
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let cases = [
        (deep.clone(), StatusCode::UNPROCESSABLE_ENTITY),
        (format!("{{\"title\": {deep}}}"), StatusCode::UNPROCESSABLE_ENTITY),
        (String::new(), StatusCode::BAD_REQUEST),
        ("{".to_owned(), StatusCode::BAD_REQUEST),
        ("{} {}".to_owned(), StatusCode::UNPROCESSABLE_ENTITY),
        ("null".to_owned(), StatusCode::UNPROCESSABLE_ENTITY),
        (with("title", json!("a\u{0}b")), StatusCode::UNPROCESSABLE_ENTITY),
        (with("title", json!("a\u{202E}b")), StatusCode::UNPROCESSABLE_ENTITY),
        (with("title", json!("x".repeat(201))), StatusCode::UNPROCESSABLE_ENTITY),
        (with("title", json!(7)), StatusCode::UNPROCESSABLE_ENTITY),
        (with("owner", json!("S-1")), StatusCode::UNPROCESSABLE_ENTITY),
        (with("owner", json!("P-99999999999999999999")), StatusCode::UNPROCESSABLE_ENTITY),
        (with("tier", json!("ultra")), StatusCode::UNPROCESSABLE_ENTITY),
        (with("cost", json!({"units": -1, "currency": "EUR"})), StatusCode::UNPROCESSABLE_ENTITY),
        (with("cost", json!({"units": 1e300, "currency": "EUR"})), StatusCode::UNPROCESSABLE_ENTITY),
        (with("cost", json!({"units": 1, "currency": "euro"})), StatusCode::UNPROCESSABLE_ENTITY),
        (with("factors", json!({"effort": {"score": 6, "reason": "x"}})), StatusCode::UNPROCESSABLE_ENTITY),
        (with("review", json!("1999-01-01")), StatusCode::UNPROCESSABLE_ENTITY),
        (with("review", json!("soon")), StatusCode::UNPROCESSABLE_ENTITY),
        (with("surprise", json!(1)), StatusCode::UNPROCESSABLE_ENTITY),
        (with("owner", json!("P-404")), StatusCode::NOT_FOUND),
        ("x".repeat(10 << 20), StatusCode::PAYLOAD_TOO_LARGE),
    ];
    for (body, expected) in cases {
        let shown: String = body.chars().take(120).collect();
        let request = Request::builder().method("POST").uri("/api/v1/secrets");
        let request = request
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json");
        let response = site.send(request.body(Body::from(body)).unwrap()).await;
        let (status, kind) = (response.status(), response.headers().get(header::CONTENT_TYPE).cloned());
        let text = String::from_utf8(bytes(response).await.to_vec()).unwrap();
        assert_eq!(status, expected, "{shown}: {text}");
        assert_eq!(kind.unwrap(), "application/problem+json", "{shown}");
    }
    let form = Request::builder()
        .method("POST")
        .uri("/api/v1/secrets")
        .header(header::AUTHORIZATION, format!("Bearer {token}"));
    let form =
        form.header(header::CONTENT_TYPE, "text/plain").body(Body::from(secret(owner).to_string())).unwrap();
    assert_eq!(site.send(form).await.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    for path in [
        "/api/v1/secrets?limit=0",
        "/api/v1/secrets?limit=501",
        "/api/v1/secrets?limit=-1",
        "/api/v1/secrets?tier=x",
        "/api/v1/secrets?nonsense=1",
        "/api/v1/record?about=x",
        "/api/v1/record?since=never",
    ] {
        assert_eq!(
            site.call(&token, "GET", path, Value::Null).await.0,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{path}"
        );
    }
    for path in [
        "/api/v1/secrets/x",
        "/api/v1/secrets/S-0",
        "/api/v1/secrets/S-1%00",
        "/api/v1/record/-1",
        "/api/v1/record/18446744073709551616",
        "/api/v1/record/99999",
    ] {
        assert_eq!(site.call(&token, "GET", path, Value::Null).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(site.service.state().size, size, "nothing was recorded");
}

#[tokio::test]
async fn an_upload_that_is_too_large_or_breaks_off_leaves_nothing() {
    let site = Site::new().await;
    let owner = site.person("olga", &[]).await;
    let token = site.token("olga", &ALL).await;
    site.post(&token, "/api/v1/secrets", secret(owner)).await;
    let upload = |body: Body| {
        let request = Request::builder().method("POST").uri("/api/v1/secrets/S-1/documents?name=a.bin");
        request.header(header::AUTHORIZATION, format!("Bearer {token}")).body(body).unwrap()
    };
    let pieces = |last: Result<Bytes, std::io::Error>| {
        let all = (0..40).map(|_| Ok(Bytes::from(vec![7; 32 << 10]))).chain([last]);
        Body::from_stream(futures::stream::iter(all))
    };
    let response = site.send(upload(pieces(Ok(Bytes::new())))).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let broken = futures::stream::iter([Ok(Bytes::from_static(b"half")), Err(std::io::Error::other("gone"))]);
    assert_eq!(site.send(upload(Body::from_stream(broken))).await.status(), StatusCode::BAD_REQUEST);
    assert!(site.get(&token, "/api/v1/documents").await["items"].as_array().unwrap().is_empty());
    let form = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\ncontent-type: text/plain\r\n\r\nhello\r\n--b--\r\n";
    let request = Request::builder().method("POST").uri("/api/v1/secrets/S-1/documents");
    let request = request
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b");
    assert_eq!(site.send(request.body(Body::from(form)).unwrap()).await.status(), StatusCode::CREATED);
    let found = site.get(&token, "/api/v1/documents/D-1").await;
    assert_eq!((&found["name"], &found["size"]), (&json!("a.txt"), &json!(5)));
}

#[tokio::test]
async fn people_come_in_by_csv_after_a_look_at_what_it_would_do() {
    let site = Site::new().await;
    site.person("hana", &[Role::HumanResources]).await;
    let token = site.token("hana", &ALL).await;
    let import = |query: &str, csv: &'static [u8]| {
        let request = Request::builder().method("POST").uri(format!("/api/v1/people/import{query}"));
        request.header(header::AUTHORIZATION, format!("Bearer {token}")).body(Body::from(csv)).unwrap()
    };
    let good: &[u8] =
        b"name,mail,engagement,department,starts\nEva Berg,eva@x.example,employee,Coating,2026-01-01\n";
    let size = site.service.state().size;
    let dry: Value =
        serde_json::from_slice(&bytes(site.send(import("?dry_run=true", good)).await).await).unwrap();
    assert_eq!((&dry["added"], site.service.state().size), (&json!(1), size));
    let done: Value = serde_json::from_slice(&bytes(site.send(import("", good)).await).await).unwrap();
    assert_eq!(done["receipt"]["recorded"][0]["kind"], "person.added");
    let latin1: &[u8] =
        b"name,mail,engagement,department,starts\nEva B\xf8rg,eva2@x.example,employee,Coating,2026-01-01\n";
    assert_eq!(site.send(import("", latin1)).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[test]
fn the_description_is_the_one_that_was_read() {
    let document = serde_json::to_string_pretty(&server::api::openapi()).unwrap() + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/openapi.json");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(path, &document).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == document,
        "the description changed: look at it, and run this test with UPDATE_OPENAPI=1 to keep it"
    );
}

#[test]
fn the_description_is_whole() {
    let document = serde_json::to_value(server::api::openapi()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut operations = BTreeSet::new();
    for (route, _, _) in routes() {
        let operation = &document["paths"][&route.path][route.method.to_lowercase()];
        assert!(operation["summary"].is_string(), "{} {} is not described", route.method, route.path);
        let id = operation["operationId"].as_str().unwrap().to_owned();
        assert!(operations.insert(id.clone()), "two operations are called {id}");
    }
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 100);
    for reference in references {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

fn collect(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            into.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| collect(value, into));
        }
        Value::Array(all) => all.iter().for_each(|value| collect(value, into)),
        _ => {}
    }
}
