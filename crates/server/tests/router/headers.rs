//! The headers that no answer goes without, and whose word is taken about where a request comes from.

use crate::support::{Browser, TestSite, mail};
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use server::Settings;

const EXPECTED: &str = "\
cache-control: no-store
content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-src 'self'; object-src 'self'; frame-ancestors 'none'; base-uri 'none'
cross-origin-opener-policy: same-origin
cross-origin-resource-policy: same-origin
permissions-policy: accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()
referrer-policy: same-origin
x-content-type-options: nosniff
x-frame-options: DENY
x-robots-tag: noindex, nofollow
";

fn shown(headers: &HeaderMap) -> String {
    let left_out = ["content-type", "content-length", "set-cookie", "x-request-id", "location", "allow"];
    let mut lines: Vec<String> = headers
        .iter()
        .filter(|(name, _)| !left_out.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()))
        .collect();
    lines.sort();
    lines.concat()
}

#[tokio::test]
async fn every_answer_carries_the_same_strict_headers() {
    let site = TestSite::new().await;
    let eva = site.sign_in("eva").await;
    for path in ["/", "/me", "/sign-in", "/nothing", "/healthz", "/accounts", "/secrets/S-9999"] {
        assert_eq!(shown(&eva.get(path).await.headers), EXPECTED, "{path}");
    }
    assert_eq!(shown(&site.stranger().get("/me").await.headers), EXPECTED);
    assert_eq!(shown(&eva.post_raw("/me/password", "", &[]).await.headers), EXPECTED);
}

#[tokio::test]
async fn an_error_page_tells_nothing_of_the_inside() {
    let site = TestSite::new().await;
    let text = site.sign_in("eva").await.get("/secrets/S-9999").await.text();
    for inside in ["crates/", ".rs:", "panicked", "sqlite", "Refusal", "axum"] {
        assert!(!text.contains(inside), "{inside}");
    }
}

async fn behind_proxy() -> TestSite {
    let mut settings = Settings::local("127.0.0.1:0".parse().unwrap());
    settings.behind_proxy = vec!["10.0.0.1".parse().unwrap()];
    TestSite::with(settings).await
}

async fn arriving(browser: &Browser, path: &str, headers: &[(&str, &str)]) -> HeaderMap {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = browser.send(request.body(Body::empty()).unwrap()).await;
    assert_ne!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    answer.headers
}

#[tokio::test]
async fn a_header_that_no_proxy_of_ours_sent_is_not_believed() {
    let site = behind_proxy().await;
    // The request comes from no known peer, so its claim to have come over TLS counts for nothing.
    let spoofed = [("x-forwarded-proto", "https"), ("x-forwarded-for", "10.0.0.1")];
    let headers = arriving(&site.stranger(), "/sign-in", &spoofed).await;
    assert!(!headers.contains_key("strict-transport-security"));
    let cookie = headers.get("set-cookie").unwrap().to_str().unwrap();
    assert!(cookie.starts_with("ringfence-form=") && !cookie.contains("Secure"), "{cookie}");
}

#[tokio::test]
async fn cookies_cannot_be_read_by_scripts_or_sent_from_elsewhere() {
    let site = TestSite::new().await;
    let browser = site.stranger();
    let fields = [("mail", mail("eva")), ("password", crate::support::PASSWORD.to_owned())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = browser.post_from("/sign-in", "/sign-in", &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let set: Vec<&str> =
        answer.headers.get_all("set-cookie").iter().map(|set| set.to_str().unwrap()).collect();
    let session = set.iter().find(|set| set.starts_with("ringfence=")).unwrap();
    for wanted in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43"] {
        assert!(session.contains(wanted), "{session}");
    }
    assert!(!session.contains("Domain"), "{session}");
}

#[tokio::test]
async fn figures_are_for_this_machine_or_whoever_has_the_token() {
    let mut settings = Settings::local("127.0.0.1:0".parse().unwrap());
    let site = TestSite::with(settings.clone()).await;
    // Through the test's own router nobody is known to be on this machine.
    assert_eq!(site.stranger().get("/metrics").await.status, StatusCode::NOT_FOUND);
    settings.metrics_token = Some("a token of the monitoring".to_owned().into());
    let site = TestSite::with(settings).await;
    let ask = async |token: &str| {
        let request = Request::get("/metrics").header("authorization", token).body(Body::empty()).unwrap();
        site.stranger().send(request).await
    };
    assert_eq!(ask("Bearer wrong").await.status, StatusCode::NOT_FOUND);
    let figures = ask("Bearer a token of the monitoring").await;
    assert_eq!(figures.status, StatusCode::OK);
    for name in [
        "ringfence_requests_total{",
        "ringfence_entries ",
        "ringfence_request_duration_milliseconds_bucket{le=\"+Inf\"}",
    ] {
        assert!(figures.text().contains(name), "{name}");
    }
    assert!(!figures.text().contains("halden.example"));
}
