//! The REST API under `/api/v1`, described by an OpenAPI document at `/api/openapi.json`.
//!
//! A face like the pages: each handler calls one method of `service`, or reads its state, and answers. Every route is
//! added through [`collect::Area`], which takes its scope, its place in the router and its description in one breath, so
//! that none is without a rule or missing from the document. What is answered has shapes of its own ([`types`],
//! [`answer`], [`problem`]): the domain may change inside without breaking a client.

mod access;
mod accounts;
mod agreements;
mod answer;
mod collect;
mod documents;
mod evidence;
mod extract;
mod me;
mod people;
mod problem;
mod record;
mod requirements;
mod retention;
mod secrets;
mod sight;
mod types;

use crate::routes::{Routes, Rule};
use axum::Json;
use collect::Areas;
use utoipa::openapi::OpenApi;

/// The routes of the REST API, and its description, which everybody may read: it says nothing about this organisation.
#[must_use]
pub fn routes() -> Routes {
    areas().routes.get("/api/openapi.json", Rule::Public, async || Json(openapi()))
}

/// The description of the REST API.
#[must_use]
pub fn openapi() -> OpenApi {
    areas().document
}

fn areas() -> Areas {
    Areas::new()
        .area("secrets", "The register of trade secrets.", secrets::routes)
        .area(
            "documents",
            "Documents of secrets: sealed in the vault, or registered where they are.",
            documents::routes,
        )
        .area("people", "Employees and contractors.", people::routes)
        .area("agreements", "Agreements to keep secrets, and who signed them.", agreements::routes)
        .area("access", "Requests, grants, and who may open what and why.", access::routes)
        .area("requirements", "What each tier asks of whoever opens its secrets.", requirements::routes)
        .area(
            "evidence",
            "Who outside vouches for the record, and bundles that a stranger checks.",
            evidence::routes,
        )
        .area(
            "retention",
            "What must be kept, what was destroyed for good, and the copies against loss.",
            retention::routes,
        )
        .area("record", "The tamper-evident record: entries, proofs, checkpoints.", record::routes)
        .area("accounts", "Accounts, one-time links and tokens.", accounts::routes)
        .area("me", "Whoever calls, and how the service is.", me::routes)
}
