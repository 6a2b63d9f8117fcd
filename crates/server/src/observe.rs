//! What happens around every request: its number, the headers no answer goes without, figures, and panics.

use crate::app::App;
use crate::arrival::{Arrival, Peer};
use crate::assets::CONTENT_SECURITY_POLICY;
use crate::errors::PageError;
use crate::proof;
use crate::routes::{Routes, Rule};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// On every answer. A referrer never leaves this host; with none at all, browsers would send `Origin: null` with our
/// own forms (Fetch, "append a request Origin header"), and older ones could not be told from forged ones.
const HEADERS: [(HeaderName, &str); 8] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), \
         microphone=(), midi=(), payment=(), usb=()",
    ),
    (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
];

/// Two years, as the preload lists ask (RFC 6797).
const HSTS: &str = "max-age=63072000; includeSubDomains";

/// Upper bounds of the histogram of durations, in milliseconds.
const BUCKETS: [u64; 10] = [1, 5, 10, 25, 50, 100, 250, 1000, 5000, 30_000];

/// The number of a request, in the log and on error pages.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// Figures since the process began. No person, title or address is in them.
#[derive(Default)]
pub(crate) struct Metrics {
    requests: Mutex<BTreeMap<(String, String, u16), u64>>,
    buckets: [AtomicU64; BUCKETS.len()],
    milliseconds: AtomicU64,
    answered: AtomicU64,
    pub(crate) forged: AtomicU64,
    pub(crate) panics: AtomicU64,
}

/// `/healthz` and `/metrics`.
pub(crate) fn routes() -> Routes {
    Routes::new().get("/healthz", Rule::Public, healthz).get("/metrics", Rule::Public, metrics)
}

pub(crate) async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = proof::random().map_or_else(String::new, |text| text.chars().take(12).collect());
    let peer = request.extensions().get::<Peer>().copied();
    let arrival = Arrival::of(&app.settings, peer, request.headers(), request.uri());
    let secure = arrival.secure;
    let method = request.method().to_string();
    let route = request.extensions().get::<MatchedPath>().map_or("(none)", MatchedPath::as_str).to_owned();
    request.extensions_mut().insert(arrival);
    request.extensions_mut().insert(RequestId(id.clone()));
    request.extensions_mut().insert(app.clone());
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response = answered.unwrap_or_else(|_| {
        app.metrics.panics.fetch_add(1, Ordering::Relaxed);
        crate::errors::bare_page(&app, &PageError::Internal, &id)
    });
    finish(response.headers_mut(), secure, &id);
    let status = response.status().as_u16();
    let took = begun.elapsed();
    app.metrics.count(&method, &route, status, took);
    tracing::info!(method, route, status, ms = took.as_millis(), id, "answered");
    response
}

fn finish(headers: &mut HeaderMap, secure: bool, id: &str) {
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert("x-request-id", id);
    }
}

/// Whether the journal answers.
async fn healthz(State(app): State<App>) -> Response {
    match app.service.refresh().await {
        Ok(()) => "ok\n".into_response(),
        Err(error) => {
            tracing::error!(%error, "not healthy");
            (StatusCode::SERVICE_UNAVAILABLE, "the record does not answer\n").into_response()
        }
    }
}

/// For Prometheus (text format 0.0.4): from this machine, or with the token of the settings.
async fn metrics(State(app): State<App>, request: Request) -> Response {
    let local = request.extensions().get::<Arrival>().is_some_and(|arrival| arrival.local);
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = given.and_then(|value| value.strip_prefix("Bearer "));
    let known = app.settings.metrics_token.as_ref();
    let allowed = known.map_or(local, |known| shown.is_some_and(|shown| proof::same(known, shown)));
    if !allowed {
        return PageError::NotFound.into_response();
    }
    let kind = (header::CONTENT_TYPE, "text/plain; version=0.0.4");
    ([kind], app.metrics.text(&app)).into_response()
}

impl Metrics {
    fn count(&self, method: &str, route: &str, status: u16, took: Duration) {
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        // A method of the visitor's own invention must not make a line of its own.
        let method = match method {
            "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" => method,
            _ => "other",
        };
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((method.to_owned(), route.to_owned(), status)).or_default() += 1;
        drop(requests);
        for (bucket, bound) in self.buckets.iter().zip(BUCKETS) {
            if milliseconds <= bound {
                bucket.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.milliseconds.fetch_add(milliseconds, Ordering::Relaxed);
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    fn text(&self, app: &App) -> String {
        let mut text = String::new();
        let mut family = |name: &str, kind: &str, help: &str, lines: &[(String, u64)]| {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for (labels, value) in lines {
                let _ = writeln!(text, "{name}{labels} {value}");
            }
        };
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let requests: Vec<_> = requests
            .into_iter()
            .map(|((method, route, status), n)| {
                (format!("{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}}"), n)
            })
            .collect();
        family("ringfence_requests_total", "counter", "Requests answered.", &requests);
        let one = |value: u64| [(String::new(), value)];
        let read = |value: &AtomicU64| one(value.load(Ordering::Relaxed));
        family("ringfence_forged_total", "counter", "Forms refused as forged.", &read(&self.forged));
        family("ringfence_panics_total", "counter", "Requests that ended in a fault.", &read(&self.panics));
        let (state, now, status) = (app.service.state(), app.service.now(), app.service.status());
        // Counted from the record: whichever face, process or command they came through, and none twice.
        let (opened, refused) = state.documents.openings();
        family("ringfence_openings_total", "counter", "Openings in the record.", &one(opened));
        family("ringfence_refusals_total", "counter", "Refusals by the gate in the record.", &one(refused));
        family("ringfence_entries", "gauge", "Entries in the record.", &one(status.entries));
        family(
            "ringfence_acts_waiting",
            "gauge",
            "Acts waiting to be recorded.",
            &one(status.waiting as u64),
        );
        let sessions = state.accounts.iter().flat_map(|account| state.accounts.sessions_of(account.id));
        let live = sessions.filter(|session| now < session.ends).count();
        family("ringfence_sessions", "gauge", "Sessions not ended.", &one(live as u64));
        let name = "ringfence_request_duration_milliseconds";
        let answered = self.answered.load(Ordering::Relaxed);
        let _ = writeln!(text, "# HELP {name} Time to the first byte.\n# TYPE {name} histogram");
        for (bucket, bound) in self.buckets.iter().zip(BUCKETS) {
            let _ = writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {}", bucket.load(Ordering::Relaxed));
        }
        let _ = writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {answered}");
        let _ = writeln!(text, "{name}_sum {}", self.milliseconds.load(Ordering::Relaxed));
        let _ = writeln!(text, "{name}_count {answered}");
        text
    }
}
