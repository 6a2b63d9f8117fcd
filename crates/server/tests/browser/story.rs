//! The whole story by hand: from the link that sets up the first administrator to a document that opens no longer.

use crate::driver::{Chrome, Colours, Script, wait};
use crate::site::{agreement_text, listen};
use crate::support::{PASSWORD, TestSite};
use program::DAY;
use serde_json::{Value, json};
use server::Settings;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

/// Somebody who takes part, and what their browser remembers.
struct Stage {
    chrome: Chrome,
    cookies: RefCell<BTreeMap<&'static str, Vec<Value>>>,
    on: Cell<&'static str>,
    width: u32,
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_story_at_a_desk() {
    play(1280).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_story_on_a_phone() {
    play(390).await;
}

async fn play(width: u32) {
    let site = TestSite::empty(Settings::local("127.0.0.1:0".parse().unwrap())).await;
    let link = site.service.set_up_link().unwrap().unwrap();
    let last_day = (site.service.now() + 200 * DAY).date("Europe/Oslo");
    let live = listen(site).await;
    let chrome = Chrome::start(&live.address, Script::On);
    chrome.see(width, Colours::Light);
    let stage = Stage { chrome, cookies: RefCell::default(), on: Cell::new("ada"), width };
    stage.set_up(&link);
    stage.bring_in(&last_day);
    stage.publish();
    stage.register();
    stage.upload();
    stage.sign();
    stage.grant();
    stage.jewel();
    stage.refuse();
    stage.revoke();
    stage.read_the_record();
}

impl Stage {
    /// Hands the browser to somebody else.
    fn turn(&self, name: &'static str) -> &Chrome {
        let mut cookies = self.cookies.borrow_mut();
        cookies.insert(self.on.replace(name), self.chrome.cookies());
        self.chrome.forget_cookies();
        for cookie in cookies.get(name).into_iter().flatten() {
            self.chrome.set_cookie(cookie);
        }
        &self.chrome
    }

    /// The page says that the act was recorded, and nothing is wrong with it.
    fn recorded(&self) {
        self.chrome.text("Recorded as entry");
        self.clean();
    }

    fn clean(&self) {
        assert_eq!(self.chrome.faults(), Vec::<String>::new(), "{} at {}", self.chrome.path(), self.width);
    }

    /// The administrator begins.
    fn set_up(&self, link: &str) {
        let chrome = &self.chrome;
        chrome.open(&format!("/set-up?token={link}"));
        self.clean();
        chrome.fill("name", "Ada Berg");
        chrome.fill("mail", "ada@halden.example");
        chrome.fill("department", "IT");
        chrome.fill("password", PASSWORD);
        chrome.fill("again", PASSWORD);
        chrome.press("Begin");
        self.second_factor();
        self.clean();
    }

    fn second_factor(&self) {
        let chrome = &self.chrome;
        chrome.arrived("Set up a second factor");
        self.clean();
        let secret = chrome.find("input[name=secret]").value();
        chrome.fill("code", &code(&secret));
        chrome.press("Go on");
        chrome.arrived("Your recovery codes");
        self.clean();
        chrome.press("I have kept them");
        chrome.arrived("What waits for you");
    }

    /// Everybody else comes from the personnel system's file, and gets a link.
    fn bring_in(&self, last_day: &str) {
        let chrome = &self.chrome;
        chrome.open("/people/import");
        let rows = format!(
            "name,mail,engagement,department,job,clearance,roles,manager,starts,ends\n\
             Carl Moen,carl@halden.example,employee,Legal,Counsel,3,counsel,,2020-01-01,\n\
             Sven Vik,sven@halden.example,employee,Security,Security officer,3,security-officer,,2020-01-01,\n\
             Olga Eide,olga@halden.example,employee,Coating,Head of coating,3,,,2020-01-01,\n\
             Eva Holm,eva@halden.example,employee,Coating,Engineer,3,,olga@halden.example,2020-01-01,\n\
             Otto Brandt,otto@halden.example,contractor,Software,Programmer,2,,olga@halden.example,2024-01-01,{last_day}\n"
        );
        chrome.fill("text", &rows);
        chrome.press("See what it would do");
        chrome.arrived("What this import would do");
        chrome.text("Otto Brandt");
        self.clean();
        chrome.press("Import 5 people");
        self.recorded();
        for (person, name) in
            [("P-2", "carl"), ("P-3", "sven"), ("P-4", "olga"), ("P-5", "eva"), ("P-6", "otto")]
        {
            let chrome = self.turn("ada");
            chrome.open(&format!("/accounts/{person}"));
            chrome.press("Make an invitation");
            let link = chrome.find("main .id code").shown();
            self.clean();
            let chrome = self.turn(name);
            chrome.open(&link[link.find("/invite/").unwrap()..]);
            self.clean();
            chrome.fill("password", PASSWORD);
            chrome.fill("again", PASSWORD);
            chrome.press("Set the password");
            // The contractor puts it off, and will be asked for it.
            if name == "otto" {
                chrome.arrived("Set up a second factor");
            } else {
                self.second_factor();
            }
        }
    }

    fn publish(&self) {
        let chrome = self.turn("carl");
        chrome.open("/agreements/new");
        chrome.fill("title", "What we keep between us");
        chrome.fill("text", &agreement_text());
        chrome.find("#second_factor").click();
        chrome.press("Publish");
        self.recorded();
        let chrome = &self.chrome;
        chrome.open("/agreements/A-1/assign");
        chrome.text("What we keep between us");
        self.clean();
        chrome.press("Ask everybody who lacks it");
        self.recorded();
    }

    fn register(&self) {
        for (title, tier, known_by) in [
            ("How the film is aged", "restricted", ""),
            ("What the precursor is made of", "crown-jewel", "eva@halden.example"),
        ] {
            let chrome = self.turn("olga");
            chrome.open("/secrets/new");
            chrome.fill("title", title);
            chrome.fill("summary", "The step between dipping and curing.");
            chrome.fill("precise", "Nine days at four degrees, in the dark.");
            chrome.fill("known_by", known_by);
            chrome.find(&format!("input[name=tier][value={tier}]")).click();
            chrome.press("Put it forward");
            self.recorded();
        }
        for secret in ["S-1", "S-2"] {
            let chrome = self.turn("carl");
            chrome.open("/");
            chrome.find(&format!("main a[href='/secrets/{secret}']")).click();
            chrome.press("Accept into the register");
            chrome.arrived("Accept into the register: ");
            self.clean();
            chrome.press("Accept into the register");
            self.recorded();
        }
    }

    /// On a slow line it shows how far it is.
    fn upload(&self) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ageing.txt");
        let recipe = "Nine days at four degrees, in the dark.\n".repeat(10_000);
        std::fs::write(&path, recipe).unwrap();
        for secret in ["S-1", "S-2"] {
            let chrome = self.turn("olga");
            chrome.open(&format!("/secrets/{secret}/documents/new"));
            chrome.find("#file").choose(&path);
            let slow = json!({ "offline": false, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 300_000 });
            chrome.devtools("Network.enable", &json!({}));
            chrome.devtools("Network.emulateNetworkConditions", &slow);
            chrome.press("Seal them");
            wait("the bar to move", || {
                let part = "const b = document.querySelector('progress.upload'); return b ? !b.hidden && b.value > 0 && b.value < 100 : true";
                chrome.run(part) == true
            });
            assert!(
                chrome.path().ends_with("/documents/new"),
                "the upload was over before its progress was shown"
            );
            let quick =
                json!({ "offline": false, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
            chrome.devtools("Network.emulateNetworkConditions", &quick);
            self.recorded();
            self.chrome.text("ageing.txt");
        }
    }

    fn sign(&self) {
        for (name, signature) in [("eva", "Eva Holm"), ("otto", "Otto Brandt")] {
            let chrome = self.turn(name);
            chrome.open("/my/agreements");
            self.clean();
            chrome.press("Read and sign");
            self.clean();
            chrome.press("Read the agreement");
            if name == "otto" {
                chrome.press("Set it up");
                chrome.press("Set up a second factor");
                self.second_factor();
                chrome.open("/my/agreements");
                chrome.press("Go on reading");
            }
            self.clean();
            let waits = chrome.find("fieldset[data-after-reading]");
            assert_eq!(waits.property("disabled"), true, "it can be signed unread");
            chrome.run("const text = document.querySelector('.reading'); text.scrollTop = text.scrollHeight");
            chrome.find("fieldset[data-after-reading]:not(:disabled)");
            // Not all of it is there yet: told so, with what was typed.
            chrome.find("#read_to_end").click();
            chrome.fill("typed_name", signature);
            chrome.press("Sign");
            assert!(chrome.find(".error-summary").shown().contains("There is a problem"));
            assert_eq!(chrome.find("#typed_name").value(), signature);
            self.clean();
            chrome.run("const text = document.querySelector('.reading'); text.scrollTop = text.scrollHeight");
            chrome.find("fieldset[data-after-reading]:not(:disabled) #consent").click();
            chrome.press("Sign");
            chrome.arrived("Confirmation of your signature");
            chrome.text("Second factor proved");
            self.clean();
        }
        let chrome = self.turn("sven");
        chrome.open("/my/agreements");
        chrome.press("Read and sign");
        chrome.press("Read the agreement");
        chrome.press("I do not want to sign");
        self.clean();
        chrome.fill("reason", "I leave at the end of the month.");
        chrome.press("Decline");
        self.recorded();
    }

    fn ask(&self, name: &'static str, secret: &str, purpose: &str) {
        let chrome = self.turn(name);
        chrome.open(&format!("/secrets/{secret}/people"));
        self.clean();
        chrome.press("Ask for access");
        chrome.fill("text", purpose);
        self.clean();
        chrome.press("Ask for access");
        self.recorded();
    }

    /// Goes from the first page to what this person asks for.
    fn request_of(&self, name: &'static str, who: &str) {
        let chrome = self.turn(name);
        chrome.open("/requests?show=answer");
        chrome.press(who);
        chrome.arrived(&format!("{who} asks for"));
        self.clean();
    }

    fn grant(&self) {
        self.ask("eva", "S-1", "Line 1: the bath ages too fast");
        self.request_of("olga", "Eva Holm");
        self.chrome.press("Approve");
        self.recorded();
        self.open("eva", "D-1");
    }

    /// The document in a window of its own.
    fn open(&self, name: &'static str, document: &str) {
        let chrome = self.turn(name);
        chrome.open(&format!("/documents/{document}"));
        self.clean();
        let before = chrome.windows();
        chrome.press("Read it here");
        wait("a window for the document", || chrome.windows().len() > before.len());
        let opened = chrome.windows().into_iter().find(|window| !before.contains(window)).unwrap();
        chrome.switch_to(&opened);
        wait("its text", || chrome.body().contains("Nine days at four degrees, in the dark."));
        chrome.close();
        chrome.switch_to(&before[0]);
    }

    /// One approval is not enough for a crown jewel.
    fn jewel(&self) {
        self.ask("eva", "S-2", "The new supplier asks for its purity");
        self.request_of("olga", "Eva Holm");
        self.chrome.press("Approve");
        self.recorded();
        self.chrome.text("You have approved it. Another person has to approve it too.");
        let chrome = self.turn("eva");
        chrome.open("/documents/D-2");
        chrome.text("You may not open it now");
        chrome.press("Ask the gate");
        chrome.text("Recorded as entry");
        self.clean();
        self.request_of("sven", "Eva Holm");
        self.chrome.press("Approve");
        self.recorded();
        self.open("eva", "D-2");
    }

    fn refuse(&self) {
        self.ask("otto", "S-1", "Connect the order system");
        self.request_of("olga", "Otto Brandt");
        let chrome = &self.chrome;
        chrome.press("Refuse");
        self.clean();
        chrome.fill("reason", "The order system needs no recipe.");
        chrome.press("Refuse");
        self.recorded();
        let chrome = self.turn("otto");
        chrome.open("/");
        chrome.text("The order system needs no recipe.");
        self.clean();
        chrome.open("/requests");
        chrome.press("Otto Brandt");
        chrome.text("The order system needs no recipe.");
        self.clean();
    }

    fn revoke(&self) {
        let chrome = self.turn("olga");
        chrome.open("/grants?secret=S-1");
        chrome.press("Eva Holm");
        chrome.press("Revoke");
        self.clean();
        let waits = chrome.find("main form button[type=submit]").property("disabled");
        assert_eq!(waits, true, "it is revoked without a second thought");
        chrome.fill("reason", "The bath is mended.");
        chrome.fill("confirm", "Eva Holm");
        chrome.find("main form button[type=submit]").click();
        self.recorded();
        let chrome = self.turn("eva");
        // Where the document was, its secret says why it does not open any more.
        chrome.open("/documents/D-1");
        chrome.text("The grant was revoked.");
        assert_eq!(chrome.path(), "/secrets/S-1");
        self.clean();
        chrome.open("/secrets/S-1/precise");
        chrome.press("Ask the gate");
        chrome.text("Recorded as entry");
        chrome.text("The grant was revoked.");
        self.clean();
    }

    /// Counsel finds all of it, and the proof of one.
    fn read_the_record(&self) {
        let chrome = self.turn("carl");
        chrome.open("/record");
        let mut kinds = BTreeSet::new();
        loop {
            self.clean();
            let script =
                "return Array.from(document.querySelectorAll('tbody .pill'), (kind) => kind.textContent)";
            let shown = chrome.run(script);
            kinds.extend(shown.as_array().unwrap().iter().map(|kind| kind.as_str().unwrap().to_owned()));
            let earlier = "return document.querySelector('.pager a[rel=next]')?.getAttribute('href') ?? null";
            match chrome.run(earlier).as_str() {
                Some(next) => chrome.open(next),
                None => break,
            }
        }
        for kind in [
            "person.added",
            "agreement.published",
            "agreement.signed",
            "agreement.declined",
            "secret.submitted",
            "secret.accepted",
            "document.added",
            "access.requested",
            "access.approved",
            "access.denied",
            "access.granted",
            "access.revoked",
            "document.opened",
            "document.refused",
            "secret.refused",
        ] {
            assert!(kinds.contains(kind), "`{kind}` is not in the record: {kinds:?}");
        }
        chrome.open("/record?kind=document.refused");
        chrome.find("tbody th a").click();
        chrome.text("It leads to the signed root");
        self.clean();
    }
}

/// The code that an authenticator shows now (RFC 6238).
fn code(secret: &str) -> String {
    let key = data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let tag = aws_lc_rs::hmac::sign(&key, &(now / 30).to_be_bytes());
    let at = usize::from(tag.as_ref().last().unwrap() & 15);
    let bytes: [u8; 4] = tag.as_ref()[at..at + 4].try_into().unwrap();
    format!("{:06}", (u32::from_be_bytes(bytes) & 0x7fff_ffff) % 1_000_000)
}
