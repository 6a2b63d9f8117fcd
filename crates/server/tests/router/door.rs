//! Coming in and going out: set-up, invitations, both steps of signing in, lock-out, sessions and tokens.

use crate::support::{Answer, Browser, PASSWORD, TestSite, mail};
use axum::http::StatusCode;
use server::Settings;

fn between(text: &str, from: &str, to: &str) -> String {
    let begin = text.find(from).unwrap_or_else(|| panic!("no {from} in {text}")) + from.len();
    let end = text[begin..].find(to).unwrap() + begin;
    text[begin..end].to_owned()
}

/// The code of this secret (RFC 6238), some steps of 30 seconds from now.
fn code(secret: &str, steps: i64) -> String {
    let key = data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
    let step = u64::try_from(now / 30 + steps).unwrap().to_be_bytes();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let tag = aws_lc_rs::hmac::sign(&key, &step);
    let at = usize::from(tag.as_ref().last().unwrap() & 15);
    let bytes: [u8; 4] = tag.as_ref()[at..at + 4].try_into().unwrap();
    format!("{:06}", (u32::from_be_bytes(bytes) & 0x7fff_ffff) % 1_000_000)
}

async fn enter(browser: &Browser, name: &str, password: &str, next: &str) -> Answer {
    let mail = mail(name);
    browser
        .post_from("/sign-in", "/sign-in", &[("mail", &mail), ("password", password), ("next", next)])
        .await
}

/// Sets up a second factor; gives its secret and the recovery codes.
async fn protect(browser: &Browser) -> (String, Vec<String>) {
    let page = browser.page("/me/second-factor").await;
    let secret = between(&page, "name=\"secret\" value=\"", "\"");
    assert!(page.contains("<svg"), "no picture to scan");
    let form = |code: &str| {
        vec![("csrf", crate::support::csrf(&page)), ("secret", secret.clone()), ("code", code.to_owned())]
    };
    let body = |code: &str| serde_html_form::to_string(form(code)).unwrap();
    let wrong = browser.post_raw("/me/second-factor", &body("000000"), &[]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains(&secret), "what was scanned is lost");
    let done = browser.post_raw("/me/second-factor", &body(&code(&secret, 0)), &[]).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    let text = done.text();
    let codes =
        text.split("<li><code>").skip(1).map(|piece| piece.split('<').next().unwrap().to_owned()).collect();
    (secret, codes)
}

