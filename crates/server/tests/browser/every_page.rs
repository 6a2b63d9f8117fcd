//! Every page that the router lists, as everybody: it fits, it is named, it can be read, and the browser has nothing to
//! complain of.

use crate::driver::{Chrome, Colours, Script};
use crate::site::{EVERYBODY, Live, company};
use crate::support::operator;
use axum::http::{StatusCode, header};
use server::Rule;
use server::app::route_list;
use std::collections::BTreeSet;

/// The pages of all areas with something in each place, for each thing of that sort that is worth a look.
fn paths(live: &Live, invitation: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for route in route_list() {
        if route.method != "GET" || matches!(route.rule, Rule::Api(_)) {
            continue;
        }
        let mut made = vec![String::new()];
        let mut before = "";
        for piece in route.path.split('/').skip(1) {
            let ids = if piece.starts_with('{') {
                things(live, before, piece, invitation)
            } else {
                vec![piece.to_owned()]
            };
            made = made.iter().flat_map(|path| ids.iter().map(move |id| format!("{path}/{id}"))).collect();
            before = piece;
        }
        paths.extend(made);
    }
    paths.extend(
        [
            "/search?q=bath",
            "/search?q=zzz",
            "/access/why?secret=S-1",
            "/secrets?q=zzz",
            "/people?hide=3.4",
            "/secrets/S-1/as-of?day=2999-01-01",
            "/evidence/witnesses/remove?name=Berg%20%26%20Partners%2C%20outside%20counsel",
            "/evidence/authorities/remove?name=A%20time-stamping%20authority",
            "/retention/holds?q=zzz",
            "/retention/holds/new?about=S-1",
            "/nowhere",
        ]
        .map(str::to_owned),
    );
    let now = live.site.service.now().rfc3339();
    paths.push(format!("/secrets/S-1/as-of?at={now}"));
    let state = live.site.service.state();
    paths.extend(state.retention.places().map(|place| format!("/retention/forget?keys={}", place.keys)));
    paths
}

/// What may stand at this place of a path.
fn things(live: &Live, before: &str, piece: &str, invitation: &str) -> Vec<String> {
    let few = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    match (before, piece) {
        ("secrets", _) => few(&["S-1", "S-3", "S-4"]),
        ("people" | "accounts", _) => few(&["P-6", "P-9", "P-11", "P-12"]),
        ("agreements", _) => few(&["A-1", "A-2"]),
        ("versions", _) => few(&["1"]),
        ("documents", _) => few(&["D-1", "D-2", "D-3"]),
        ("requests", _) => {
            live.site.service.state().access.requests().map(|request| request.id.to_string()).collect()
        }
        ("holds", _) => few(&["H-1"]),
        ("grants", _) => {
            let state = live.site.service.state();
            state
                .access
                .grants()
                .filter(|grant| grant.secret.0 == 1)
                .map(|grant| grant.id.to_string())
                .collect()
        }
        ("scans", _) => few(&["4"]),
        ("record", _) => few(&["4", "40"]),
        ("requirements", _) => few(&["restricted"]),
        ("invite", _) => few(&[invitation]),
        _ => panic!("the test does not know what `{piece}` after `{before}` stands for: add it here"),
    }
}

/// A page that refuses looks the same wherever it refuses: each sort is looked at once for everybody.
async fn look(names: &[&str]) {
    let live = company().await;
    let waiting = live.site.service.state().people.by_mail("layla@halden.example").unwrap().id;
    let invitation = live.site.service.invite(&operator(), waiting).await.unwrap();
    let paths = paths(&live, &invitation);
    let chrome = Chrome::start(&live.address, Script::On);
    let mut faults = BTreeSet::new();
    let mut looked = 0;
    for name in names {
        let browser = live.site.sign_in(name).await;
        live.enter(&chrome, name).await;
        chrome.console();
        let mut refusals = BTreeSet::new();
        for path in &paths {
            // Files are no pages, and what leads on is looked at where it leads to.
            let answer = browser.get(path).await;
            let kind = answer.headers.get(header::CONTENT_TYPE).map_or("", |kind| kind.to_str().unwrap());
            if answer.status.is_redirection() || !kind.starts_with("text/html") {
                continue;
            }
            if answer.status != StatusCode::OK && !refusals.insert(answer.status) {
                continue;
            }
            looked += 1;
            chrome.open(path);
            for (width, colours, seen) in [
                (390, Colours::Dark, "narrow, dark"),
                (820, Colours::Light, "a tablet"),
                (1280, Colours::Light, "wide"),
            ] {
                chrome.see(width, colours);
                faults.extend(chrome.faults().into_iter().map(|fault| format!("{path} ({seen}): {fault}")));
            }
            let refused = format!("the server responded with a status of {}", answer.status.as_u16());
            let console = chrome.console().into_iter();
            let said = console.filter(|said| answer.status == StatusCode::OK || !said.contains(&refused));
            faults.extend(said.map(|said| format!("{path} for {name}: the console says {said}")));
        }
    }
    assert!(faults.is_empty(), "{}", faults.into_iter().collect::<Vec<_>>().join("\n"));
    assert!(looked > 20 * names.len(), "only {looked} pages were looked at");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_half_of_them_fits_is_named_and_can_be_read() {
    look(&EVERYBODY[..4]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_the_other_half_fits_is_named_and_can_be_read() {
    look(&EVERYBODY[4..]).await;
}
