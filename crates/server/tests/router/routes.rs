//! Every route there is, tried by everybody who must not get through.

use crate::support::{Browser, TestSite, csrf};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use program::people::Role;
use server::Rule;
use server::app::route_list;
use server::routes::{Body as Reads, RouteInfo};

/// The routes that anybody may call: nothing comes to this list without being thought about.
const PUBLIC: [(&str, &str); 11] = [
    ("GET", "/api/openapi.json"),
    ("GET", "/healthz"),
    ("GET", "/invite/{token}"),
    ("POST", "/invite/{token}"),
    ("GET", "/metrics"),
    ("GET", "/set-up"),
    ("POST", "/set-up"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/sign-in/code"),
    ("POST", "/sign-in/code"),
];

const PEOPLE: [(&str, Option<Role>); 6] = [
    ("ada", Some(Role::Administrator)),
    ("carl", Some(Role::Counsel)),
    ("sven", Some(Role::SecurityOfficer)),
    ("hanna", Some(Role::HumanResources)),
    ("aud", Some(Role::Auditor)),
    ("eva", None),
];

/// The path with something in each place; nothing of these names exists.
fn filled(path: &str) -> String {
    let mut filled = String::new();
    for piece in path.split('/').skip(1) {
        let part = match piece {
            "{n}" => "4",
            piece if piece.starts_with('{') => "S-9999",
            piece => piece,
        };
        filled.push('/');
        filled.push_str(part);
    }
    filled
}

fn pages() -> impl Iterator<Item = RouteInfo> {
    route_list().into_iter().filter(|route| !matches!(route.rule, Rule::Api(_)))
}

fn behind() -> impl Iterator<Item = RouteInfo> {
    pages().filter(|route| route.rule != Rule::Public)
}

async fn call(browser: &Browser, route: &RouteInfo, body: &str, headers: &[(&str, &str)]) -> StatusCode {
    let path = filled(&route.path);
    if route.method == "GET" {
        return browser.get(&path).await.status;
    }
    match route.body {
        Reads::Upload => {
            let mut request =
                Request::post(path).header(header::CONTENT_TYPE, "multipart/form-data; boundary=XX");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let token = body.strip_prefix("csrf=").unwrap_or_default();
            let parts = format!(
                "--XX\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{token}\r\n--XX\r\nContent-Disposition: \
                 form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\nname\r\n--XX--\r\n"
            );
            browser.send(request.body(Body::from(parts)).unwrap()).await.status
        }
        _ => browser.post_raw(&path, body, headers).await.status,
    }
}

#[test]
fn only_these_routes_are_public() {
    let mut open: Vec<(&str, String)> =
        pages().filter(|route| route.rule == Rule::Public).map(|route| (route.method, route.path)).collect();
    open.sort_by(|a, b| (&a.1, a.0).cmp(&(&b.1, b.0)));
    let known: Vec<(&str, String)> =
        PUBLIC.iter().map(|(method, path)| (*method, (*path).to_owned())).collect();
    for route in &open {
        assert!(known.contains(route), "{route:?} is open to anybody, and nobody said that it should be");
    }
}

#[test]
fn there_are_routes_to_try() {
    assert!(behind().count() > 50, "{}", behind().count());
    assert!(behind().any(|route| route.body == Reads::Upload));
}

#[tokio::test]
async fn nobody_gets_in_without_a_session_or_with_one_that_is_none() {
    let site = TestSite::new().await;
    let ended = site.sign_in("ada").await;
    let token = ended.cookie("ringfence").unwrap();
    ended.post("/sign-out", &[]).await;
    let mut other = token.clone();
    other.replace_range(0..1, if token.starts_with('A') { "B" } else { "A" });
    let tokens = [
        None,
        Some(""),
        Some("x"),
        Some(other.as_str()),
        Some(token.as_str()),
        Some("'; DROP TABLE entries; --"),
    ];
    let before = site.service.state().size;
    for held in tokens {
        for route in behind() {
            let browser = site.stranger();
            if let Some(held) = held {
                browser.set_cookie("ringfence", held);
            }
            let status = call(&browser, &route, "csrf=", &[]).await;
            let expected =
                if route.method == "GET" { StatusCode::SEE_OTHER } else { StatusCode::UNAUTHORIZED };
            assert_eq!(status, expected, "{} {} with {held:?}", route.method, route.path);
        }
    }
    assert_eq!(site.service.state().size, before, "something was recorded for nobody");
}

#[tokio::test]
async fn a_role_opens_its_own_routes_and_no_others() {
    let site = TestSite::new().await;
    for (name, role) in PEOPLE {
        let browser = site.sign_in(name).await;
        let proof = csrf(&browser.page("/me").await);
        for route in behind() {
            let Rule::Roles(roles) = route.rule else { continue };
            if role.is_some_and(|role| roles.contains(&role)) {
                continue;
            }
            let status = call(&browser, &route, &format!("csrf={proof}"), &[]).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{name} at {} {}", route.method, route.path);
        }
    }
}

#[tokio::test]
async fn a_form_without_its_own_proof_changes_nothing() {
    let site = TestSite::new().await;
    let (ada, other) = (site.sign_in("ada").await, site.sign_in("ada").await);
    let (own, foreign) = (csrf(&ada.page("/me").await), csrf(&other.page("/me").await));
    assert_ne!(own, foreign);
    let before = site.service.state().size;
    let twice = format!("csrf={own}&csrf={own}");
    let good = format!("csrf={own}");
    let forged: [(&str, &[(&str, &str)]); 9] = [
        ("", &[]),
        ("csrf=", &[]),
        (&format!("csrf={foreign}"), &[]),
        (&twice, &[]),
        (&good, &[("origin", "https://evil.example")]),
        (&good, &[("origin", "null")]),
        (&good, &[("sec-fetch-site", "cross-site")]),
        (&good, &[("sec-fetch-site", "same-site"), ("origin", "http://localhost")]),
        (&good, &[("sec-fetch-site", "none")]),
    ];
    for (body, headers) in forged {
        for route in behind().filter(|route| route.method == "POST") {
            let Rule::Roles(roles) = route.rule else {
                let status = call(&ada, &route, body, headers).await;
                assert_eq!(status, StatusCode::FORBIDDEN, "{} with {body:?} {headers:?}", route.path);
                continue;
            };
            if roles.contains(&Role::Administrator) {
                let status = call(&ada, &route, body, headers).await;
                assert_eq!(status, StatusCode::FORBIDDEN, "{} with {body:?} {headers:?}", route.path);
            }
        }
    }
    assert_eq!(site.service.state().size, before, "a forged form was recorded");
}

#[tokio::test]
async fn a_public_form_needs_the_cookie_of_its_page() {
    let site = TestSite::new().await;
    let (one, two) = (site.stranger(), site.stranger());
    let foreign = csrf(&two.page("/sign-in").await);
    one.page("/sign-in").await;
    for route in pages().filter(|route| route.rule == Rule::Public && route.method == "POST") {
        for browser in [&one, &site.stranger()] {
            for body in [String::new(), "csrf=".to_owned(), format!("csrf={foreign}")] {
                let status = call(browser, &route, &body, &[]).await;
                assert_eq!(status, StatusCode::FORBIDDEN, "{} with {body:?}", route.path);
            }
        }
    }
}

#[tokio::test]
async fn what_does_not_exist_is_not_found_for_anybody() {
    let site = TestSite::new().await;
    let eva = site.sign_in("eva").await;
    for path in [
        "/nothing",
        "/secrets/S-9999",
        "/documents/D-9999",
        "/requests/R-9999",
        "/secrets/%00",
        "/record/999999999",
    ] {
        let status = eva.get(path).await.status;
        assert!(matches!(status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN), "{path}: {status}");
    }
    assert_eq!(site.stranger().get("/nothing").await.status, StatusCode::NOT_FOUND);
    site.assert_hidden("eva", "/secrets/S-9999").await;
}

#[tokio::test]
async fn a_form_that_is_too_large_is_not_read() {
    let site = TestSite::new().await;
    let ada = site.sign_in("ada").await;
    let proof = csrf(&ada.page("/me").await);
    let body = format!("csrf={proof}&old={}", "x".repeat(5 << 20));
    let answer = ada.post_raw("/me/password", &body, &[]).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let stranger = site.stranger();
    let proof = csrf(&stranger.page("/sign-in").await);
    let body = format!("csrf={proof}&mail={}", "x".repeat(80 << 10));
    assert_eq!(stranger.post_raw("/sign-in", &body, &[]).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}
