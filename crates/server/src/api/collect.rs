//! Collects routes with their scopes and their description, so that neither can be forgotten.

use super::problem::{self, Problem};
use crate::app::App;
use crate::routes::Routes;
use axum::http::StatusCode;
use program::accounts::TokenScope;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{Components, ContentBuilder, Info, OpenApi, OpenApiBuilder, Ref, RefOr, Response};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::router::UtoipaMethodRouter;

/// What stands in front of the document.
const ABOUT: &str = "Protects trade secrets and proves it. Every change is an entry in a tamper-evident record; the answer says which.\n\n\
Authorize with a token of your own, `Authorization: Bearer rf_…`, issued in a signed-in browser. Its scopes say what it may \
be used for; what you may do is decided as everywhere else. A token shows no second factor, so what asks for one does not \
open with it.\n\n\
Lists are cut into pages: give `limit`, and `next` of one page as `before` of the following. Instants are RFC 3339; where a \
day is given instead, it is a day in the organisation's time zone. Whatever is wrong is answered as `application/problem+json` \
(RFC 9457).";

/// All areas of the API.
pub(super) struct Areas {
    pub(super) routes: Routes,
    pub(super) document: OpenApi,
}

/// One area, to which its routes are added.
pub(super) struct Area {
    name: &'static str,
    areas: Areas,
}

impl Areas {
    pub(super) fn new() -> Self {
        let info = Info::builder().title("Ringfence").version("1").description(Some(ABOUT)).build();
        let document = OpenApiBuilder::new().info(info).components(Some(components())).build();
        Self { routes: Routes::new(), document }
    }

    /// Adds an area.
    pub(super) fn area(mut self, name: &'static str, about: &str, add: impl FnOnce(Area) -> Area) -> Self {
        let tag = TagBuilder::new().name(name).description(Some(about)).build();
        self.document.tags.get_or_insert_default().push(tag);
        add(Area { name, areas: self }).areas
    }
}

impl Area {
    /// Routes that read what is not sealed.
    pub(super) fn read(self, route: UtoipaMethodRouter<App>) -> Self {
        self.add(TokenScope::Read, route)
    }

    /// Routes that change something.
    pub(super) fn write(self, route: UtoipaMethodRouter<App>) -> Self {
        self.add(TokenScope::Write, route)
    }

    /// Routes that open what is sealed.
    pub(super) fn open(self, route: UtoipaMethodRouter<App>) -> Self {
        self.add(TokenScope::Open, route)
    }

    fn add(mut self, scope: TokenScope, (schemas, paths, routed): UtoipaMethodRouter<App>) -> Self {
        for (path, mut item) in paths.paths {
            let Some(method) = method(&item) else { continue };
            if let Some(operation) = operation(&mut item) {
                self.describe(operation, scope, &path);
            }
            self.areas.routes = self.areas.routes.api(method, &path, scope, routed.clone());
            let known = self.areas.document.paths.paths.entry(path).or_default();
            known.merge_operations(item);
        }
        let components = self.areas.document.components.get_or_insert_default();
        for (name, schema) in schemas {
            // Two shapes of one name would silently be described as one.
            debug_assert!(
                components.schemas.get(&name).is_none_or(|known| *known == schema),
                "two shapes are called {name}"
            );
            components.schemas.insert(name, schema);
        }
        self
    }

