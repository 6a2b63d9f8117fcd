use super::*;
use axum::{body::Body, http::Request};
use tower::ServiceExt;

async fn ask(path: &str, tag: Option<&str>) -> Response {
    let mut request = Request::get(path);
    if let Some(tag) = tag {
        request = request.header(header::IF_NONE_MATCH, tag);
    }
    router::<()>().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_file_is_cached_for_a_year_and_confirmed_by_its_tag() {
    let path = url("ringfence.css");
    let first = ask(&path, None).await;
    assert_eq!(first.status(), StatusCode::OK);
    assert_eq!(first.headers()[header::CONTENT_TYPE], "text/css; charset=utf-8");
    assert!(first.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    let tag = first.headers()[header::ETAG].to_str().unwrap().to_owned();
    assert_eq!(ask(&path, Some(&format!("\"old\", W/{tag}"))).await.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(ask(&path, Some("\"old\"")).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn another_release_leads_to_the_current_file_uncached() {
    let answer = ask("/static/0123456789abcdef/app.js", None).await;
    assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(answer.headers()[header::LOCATION], url("app.js").as_str());
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn only_the_files_held_are_served() {
    for path in ["/static/none/nothing.js", "/static/none/..%2f..%2fCargo.toml", "/static/none/%00"] {
        assert_eq!(ask(path, None).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[test]
fn every_file_the_templates_ask_for_is_held() {
    let layouts = [include_str!("../../templates/base.html"), include_str!("../../templates/bare.html")];
    let mut seen = 0;
    for layout in layouts {
        for rest in layout.split("frame.asset(\"").skip(1) {
            let name = rest.split('"').next().unwrap();
            assert!(find(name).is_some(), "{name}");
            seen += 1;
        }
    }
    assert!(seen >= 6);
}

#[test]
fn nothing_inline_and_nothing_from_elsewhere() {
    let ours = [
        include_str!("../../static/ringfence.css"),
        include_str!("../../static/app.js"),
        include_str!("../../templates/base.html"),
        include_str!("../../templates/bare.html"),
        include_str!("../../templates/partials/ui.html"),
        include_str!("../../templates/partials/form.html"),
    ];
    for text in ours {
        for forbidden in
            [" style=\"", " onclick=", " onsubmit=", "@import", "eval(", "hx-on", "https://", "|safe|"]
        {
            assert!(!text.contains(forbidden), "{forbidden}");
        }
    }
}
