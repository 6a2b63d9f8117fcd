//! What every handler may use, and the router with everything around it.

use crate::observe::{self, Metrics};
use crate::pending::Pending;
use crate::routes::{RouteInfo, Routes, Rule};
use crate::{assets, guard, pages};
use axum::{Router, extract::DefaultBodyLimit, middleware};
use service::Service;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use zeroize::Zeroizing;

/// The largest body of a form, in bytes: the longest agreement (1 MiB of text), percent-encoded.
pub const LARGEST_FORM: usize = 4 << 20;

/// How the web face is reached.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The certificate and its key, where TLS ends here.
    pub tls: Option<TlsFiles>,
    /// The addresses of the reverse proxies in front, where TLS ends there; nobody else's `X-Forwarded-…` is believed.
    pub behind_proxy: Vec<IpAddr>,
    /// Whoever asks for `/metrics` from another machine shows this token as `Authorization: Bearer`.
    pub metrics_token: Option<Zeroizing<String>>,
}

/// A certificate chain and its private key, both PEM.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
}

/// The state of the web face; cheap to clone.
#[derive(Clone)]
pub struct App {
    /// One method per thing a user can do.
    pub service: Service,
    /// How it is reached.
    pub settings: Arc<Settings>,
    pub(crate) pending: Arc<Pending>,
    pub(crate) metrics: Arc<Metrics>,
}

impl Settings {
    /// Plain HTTP on this address, which has to be this machine's own.
    #[must_use]
    pub const fn local(listen: SocketAddr) -> Self {
        Self { listen, tls: None, behind_proxy: Vec::new(), metrics_token: None }
    }

    /// Whether browsers reach it over TLS, so that cookies may be bound to it.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.tls.is_some() || !self.behind_proxy.is_empty()
    }
}

impl App {
    /// The web face of an open record.
    #[must_use]
    pub fn new(service: Service, settings: Settings) -> Self {
        Self { service, settings: Arc::new(settings), pending: Arc::default(), metrics: Arc::default() }
    }

    /// The router: every route with its rule, and around all of them what no route may do without.
    pub fn router(self) -> Router {
        let routes = routes();
        routes
            .into_router()
            .merge(assets::router())
            .fallback_service(guard::missing().with_state(self.clone()))
            .layer(DefaultBodyLimit::disable())
            .layer(middleware::from_fn_with_state(self.clone(), observe::observe))
            .with_state(self)
    }
}

/// Every route of every area.
#[must_use]
pub fn routes() -> Routes {
    pages::routes().merge(crate::api::routes()).merge(observe::routes())
}

/// Every route, for a test to walk through.
#[must_use]
pub fn route_list() -> Vec<RouteInfo> {
    routes().list().to_vec()
}

/// Who may look at the page of this path, where there is one without parameters.
pub(crate) fn rule_of(path: &str) -> Option<Rule> {
    static RULES: LazyLock<HashMap<String, Rule>> = LazyLock::new(|| {
        let pages = route_list().into_iter().filter(|route| route.method == "GET");
        pages.map(|route| (route.path, route.rule)).collect()
    });
    RULES.get(path).copied()
}
