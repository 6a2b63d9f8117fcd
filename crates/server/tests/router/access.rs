//! Asking, answering, revoking and emergencies through the real router; and who is shown nothing of them.

use crate::support::TestSite;
use axum::http::StatusCode;
use program::people::Role;
use program::secrets::{self, Draft, Tier};
use program::{Actor, GrantId, Line, SecretId, Text, access};
use server::Settings;
use std::collections::BTreeSet;

/// Olga, who owns one accepted secret; counsel; an engineer; a stranger.
async fn site() -> TestSite {
    let site = TestSite::empty(Settings::local("127.0.0.1:0".parse().unwrap())).await;
    let owner = site.enter("Olga", &[]).await;
    let counsel = site.enter("Carl", &[Role::Counsel, Role::SecurityOfficer]).await;
    site.enter("Eva", &[]).await;
    site.enter("Sven", &[]).await;
    let profile = secrets::Profile {
        title: Line::new("Lumafilm <b>bath</b>").unwrap(),
        owner,
        department: Line::new("Coating").unwrap(),
        tier: Tier::Confidential,
        summary: Text::new("How the bath is made.").unwrap(),
        places: Vec::new(),
        known_by: BTreeSet::new(),
        value: None,
        cost: None,
        factors: Default::default(),
        review: None,
    };
    let submit = secrets::Command::Submit(Box::new(Draft { profile, precise: None }));
    site.service.act(&Actor::shell("tester", Some(owner)), submit).await.unwrap();
    let accept = secrets::Command::Accept { secret: SecretId(1), note: None };
    site.service.act(&Actor::shell("tester", Some(counsel)), accept).await.unwrap();
    site
}

/// This person asks for the secret.
async fn ask(site: &TestSite, name: &str) {
    let purpose = Text::new("To repair the bath.").unwrap();
    let command = access::Command::Request { secret: SecretId(1), purpose, ends: None };
    site.service.act(&Actor::shell("tester", Some(site.person(name))), command).await.unwrap();
}

fn grant(site: &TestSite) -> GrantId {
    site.service.state().access.grants().next_back().unwrap().id
}