#[tokio::test]
async fn the_first_administrator_sets_up_through_the_link_and_it_works_once() {
    let site = TestSite::empty(Settings::local("127.0.0.1:0".parse().unwrap())).await;
    let token = site.service.set_up_link().unwrap().unwrap();
    let path = format!("/set-up?token={}", token.as_str());
    let browser = site.stranger();
    assert_eq!(browser.get("/set-up?token=wrong").await.status, StatusCode::NOT_FOUND);
    assert_eq!(browser.get("/set-up").await.status, StatusCode::NOT_FOUND);
    let fields = |password: &'static str, again: &'static str| {
        [
            ("name", "Ada <b>"),
            ("mail", "ada@halden.example"),
            ("department", "IT"),
            ("password", password),
            ("again", again),
        ]
    };
    let with = |fields: [(&'static str, &'static str); 5]| {
        let mut all = vec![("token", token.as_str())];
        all.extend(fields);
        all
    };
    for wrong in [
        fields(PASSWORD, "another long password"),
        fields("short", "short"),
        fields("123456789012", "123456789012"),
    ] {
        let answer = browser.post_from(&path, "/set-up", &with(wrong)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            answer.text().contains("value=\"Ada &#60;b&#62;\"")
                && answer.text().contains("ada@halden.example"),
            "{}",
            answer.text()
        );
        assert!(!answer.text().contains("another long password"), "a password stands on the page");
    }
    let done = browser.post_from(&path, "/set-up", &with(fields(PASSWORD, PASSWORD))).await;
    assert_eq!(done.location(), "/me/second-factor?first=yes");
    browser.page("/accounts").await;
    assert_eq!(site.stranger().get(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn both_steps_are_asked_and_the_password_is_on_no_page() {
    let site = TestSite::new().await;
    let (secret, codes) = protect(&site.sign_in("eva").await).await;
    assert_eq!(codes.len(), 10);
    let browser = site.stranger();
    assert_eq!(browser.get("/sign-in/code").await.status, StatusCode::SEE_OTHER);
    let first = enter(&browser, "eva", PASSWORD, "/my/documents").await;
    assert_eq!(first.location(), "/sign-in/code?next=%2Fmy%2Fdocuments");
    assert!(browser.cookie("ringfence").is_none(), "half signed in");
    assert_eq!(browser.get("/me").await.status, StatusCode::SEE_OTHER);
    let page = browser.page(&first.location()).await;
    assert!(page.contains(&mail("eva")) && !page.contains(PASSWORD));
    let wrong =
        browser.post_from("/sign-in/code", "/sign-in/code", &[("code", "12345"), ("next", "/me")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains(&mail("eva")) && !wrong.text().contains(PASSWORD));
    // The code of the set-up was used; the next step's is taken early.
    let used = browser.post_from("/sign-in/code", "/sign-in/code", &[("code", &code(&secret, 0))]).await;
    let done = match used.status {
        StatusCode::SEE_OTHER => used,
        _ => {
            browser
                .post_from("/sign-in/code", "/sign-in/code", &[("code", &code(&secret, 1)), ("next", "/me")])
                .await
        }
    };
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());
    browser.page("/me").await;
    assert!(browser.cookie("ringfence-step").is_none());

    let another = site.stranger();
    enter(&another, "eva", PASSWORD, "/").await;
    let by_code = another.post_from("/sign-in/code", "/sign-in/code", &[("code", &codes[0])]).await;
    assert_eq!(by_code.status, StatusCode::SEE_OTHER);
    let third = site.stranger();
    enter(&third, "eva", PASSWORD, "/").await;
    let again = third.post_from("/sign-in/code", "/sign-in/code", &[("code", &codes[0])]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "a recovery code worked twice");
}

#[tokio::test]
async fn who_guesses_waits_and_is_told_until_when() {
    let site = TestSite::new().await;
    let browser = site.stranger();
    let unknown = enter(&browser, "nobody", "a wrong password, long", "/").await.text();
    let mut last = String::new();
    for _ in 0..5 {
        let answer = enter(&browser, "eva", "a wrong password, long", "/").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        last = answer.text();
    }
    assert_eq!(
        between(&last, "<h2>There is a problem</h2>", "</ul>"),
        between(&unknown, "<h2>There is a problem</h2>", "</ul>"),
        "the page tells who has an account"
    );
    let locked = enter(&browser, "eva", PASSWORD, "/").await;
    assert_eq!(locked.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(locked.text().contains("Too many failures: nobody can sign in here before"), "{}", locked.text());
    assert!(locked.text().contains(&mail("eva")), "the address is lost");
}

#[tokio::test]
async fn signing_in_leads_back_here_and_to_no_other_site() {
    let site = TestSite::new().await;
    let asked = site.stranger().get("/my/documents?q=a%26b").await;
    assert_eq!(asked.location(), "/sign-in?next=%2Fmy%2Fdocuments%3Fq%3Da%2526b");
    for (next, leads) in [
        ("/my/documents?q=a%26b", "/my/documents?q=a%26b"),
        ("//evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
        ("/a\r\nSet-Cookie: x=y", "/"),
    ] {
        assert_eq!(enter(&site.stranger(), "eva", PASSWORD, next).await.location(), leads, "{next:?}");
    }
}

#[tokio::test]
async fn a_session_that_has_ended_leads_back_to_where_one_was() {
    let site = TestSite::new().await;
    let (one, other) = (site.sign_in("eva").await, site.sign_in("eva").await);
    let ended = one.post("/me/sessions/end-others", &[]).await;
    assert_eq!(ended.status, StatusCode::SEE_OTHER);
    let told = one.page("/me").await;
    assert!(told.contains("All your other sessions have ended.") && told.contains("Recorded as entry"));
    assert!(!one.page("/me").await.contains("All your other sessions have ended."), "the message stays");
    let gone = other.get("/my/documents").await;
    assert_eq!(gone.location(), "/sign-in?next=%2Fmy%2Fdocuments&ended=yes");
    assert!(other.cookie("ringfence").is_none());
    assert!(other.page(&gone.location()).await.contains("Your session has ended"));
}

#[tokio::test]
async fn a_message_cannot_be_put_into_somebodys_page() {
    let site = TestSite::new().await;
    let (eva, ada) = (site.sign_in("eva").await, site.sign_in("ada").await);
    site.sign_in("eva").await;
    eva.post("/me/sessions/end-others", &[]).await;
    let signed = eva.cookie("ringfence-flash").unwrap();
    ada.set_cookie("ringfence-flash", &signed);
    assert!(!ada.page("/me").await.contains("sessions have ended"), "a message of another session is shown");
    ada.set_cookie("ringfence-flash", "eyJraW5kIjoiRG9uZSIsInRleHQiOiJ4IiwiZW50cnkiOm51bGx9.AAAA");
    ada.page("/me").await;
}

#[tokio::test]
async fn an_invitation_opens_an_account_once() {
    let site = TestSite::new().await;
    let person = site.add("otto", &[]).await;
    let ada = site.sign_in("ada").await;
    let page = ada.post(&format!("/accounts/{person}/invite"), &[]).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    let link = format!("/invite/{}", between(&page.text(), "http://localhost/invite/", "<"));
    assert!(!ada.page(&format!("/accounts/{person}")).await.contains("/invite/"), "the link is shown twice");
    let otto = site.stranger();
    assert!(otto.page(&link).await.contains("otto"));
    let weak =
        otto.post_from(&link, &link, &[("password", "otto otto otto"), ("again", "otto otto otto")]).await;
    assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
    let done = otto.post_from(&link, &link, &[("password", PASSWORD), ("again", PASSWORD)]).await;
    assert_eq!(done.location(), "/me/second-factor?first=yes");
    otto.page("/me").await;
    assert_eq!(site.stranger().get(&link).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_token_is_shown_once_and_revoked_at_once() {
    let site = TestSite::new().await;
    let eva = site.sign_in("eva").await;
    let form = [
        ("token_name", "Nightly <export>"),
        ("scopes", "read"),
        ("scopes", "open"),
        ("token_ends", "2026-01-01"),
    ];
    let past = eva.post("/me/tokens", &form).await;
    assert_eq!(past.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(past.text().contains("Nightly &#60;export&#62;"), "{}", past.text());
    let ends = (site.service.now() + 30 * program::DAY).date("UTC");
    let form = [("token_name", "Nightly <export>"), ("scopes", "read"), ("token_ends", &ends)];
    let shown = eva.post("/me/tokens", &form).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.text());
    let token = format!("rf_{}", between(&shown.text(), "<code>rf_", "<"));
    assert!(site.service.token(&token, None).is_some());
    let page = eva.page("/me").await;
    assert!(!page.contains(&token));
    let id = between(&page, "/me/tokens/", "/revoke");
    eva.post(&format!("/me/tokens/{id}/revoke"), &[]).await;
    assert!(site.service.token(&token, None).is_none());
}

#[tokio::test]
async fn an_account_is_closed_only_by_its_name() {
    let site = TestSite::new().await;
    let (ada, eva) = (site.sign_in("ada").await, site.sign_in("eva").await);
    let path = format!("/accounts/{}/close", site.person("eva"));
    let wrong = ada.post(&path, &[("reason", "Left."), ("confirm", "Eva?")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    eva.page("/me").await;
    let done = ada.post(&path, &[("reason", "Left."), ("confirm", "eva")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());
    assert_eq!(eva.get("/me").await.status, StatusCode::SEE_OTHER);
    let own = format!("/accounts/{}/close", site.person("ada"));
    assert_eq!(
        ada.post(&own, &[("reason", "x"), ("confirm", "ada")]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    ada.page("/me").await;
}