    /// Adds what holds for every route: area, scope, and the problems it may answer with.
    fn describe(&self, operation: &mut Operation, scope: TokenScope, path: &str) {
        let word = scope_word(scope);
        operation.tags = Some(vec![self.name.to_owned()]);
        operation.security = Some(vec![SecurityRequirement::new("token", [word])]);
        operation.operation_id = operation.operation_id.take().map(|id| format!("{}_{id}", self.name));
        let takes_body = operation.request_body.is_some();
        let has_query = operation.parameters.as_ref().is_some_and(|all| !all.is_empty());
        let possible = [
            (StatusCode::BAD_REQUEST, takes_body),
            (StatusCode::UNAUTHORIZED, true),
            (StatusCode::FORBIDDEN, true),
            (StatusCode::NOT_FOUND, path.contains('{')),
            (StatusCode::CONFLICT, scope != TokenScope::Read),
            (StatusCode::PAYLOAD_TOO_LARGE, takes_body),
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, takes_body),
            (StatusCode::UNPROCESSABLE_ENTITY, takes_body || has_query),
            (StatusCode::SERVICE_UNAVAILABLE, scope != TokenScope::Read),
            (StatusCode::INSUFFICIENT_STORAGE, scope != TokenScope::Read),
        ];
        for (status, _) in possible.into_iter().filter(|(_, possible)| *possible) {
            let reference = RefOr::Ref(Ref::from_response_name(component(status)));
            operation.responses.responses.entry(status.as_u16().to_string()).or_insert(reference);
        }
    }
}

pub(super) fn scope_word(scope: TokenScope) -> &'static str {
    match scope {
        TokenScope::Read => "read",
        TokenScope::Write => "write",
        TokenScope::Open => "open",
    }
}

fn method(item: &PathItem) -> Option<&'static str> {
    let all = [("GET", &item.get), ("PUT", &item.put), ("POST", &item.post), ("DELETE", &item.delete)];
    all.into_iter().find_map(|(name, operation)| operation.as_ref().map(|_| name))
}

fn operation(item: &mut PathItem) -> Option<&mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete].into_iter().find_map(Option::as_mut)
}

fn components() -> Components {
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("rf_…")
        .description(Some("A token of one's own, with the scopes `read`, `write` and `open`."))
        .build();
    let mut components = Components::new();
    components.add_security_scheme("token", SecurityScheme::Http(token));
    let mut schemas = vec![(Problem::name().into_owned(), Problem::schema())];
    Problem::schemas(&mut schemas);
    components.schemas.extend(schemas);
    for status in PROBLEMS {
        components.responses.insert(component(status).to_owned(), RefOr::T(response(status)));
    }
    components
}

/// Every status with which a request may fail.
const PROBLEMS: [StatusCode; 10] = [
    StatusCode::BAD_REQUEST,
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::NOT_FOUND,
    StatusCode::CONFLICT,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::UNPROCESSABLE_ENTITY,
    StatusCode::SERVICE_UNAVAILABLE,
    StatusCode::INSUFFICIENT_STORAGE,
];

/// What a status means here: the name of its response in the document, and its description.
fn meaning(status: StatusCode) -> (&'static str, &'static str) {
    match status {
        StatusCode::UNAUTHORIZED => (
            "NoToken",
            "No token, or none that is good: unknown, ended, revoked, or its person is not active.",
        ),
        StatusCode::FORBIDDEN => {
            ("Refused", "Your role, your token's scopes, or the gate does not allow it.")
        }
        StatusCode::NOT_FOUND => ("Unknown", "It does not exist, or may not be known to you."),
        StatusCode::CONFLICT => ("Standing", "Not as things stand, or there already."),
        StatusCode::PAYLOAD_TOO_LARGE => ("TooLarge", "The body is larger than is taken here."),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            ("WrongMediaType", "The body is of a kind that is not taken here.")
        }
        StatusCode::UNPROCESSABLE_ENTITY => {
            ("Input", "A value is missing or cannot be taken; `field` says which.")
        }
        StatusCode::SERVICE_UNAVAILABLE => ("Stopping", "The service is stopping."),
        StatusCode::INSUFFICIENT_STORAGE => {
            ("Full", "There is no space left to write. Nothing was lost or half done.")
        }
        _ => ("Malformed", "The body is malformed or broke off."),
    }
}

fn component(status: StatusCode) -> &'static str {
    meaning(status).0
}

fn response(status: StatusCode) -> Response {
    let problem = RefOr::Ref(Ref::from_schema_name(Problem::name()));
    let content = ContentBuilder::new().schema(Some(problem)).example(Some(problem::example(status))).build();
    ResponseBuilder::new().description(meaning(status).1).content("application/problem+json", content).build()
}
