//! Routes, each with the rule of who may call it. There is no way to add one without.

use crate::app::App;
use crate::guard;
use axum::Router;
use axum::handler::Handler;
use axum::routing::{self, MethodRouter};
use program::accounts::TokenScope;
use program::people::Role;

/// Who may call a route. Rights to one object are the service's business: it refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Anybody: the pages before signing in.
    Public,
    /// Any active person who is signed in.
    Person,
    /// A person with one of these roles.
    Roles(&'static [Role]),
    /// The holder of a token for the REST API with this scope. No cookie counts.
    Api(TokenScope),
}

/// How the body of a route is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// None, or one that the handler limits itself.
    None,
    /// A form; checked against forgery before the handler runs.
    Form,
    /// A form with a file, which streams; [`crate::SafeUpload`] checks it before it gives out anything.
    Upload,
}

/// One route, for a test that walks through all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteInfo {
    /// `GET` or `POST`, or another for the REST API.
    pub method: &'static str,
    /// With its parameters: `/secrets/{id}`.
    pub path: String,
    /// Who may call it.
    pub rule: Rule,
    /// How its body is read.
    pub body: Body,
}

/// Routes, collected with their rules.
#[derive(Default)]
pub struct Routes {
    router: Router<App>,
    list: Vec<RouteInfo>,
}

impl Routes {
    /// No route yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A page to look at.
    #[must_use]
    pub fn get<H: Handler<T, App>, T: 'static>(self, path: &str, rule: Rule, handler: H) -> Self {
        self.add("GET", path, rule, Body::None, routing::get(handler))
    }

    /// A form that changes something.
    #[must_use]
    pub fn post<H: Handler<T, App>, T: 'static>(self, path: &str, rule: Rule, handler: H) -> Self {
        self.add("POST", path, rule, Body::Form, routing::post(handler))
    }

    /// A form with a file: the handler takes [`crate::SafeUpload`].
    #[must_use]
    pub fn upload<H: Handler<T, App>, T: 'static>(self, path: &str, rule: Rule, handler: H) -> Self {
        self.add("POST", path, rule, Body::Upload, routing::post(handler))
    }

    /// A route of the REST API, with any method; `routed` must answer to `method` alone.
    #[must_use]
    pub fn api(self, method: &'static str, path: &str, scope: TokenScope, routed: MethodRouter<App>) -> Self {
        self.add(method, path, Rule::Api(scope), Body::None, routed)
    }

    /// These routes and those.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.list.extend(other.list);
        self
    }

    /// Every route.
    #[must_use]
    pub fn list(&self) -> &[RouteInfo] {
        &self.list
    }

    pub(crate) fn into_router(self) -> Router<App> {
        self.router
    }

    fn add(
        mut self,
        method: &'static str,
        path: &str,
        rule: Rule,
        body: Body,
        routed: MethodRouter<App>,
    ) -> Self {
        self.list.push(RouteInfo { method, path: path.to_owned(), rule, body });
        self.router = self.router.route(path, guard::protected(rule, body, routed));
        self
    }
}
