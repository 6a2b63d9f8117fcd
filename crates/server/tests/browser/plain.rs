//! Without script everything works: it only takes one more look, or one more press.

use crate::driver::{Chrome, Colours, Script, wait};
use crate::site::{act, listen, publish, register};
use crate::support::{PASSWORD, TestSite, mail};
use program::agreements::Command as Agree;
use program::secrets::Tier;

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_asking_approving_signing_and_opening_need_no_script() {
    let site = TestSite::new().await;
    let (olga, eva, counsel) = (site.add("olga", &[]).await, site.person("eva"), site.person("carl"));
    let link = site.service.invite(&crate::support::operator(), olga).await.unwrap();
    let agreement = publish(&site, counsel, "What we keep between us").await;
    act(&site, counsel, Agree::Assign { agreement, people: vec![eva], due: None }).await;
    register(&site, "How the film is aged", Tier::Confidential, olga, olga).await;
    let live = listen(site).await;
    let chrome = Chrome::start(&live.address, Script::Off);
    chrome.see(390, Colours::Light);
    chrome.open("/sign-in");
    let ran = "return getComputedStyle(document.querySelector('main')).display !== '' && typeof window.htmx";
    assert_eq!(chrome.run(ran), "undefined", "script runs in this browser");

    // The owner takes up her invitation and seals a document.
    chrome.open(&format!("/invite/{}", link.as_str()));
    chrome.fill("password", PASSWORD);
    chrome.fill("again", PASSWORD);
    chrome.press("Set the password");
    chrome.arrived("Set up a second factor");
    chrome.open("/secrets/S-1/documents/new");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ageing.txt");
    std::fs::write(&path, "Nine days at four degrees.").unwrap();
    chrome.find("#file").choose(&path);
    chrome.press("Seal them");
    chrome.text("ageing.txt");
    sign_out(&chrome);

    // The engineer is told what is missing, signs, and asks.
    sign_in(&chrome, "eva");
    chrome.open("/secrets/S-1");
    chrome.text("You may not open it now");
    chrome.open("/my/agreements");
    chrome.press("Read and sign");
    chrome.press("Read the agreement");
    chrome.text("The end of the text.");
    chrome.find("#read_to_end").click();
    chrome.find("#consent").click();
    chrome.fill("typed_name", "eva");
    chrome.press("Sign");
    chrome.arrived("Confirmation of your signature");
    chrome.open("/secrets/S-1/request");
    chrome.fill("text", "Line 1: the bath ages too fast");
    chrome.press("Ask for access");
    chrome.text("Recorded as entry");
    sign_out(&chrome);

    sign_in(&chrome, "olga");
    chrome.find("main a[href^='/requests/R-']").click();
    chrome.text("Line 1: the bath ages too fast");
    chrome.press("Approve");
    chrome.text("Recorded as entry");
    sign_out(&chrome);

    sign_in(&chrome, "eva");
    // She leaves out a column of a list.
    chrome.open("/secrets");
    let tier = "return getComputedStyle(document.querySelector('td[data-label=Tier]')).display";
    assert_ne!(chrome.run(tier), "none");
    chrome.find("details.choose summary").click();
    chrome.find("details.choose input[value='2']").click();
    chrome.press("Show the list so");
    chrome.find("table.hide-2");
    assert_eq!(chrome.run(tier), "none");

    chrome.open("/documents/D-1");
    let before = chrome.windows();
    chrome.press("Read it here");
    wait("the document in a window of its own", || chrome.windows().len() > before.len());
    let opened = chrome.windows().into_iter().find(|window| !before.contains(window)).unwrap();
    chrome.switch_to(&opened);
    wait("its text", || chrome.body().contains("Nine days at four degrees."));
}

fn sign_in(chrome: &Chrome, name: &str) {
    chrome.open("/sign-in");
    chrome.fill("mail", &mail(name));
    chrome.fill("password", PASSWORD);
    chrome.press("Sign in");
    chrome.arrived("What waits for you");
}

fn sign_out(chrome: &Chrome) {
    chrome.find("details.me summary").click();
    chrome.find("details.me form button").click();
    chrome.arrived("Sign in");
}
