//! The REST API through the real router: who is let in, the story of a secret, hostile requests, and its description.

use crate::support::TestSite;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use program::accounts::TokenScope;
use program::people::{self, Role};
use program::{Actor, PersonId};
use serde_json::{Value, json};
use server::routes::RouteInfo;
use server::{Rule, Settings};
use std::collections::BTreeSet;

const ALL: [TokenScope; 3] = [TokenScope::Read, TokenScope::Write, TokenScope::Open];

/// A site that takes documents of at most a mebibyte, and nobody in it.
async fn site() -> TestSite {
    TestSite::taking(Settings::local("127.0.0.1:0".parse().unwrap()), Some(1 << 20)).await
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
    let site = site().await;
    site.enter("ada", &[Role::Administrator, Role::Counsel]).await;
    let revoked = site.caller("ada", &ALL).await;
    let me = revoked.get("/api/v1/me").await;
    let path = format!(
        "/api/v1/accounts/{}/tokens/{}/revoke",
        me["account"].as_str().unwrap(),
        me["token"].as_str().unwrap()
    );
    revoked.post(&path, json!({"reason": "It was lost."})).await;
    let narrow = [
        site.caller("ada", &[TokenScope::Read]).await,
        site.caller("ada", &[TokenScope::Write]).await,
        site.caller("ada", &[TokenScope::Open]).await,
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
    let site = site().await;
    let eva = site.enter("eva", &[]).await;
    let token = site.caller("eva", &ALL).await;
    token.get("/api/v1/me").await;
    let reason = program::Text::new("On leave.").unwrap();
    site.service
        .act(&Actor::shell("tester", None), people::Command::Suspend { person: eva, reason })
        .await
        .unwrap();
    let (status, _) = token.call("GET", "/api/v1/me", Value::Null).await;
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
    let site = site().await;
    let owner = site.enter("olga", &[]).await;
    site.enter("carl", &[Role::Counsel]).await;
    let eva = site.enter("eva", &[]).await;
    let (olga, carl, engineer) =
        (site.caller("olga", &ALL).await, site.caller("carl", &ALL).await, site.caller("eva", &ALL).await);

    let receipt = olga.post("/api/v1/secrets", secret(owner)).await;
    assert_eq!(receipt["id"], "S-1");
    // Nobody but those involved and those who run the register know of a submission.
    assert_eq!(engineer.call("GET", "/api/v1/secrets/S-1", Value::Null).await.0, StatusCode::NOT_FOUND);
    let (status, problem) = olga.call("POST", "/api/v1/secrets/S-1/accept", json!({})).await;
    assert_eq!((status, &problem["rule"]), (StatusCode::FORBIDDEN, &json!("role")));
    let request = Request::builder()
        .method("POST")
        .uri("/api/v1/secrets/S-1/documents?name=b%C3%A5d.md")
        .header(header::AUTHORIZATION, format!("Bearer {olga}"))
        .header(header::CONTENT_TYPE, "text/markdown");
    let response = site.send(request.body(Body::from("# Bath\n")).unwrap()).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(response.headers()[header::LOCATION], "/api/v1/documents/D-1");
    carl.post("/api/v1/secrets/S-1/accept", json!({"note": "Well described."})).await;
    assert_eq!(engineer.get("/api/v1/secrets?q=luma&tier=confidential").await["items"][0]["id"], "S-1");

    let (status, problem) = engineer.call("POST", "/api/v1/documents/D-1/open", Value::Null).await;
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
    assert_eq!(engineer.get(&format!("/api/v1/record/{entry}")).await["kind"], "document.refused");

    let agreement = json!({"title": "Confidentiality", "markdown": "# Keep it\n", "covers": "everything"});
    carl.post("/api/v1/agreements", agreement).await;
    carl.post("/api/v1/agreements/A-1/assign", json!({"people": [eva.to_string()]})).await;
    let (status, problem) = engineer.call("POST", "/api/v1/agreements/A-1/sign", Value::Null).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(problem["remedy"].as_str().unwrap().contains("browser"), "{problem}");
    sign(&site, eva).await;
    let asked = engineer.post("/api/v1/requests", json!({"secret": "S-1", "purpose": "To repair it."})).await;
    let request_id = asked["id"].as_str().unwrap().to_owned();
    let (status, problem) =
        engineer.call("POST", &format!("/api/v1/requests/{request_id}/approve"), json!({})).await;
    assert_eq!((status, &problem["rule"]), (StatusCode::FORBIDDEN, &json!("own-case")));
    let receipt = olga.post(&format!("/api/v1/requests/{request_id}/approve"), json!({})).await;
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
    assert_eq!(engineer.get(&format!("/api/v1/record/{entry}")).await["kind"], "document.opened");
    let proof = engineer.get(&format!("/api/v1/record/{entry}/proof")).await;
    assert!(proof["checkpoint"].as_str().unwrap().contains("\n\n"));
    assert_eq!(engineer.get("/api/v1/access/mine").await, json!({"secrets": ["S-1"], "documents": ["D-1"]}));
    assert_eq!(
        engineer.post("/api/v1/secrets/S-1/precise/open", Value::Null).await["text"],
        "Aged for 46 hours."
    );
    assert_eq!(engineer.get("/api/v1/access/why?secret=S-1").await["opens"], true);
    assert!(
        olga.get("/api/v1/secrets/S-1/who")
            .await
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row["person"] == eva.to_string())
    );
    assert_eq!(engineer.call("GET", "/api/v1/secrets/S-1/who", Value::Null).await.0, StatusCode::FORBIDDEN);

    olga.post(&format!("/api/v1/grants/{grant}/revoke"), json!({"reason": "Repaired."})).await;
    assert_eq!(
        engineer.call("POST", "/api/v1/documents/D-1/open", Value::Null).await.0,
        StatusCode::FORBIDDEN
    );
    assert!(!olga.get("/api/v1/secrets/S-1/history?limit=3").await["next"].is_null());
    let export = engineer.get("/api/v1/secrets/export").await;
    assert!(!export.to_string().contains("46 hours"), "the precise description is never listed");
}

