//! The style sheet, scripts and icon, held in the binary and served under a path that changes with their content.

use aws_lc_rs::digest;
use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use data_encoding::HEXLOWER;
use std::sync::LazyLock;

/// What every page may load and do; the same on all pages, because a page swapped in by htmx lives under the policy
/// of the page that was loaded first (CSP Level 3).
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-src 'self'; object-src 'self'; \
     frame-ancestors 'none'; base-uri 'none'";

/// A file in the binary.
struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
    digest: String,
}

static ASSETS: LazyLock<[Asset; 4]> = LazyLock::new(|| {
    [
        asset("ringfence.css", "text/css; charset=utf-8", include_bytes!("../static/ringfence.css")),
        asset("app.js", "text/javascript; charset=utf-8", include_bytes!("../static/app.js")),
        asset("htmx.min.js", "text/javascript; charset=utf-8", include_bytes!("../static/htmx.min.js")),
        asset("icon.svg", "image/svg+xml", include_bytes!("../static/icon.svg")),
    ]
});

/// Where the file of this name is served: `/static/<digest>/<name>`. A name that is not held leads to a path that
/// answers 404.
pub fn url(name: &str) -> String {
    let digest = find(name).map_or("none", |asset| asset.digest.as_str());
    format!("/static/{digest}/{name}")
}

/// The route that serves the files; needs no session.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/static/{digest}/{name}", get(serve))
}

/// Answers one file: cached for a year under its own digest; under another digest (a page of an earlier or later
/// release, on another node) it leads to the current one without being cached.
pub async fn serve(Path((digest, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let Some(asset) = find(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if digest != asset.digest {
        return (
            StatusCode::TEMPORARY_REDIRECT,
            [(header::LOCATION, url(asset.name)), (header::CACHE_CONTROL, "no-store".to_owned())],
        )
            .into_response();
    }
    let tag = format!("\"{}\"", asset.digest);
    let known = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|candidate| matches!(candidate.trim(), "*") || candidate.trim().trim_start_matches("W/") == tag);
    let common = [
        (header::ETAG, tag),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    if known {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let kind = HeaderValue::from_static(asset.content_type);
    (common, [(header::CONTENT_TYPE, kind)], asset.bytes).into_response()
}

fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

fn asset(name: &'static str, content_type: &'static str, bytes: &'static [u8]) -> Asset {
    let digest = digest::digest(&digest::SHA256, bytes);
    // 64 bits tell releases apart; nothing is trusted because of them.
    let digest = HEXLOWER.encode(digest.as_ref()).chars().take(16).collect();
    Asset { name, content_type, bytes, digest }
}

#[cfg(test)]
mod tests;