#[tokio::test]
async fn a_request_is_approved_and_its_grant_revoked_by_the_owner_in_the_browser() {
    let site = site().await;
    let (olga, eva, sven) =
        (site.sign_in("Olga").await, site.sign_in("Eva").await, site.sign_in("Sven").await);
    ask(&site, "Eva").await;
    let request = site.service.state().access.requests().next_back().unwrap().id;
    let path = format!("/requests/{request}");
    let home = olga.page("/").await;
    assert!(home.contains(&format!("href=\"{path}\"")), "what waits has its button");
    assert!(!home.contains("<b>bath</b>"), "what people typed is text");
    assert_eq!(sven.get(&path).await.status, StatusCode::NOT_FOUND);
    assert!(!sven.page("/requests").await.contains("To repair"));
    assert_eq!(
        eva.post(&format!("{path}/approve"), &[("reason", "")]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "never one's own"
    );
    assert_eq!(sven.post(&format!("{path}/approve"), &[("reason", "")]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(olga.post(&format!("{path}/approve"), &[("reason", "")]).await.status, StatusCode::SEE_OTHER);
    let grant = grant(&site);
    let path = format!("/grants/{grant}");
    assert!(eva.page(&path).await.contains("To repair the bath."));
    assert_eq!(sven.get(&path).await.status, StatusCode::NOT_FOUND);
    assert!(olga.page("/grants.csv").await.contains(&grant.to_string()));
    assert!(!sven.page("/grants.json").await.contains("To repair"));
    let wrong =
        olga.post(&format!("{path}/revoke"), &[("reason", "Left the team"), ("confirm", "Oleg")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("Left the team"), "nothing typed is lost");
    assert_eq!(
        olga.post(&format!("{path}/revoke"), &[("reason", "Left"), ("confirm", "eva")]).await.status,
        StatusCode::SEE_OTHER
    );
    assert!(site.service.state().access.grant(grant).unwrap().revoked.is_some());
    for path in [format!("/requests/{request}"), "/".to_owned()] {
        assert!(eva.page(&path).await.contains("Revoked"), "{path} tells whoever asked that it is over");
    }
    assert!(eva.page("/").await.contains(">Left</q>"), "and the first page why");
}

#[tokio::test]
async fn emergency_access_alarms_the_owner_and_is_accounted_for() {
    let site = site().await;
    let (olga, eva) = (site.sign_in("Olga").await, site.sign_in("Eva").await);
    let path = "/secrets/S-1/emergency";
    assert!(eva.page(path).await.contains("60 minutes"));
    let wrong = eva.post(path, &[("purpose", "The line stands"), ("confirm", "yes")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("The line stands"));
    let confirmed = [("purpose", "The line stands"), ("confirm", "Lumafilm <b>bath</b>")];
    assert_eq!(eva.post(path, &confirmed).await.status, StatusCode::SEE_OTHER);
    let grant = grant(&site);
    assert!(olga.page("/").await.contains("The line stands"), "the owner sees an alarm");
    let look = format!("/grants/{grant}/look");
    assert_eq!(
        olga.post(&look, &[("in_order", "no"), ("reason", "")]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        eva.post(&look, &[("in_order", "yes")]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "never one's own"
    );
    assert_eq!(olga.post(&look, &[("in_order", "yes")]).await.status, StatusCode::SEE_OTHER);
    let justify = format!("/grants/{grant}/justify");
    assert_eq!(eva.post(&justify, &[("reason", "I restarted it")]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(site.service.state().access.open_emergencies().count(), 0);
}

#[tokio::test]
async fn who_and_why_are_answered_to_those_they_concern() {
    let site = site().await;
    let (olga, eva, carl) =
        (site.sign_in("Olga").await, site.sign_in("Eva").await, site.sign_in("Carl").await);
    let own = eva.page("/access/why?secret=S-1").await;
    assert!(own.contains("/secrets/S-1/request"), "the remedy is a button");
    assert_eq!(eva.get("/access/why?secret=S-1&person=P-1").await.status, StatusCode::NOT_FOUND);
    assert_eq!(eva.get("/secrets/S-1/who").await.status, StatusCode::SEE_OTHER);
    assert_eq!(eva.get("/secrets/S-1/who.csv").await.status, StatusCode::NOT_FOUND);
    assert_eq!(eva.get("/access/why?secret=S-9").await.status, StatusCode::NOT_FOUND);
    olga.page("/access/why?secret=S-1&person=Eva").await;
    assert!(carl.page("/secrets/S-1/who").await.contains("Olga"));
}

#[tokio::test]
async fn leadership_pages_open_for_roles_and_a_change_is_previewed_before_it_is_made() {
    let site = site().await;
    let (eva, carl) = (site.sign_in("Eva").await, site.sign_in("Carl").await);
    for path in ["/dashboard", "/settings/requirements", "/settings/requirements/confidential"] {
        assert_eq!(eva.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
        carl.page(path).await;
    }
    let fields = [
        ("conditions", "suspension"),
        ("conditions", "employment"),
        ("clearance", "1"),
        ("approvals", "1"),
        ("second_factor_minutes", "60"),
        ("emergency_minutes", "0"),
        ("longest_grant_days", "30"),
        ("listed", "yes"),
    ];
    let with = |more: &[(&'static str, &'static str)]| [&fields, more].concat();
    let path = "/settings/requirements/confidential";
    let preview = carl.post(path, &with(&[("act", "preview")])).await;
    let page = preview.text();
    assert_eq!(preview.status, StatusCode::OK);
    assert!(page.contains("4 people") && page.contains("would newly open 1 secret"), "{page}");
    assert_eq!(site.service.state().access.requirement(Tier::Confidential).emergency_minutes, 60);
    let wrong = carl.post(path, &with(&[("act", "change"), ("reason", "")])).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let changed = carl.post(path, &with(&[("act", "change"), ("reason", "Easier")])).await;
    assert_eq!(changed.status, StatusCode::SEE_OTHER);
    assert_eq!(site.service.state().access.requirement(Tier::Confidential).emergency_minutes, 0);
}

#[tokio::test]
async fn search_finds_what_one_may_see_and_nothing_else() {
    let site = site().await;
    let (eva, carl) = (site.sign_in("Eva").await, site.sign_in("Carl").await);
    assert!(eva.page("/search?q=lumafilm").await.contains("/secrets/S-1"));
    assert!(!eva.page("/search?q=olga").await.contains("/people/P-1"), "the directory is for roles");
    assert!(carl.page("/search?q=olga").await.contains("/people/P-1"));
    assert_eq!(eva.get("/search?q=S-1").await.status, StatusCode::SEE_OTHER);
    assert_eq!(eva.get("/search?q=P-1").await.status, StatusCode::OK);
}