async fn sign(site: &TestSite, person: PersonId) {
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
    let site = site().await;
    let owner = site.enter("carl", &[Role::Counsel, Role::HumanResources]).await;
    let token = site.caller("carl", &ALL).await;
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
        assert_eq!(token.call("GET", path, Value::Null).await.0, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
    }
    for path in [
        "/api/v1/secrets/x",
        "/api/v1/secrets/S-0",
        "/api/v1/secrets/S-1%00",
        "/api/v1/record/-1",
        "/api/v1/record/18446744073709551616",
        "/api/v1/record/99999",
    ] {
        assert_eq!(token.call("GET", path, Value::Null).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(site.service.state().size, size, "nothing was recorded");
}

#[tokio::test]
async fn an_upload_that_is_too_large_or_breaks_off_leaves_nothing() {
    let site = site().await;
    let owner = site.enter("olga", &[]).await;
    let token = site.caller("olga", &ALL).await;
    token.post("/api/v1/secrets", secret(owner)).await;
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
    assert!(token.get("/api/v1/documents").await["items"].as_array().unwrap().is_empty());
    let form = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\ncontent-type: text/plain\r\n\r\nhello\r\n--b--\r\n";
    let request = Request::builder().method("POST").uri("/api/v1/secrets/S-1/documents");
    let request = request
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b");
    assert_eq!(site.send(request.body(Body::from(form)).unwrap()).await.status(), StatusCode::CREATED);
    let found = token.get("/api/v1/documents/D-1").await;
    assert_eq!((&found["name"], &found["size"]), (&json!("a.txt"), &json!(5)));
}

#[tokio::test]
async fn people_come_in_by_csv_after_a_look_at_what_it_would_do() {
    let site = site().await;
    site.enter("hana", &[Role::HumanResources]).await;
    let token = site.caller("hana", &ALL).await;
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

#[tokio::test]
async fn secrets_come_in_by_csv_after_a_look_at_what_it_would_do() {
    let site = site().await;
    let owner = site.enter("carl", &[Role::Counsel]).await;
    site.enter("eva", &[]).await;
    let (carl, eva) = (site.caller("carl", &ALL).await, site.caller("eva", &ALL).await);
    let size = site.service.state().size;
    let import = |query: &str| format!("/api/v1/secrets/import{query}");
    let head = "title,owner,department,tier,summary\n";
    let good = format!("{head}Lumafilm bath,carl@halden.example,Coating,confidential,How it is made.\n");
    let bad = format!("{good},nobody@halden.example,Coating,ultra,How.\n");
    let csv = |text: &str| Body::from(text.to_owned());
    let dry = carl.send("POST", &import("?dry_run=true"), "text/csv", csv(&good)).await;
    assert_eq!(dry, (StatusCode::OK, json!({"taken": 1, "refused": []})));
    let (status, dry) =
        carl.send("POST", &import("?dry_run=true"), "text/csv; charset=utf-8", csv(&bad)).await;
    assert_eq!((status, &dry["taken"], &dry["refused"][0]["line"]), (StatusCode::OK, &json!(1), &json!(3)));
    let (status, problem) = carl.send("POST", &import(""), "text/csv", csv(&bad)).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(problem["remedy"].as_str().unwrap().contains("line 3"), "{problem}");
    let (status, _) = carl.send("POST", &import("?dry_run=true"), "text/csv", csv("no,such,columns\n")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let (status, _) = eva.send("POST", &import("?dry_run=true"), "text/csv", csv(&good)).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "a look tells which mail addresses are known");
    let json = json!({"secrets": [secret(owner)]});
    let (_, dry) = carl.call("POST", &import("?dry_run=true"), json.clone()).await;
    assert_eq!(dry, json!({"taken": 1, "refused": []}));
    assert_eq!(site.service.state().size, size, "nothing was recorded");
    let (status, done) = carl.send("POST", &import(""), "text/csv", csv(&good)).await;
    assert_eq!(
        (status, &done["receipt"]["recorded"][0]["kind"]),
        (StatusCode::OK, &json!("secret.submitted"))
    );
    assert_eq!(carl.post(&import(""), json).await["taken"], 1);
    assert_eq!(site.service.state().secrets.len(), 2);
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
