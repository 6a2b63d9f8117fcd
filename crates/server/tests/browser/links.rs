//! Whatever a page offers, whoever reads it may take: no link leads to a refusal, and no form to a route of other roles.

use crate::site::{EVERYBODY, company};
use crate::support::TestSite;
use axum::http::{StatusCode, header};
use program::people::Role;
use server::app::route_list;
use server::{Rule, Settings};
use std::collections::BTreeSet;

/// What stands in this attribute of the tags on a page, as addresses of this site.
fn addresses<'a>(page: &'a str, before: &'a str) -> impl Iterator<Item = String> + 'a {
    let ours = |found: &&str| found.starts_with('/') && !found.starts_with("/static/");
    let found = page.split(before).skip(1).filter_map(|rest| rest.split('"').next());
    found.filter(ours).map(|found| found.split('#').next().unwrap().replace("&amp;", "&"))
}

/// One look is enough at pages that differ in what they are sorted by.
fn sort_of(address: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let names: BTreeSet<&str> = query.split('&').filter_map(|pair| pair.split('=').next()).collect();
    format!("{path}?{}", names.into_iter().collect::<Vec<_>>().join("&"))
}

/// The rule of the route that a form is sent to.
fn rule_of(path: &str) -> Option<Rule> {
    let fits = |route: &str| {
        let (asked, there) = (path.split('/'), route.split('/'));
        asked.clone().count() == there.clone().count()
            && asked.zip(there).all(|(a, b)| a == b || b.starts_with('{'))
    };
    let routes = route_list().into_iter().filter(|route| route.method == "POST" && fits(&route.path));
    routes.min_by_key(|route| route.path.matches('{').count()).map(|route| route.rule)
}

/// Follows every link there is for somebody, from the first page on. Gives back how many pages that were, and what leads nowhere.
async fn walk(site: &TestSite, name: &str) -> (usize, Vec<String>) {
    let roles: BTreeSet<Role> = site.service.state().people.get(site.person(name)).unwrap().roles.clone();
    let browser = site.sign_in(name).await;
    let (mut seen, mut next, mut faults) =
        (BTreeSet::new(), vec![("/".to_owned(), String::new())], Vec::new());
    while let Some((address, from)) = next.pop() {
        if !seen.insert(sort_of(&address)) {
            continue;
        }
        let answer = browser.get(&address).await;
        if answer.status != StatusCode::OK && !answer.status.is_redirection() {
            faults.push(format!("{name}: {address}, offered on {from}, is answered with {}", answer.status));
            continue;
        }
        let kind = answer.headers.get(header::CONTENT_TYPE).map_or("", |kind| kind.to_str().unwrap());
        if !kind.starts_with("text/html") {
            continue;
        }
        let page = answer.text();
        next.extend(addresses(&page, "href=\"").map(|link| (link, address.clone())));
        for form in page.split("<form").skip(1).filter_map(|rest| rest.split('>').next()) {
            // What a form asks for by GET is a list that is searched, or needs what is typed.
            for action in addresses(form, "action=\"").filter(|_| form.contains("method=\"post\"")) {
                match rule_of(&action) {
                    Some(Rule::Roles(asked)) if !asked.iter().any(|role| roles.contains(role)) => {
                        faults.push(format!("{name}: the form {action} on {address} is for {asked:?}"));
                    }
                    Some(_) => {}
                    None => faults.push(format!("{name}: the form {action} on {address} goes nowhere")),
                }
            }
        }
    }
    (seen.len(), faults)
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_page_offers_is_there_for_whoever_reads_it() {
    let live = company().await;
    let mut faults = Vec::new();
    for name in EVERYBODY {
        let (pages, found) = walk(&live.site, name).await;
        assert!(pages > 30, "{name} saw only {pages} pages");
        faults.extend(found);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// On the first day there is nothing yet, and what to begin with is offered to those who can.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_steps_are_offered_to_those_who_can_take_them() {
    let alone = TestSite::empty(Settings::local("127.0.0.1:0".parse().unwrap())).await;
    alone.enter("ada", &[Role::Administrator]).await;
    let (_, mut faults) = walk(&alone, "ada").await;
    let site = TestSite::new().await;
    for name in ["ada", "carl", "sven", "hanna", "aud", "eva"] {
        faults.extend(walk(&site, name).await.1);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
