//! Pages of agreements: the library and who signed what for those who run it, and the one path on which somebody signs.

mod assign;
mod detail;
mod library;
mod markdown;
mod mine;
mod paper;
mod publish;
mod sign;
mod signers;
mod stands;
mod text;
mod withdraw;

use crate::parts::{Tab, Tone};
use crate::routes::{Routes, Rule};
use crate::visitor::Visitor;
use program::AgreementId;
use program::agreements::{ASKERS, Agreement, Covers, PUBLISHERS, READERS, Version};

pub(crate) use stands::standing;

/// The routes of agreements. The path of signing is open to everybody signed in: to whom it was not put, an agreement
/// does not exist.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .get("/my/agreements", Rule::Person, mine::page)
        .get("/agreements/{id}/sign", Rule::Person, sign::page)
        .post("/agreements/{id}/open", Rule::Person, sign::open)
        .get("/agreements/{id}/sign/file", Rule::Person, sign::file)
        .post("/agreements/{id}/sign", Rule::Person, sign::sign)
        .get("/agreements/{id}/decline", Rule::Person, sign::refusal)
        .post("/agreements/{id}/decline", Rule::Person, sign::decline)
        .get("/agreements/{id}/signed", Rule::Person, sign::signed)
        .get("/agreements/{id}/versions/{number}", Rule::Person, text::page)
        .get("/agreements/{id}/versions/{number}/file", Rule::Person, text::file)
        .get("/agreements/{id}/scans/{entry}", Rule::Person, text::scan)
        .get("/agreements", Rule::Roles(READERS), library::page)
        .get("/agreements.csv", Rule::Roles(READERS), library::csv)
        .get("/agreements.json", Rule::Roles(READERS), library::json)
        .get("/agreements/new", Rule::Roles(PUBLISHERS), publish::blank)
        .upload("/agreements/new", Rule::Roles(PUBLISHERS), publish::publish)
        .get("/agreements/{id}", Rule::Roles(READERS), detail::overview)
        .get("/agreements/{id}/history", Rule::Roles(READERS), detail::history)
        .get("/agreements/{id}/publish", Rule::Roles(PUBLISHERS), publish::next)
        .upload("/agreements/{id}/publish", Rule::Roles(PUBLISHERS), publish::publish_next)
        .get("/agreements/{id}/signers", Rule::Roles(READERS), signers::page)
        .get("/agreements/{id}/signers.csv", Rule::Roles(READERS), signers::csv)
        .get("/agreements/{id}/signers.json", Rule::Roles(READERS), signers::json)
        .get("/agreements/{id}/assign", Rule::Roles(ASKERS), assign::page)
        .post("/agreements/{id}/assign", Rule::Roles(ASKERS), assign::assign)
        .get("/agreements/{id}/cancel", Rule::Roles(ASKERS), withdraw::cancellation)
        .post("/agreements/{id}/cancel", Rule::Roles(ASKERS), withdraw::cancel)
        .get("/agreements/{id}/paper", Rule::Roles(ASKERS), paper::page)
        .upload("/agreements/{id}/paper", Rule::Roles(ASKERS), paper::record)
        .get("/agreements/{id}/withdraw", Rule::Roles(PUBLISHERS), withdraw::withdrawal)
        .post("/agreements/{id}/withdraw", Rule::Roles(PUBLISHERS), withdraw::withdraw)
}

fn path(id: AgreementId) -> String {
    format!("/agreements/{id}")
}

/// What a version covers, in words.
fn covers_in_words(visitor: &Visitor, covers: &Covers) -> String {
    match covers {
        Covers::Everything => "Every secret".to_owned(),
        Covers::Tiers(tiers) => {
            let names: Vec<&str> = tiers.iter().map(|tier| tier.name()).collect();
            format!("Secrets of tier {}", names.join(", "))
        }
        Covers::Secrets(secrets) => {
            // Who runs agreements may not know every secret that they cover.
            let called = |id: &program::SecretId| match visitor.title(*id) {
                title if title == id.to_string() => title,
                title => format!("{title} ({id})"),
            };
            let titles: Vec<String> = secrets.iter().map(called).collect();
            titles.join(", ")
        }
    }
}

/// The same for somebody who signs: which secrets there are, not everybody may know.
fn covers_for_signer(covers: &Covers) -> String {
    match covers {
        Covers::Everything => "Every secret of the organisation".to_owned(),
        Covers::Tiers(tiers) => {
            let names: Vec<String> = tiers.iter().map(|tier| tier.name().to_lowercase()).collect();
            format!("What is classified as {}", names.join(" or "))
        }
        Covers::Secrets(secrets) => {
            crate::format::count(secrets.len() as u64, "particular secret", "particular secrets")
        }
    }
}

/// How long a signature binds.
fn term_in_words(version: &Version) -> String {
    match version.term_days {
        None => "Without end".to_owned(),
        Some(days) => format!("{} after signing", crate::format::count(u64::from(days), "day", "days")),
    }
}

fn state_pill(agreement: &Agreement) -> (Tone, &'static str) {
    if agreement.withdrawn.is_some() { (Tone::Calm, "Withdrawn") } else { (Tone::Good, "In use") }
}

fn trail(agreement: &Agreement, here: Option<(&str, &str)>) -> Vec<Tab> {
    let mut trail = vec![
        Tab::new("/agreements", "Agreements", false),
        Tab::new(path(agreement.id), agreement.title(), here.is_none()),
    ];
    if let Some((end, label)) = here {
        trail.push(Tab::new(format!("{}/{end}", path(agreement.id)), label, true));
    }
    trail
}

fn tabs(visitor: &Visitor, agreement: &Agreement, current: &str) -> Vec<Tab> {
    let own = path(agreement.id);
    let signed = signers::signed_now(visitor, agreement) as u64;
    vec![
        Tab::new(own.clone(), "Overview", current.is_empty()),
        Tab::counted(format!("{own}/signers"), "Who has signed", signed, current == "signers"),
        Tab::new(format!("{own}/history"), "History", current == "history"),
    ]
}
