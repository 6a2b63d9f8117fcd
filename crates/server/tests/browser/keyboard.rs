//! By keyboard alone, and after a mistake.

use crate::driver::{Chrome, Colours, Script, wait};
use crate::site::company;

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
const CONTROL: &str = "\u{e009}";

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_used_by_keyboard() {
    let live = company().await;
    let chrome = Chrome::start(&live.address, Script::On);
    live.enter(&chrome, "olga").await;
    chrome.open("/secrets");

    // The first stop leads past the navigation.
    chrome.keys(&[TAB]);
    assert_eq!(chrome.focused(), "a.skip");
    chrome.keys(&[ENTER]);
    assert_eq!(chrome.focused(), "main#main");
    chrome.keys(&[TAB]);
    let inside = chrome.run("return document.querySelector('main').contains(document.activeElement)");
    assert_eq!(inside, true, "the stop after it is {}", chrome.focused());

    // From anywhere to the search, and on with what was found.
    chrome.keys(&[CONTROL, "k"]);
    assert_eq!(chrome.focused(), "input#search");
    chrome.find("#search").send("dwell\u{e007}");
    chrome.find("main h1");
    assert!(chrome.path().starts_with("/search?q=dwell"), "{}", chrome.path());

    // Everything that takes the focus shows that it has it.
    chrome.open("/requests");
    let unmarked = chrome.run(
        "const marks = []; for (const e of document.querySelectorAll('main a[href], main button, main input, main select')) { \
         e.focus({ focusVisible: true }); const s = getComputedStyle(e); \
         if (document.activeElement === e && s.outlineStyle === 'none') marks.push(e.outerHTML.slice(0, 80)); } return marks;",
    );
    assert_eq!(unmarked, serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_is_told_at_the_top_and_nothing_typed_is_lost() {
    let live = company().await;
    let chrome = Chrome::start(&live.address, Script::On);
    live.enter(&chrome, "olga").await;
    for width in [1280, 390] {
        chrome.see(width, Colours::Light);
        chrome.open("/secrets/new");
        let typed = [
            ("title", "Silane that keeps"),
            ("department", "Process Engineering"),
            ("summary", "What the precursor is bought by."),
            ("precise", "Two batches a year, from one plant."),
            ("worth", "1200000"),
            ("worth-currency", "EUR"),
            ("worth-basis", "What a year without it would cost."),
            ("value-reason", "Half of the revenue rests on it."),
        ];
        for (field, words) in typed {
            chrome.fill(field, words);
        }
        chrome.fill("owner", "nobody@halden.example");
        chrome.find("main input[name=tier][value=restricted]").click();
        chrome.find("main select[name=value] option[value='4']").click();
        chrome.press("Put it forward");

        let summary = chrome.find(".error-summary");
        assert!(summary.shown().contains("nobody@halden.example"), "{}", summary.shown());
        wait("the summary to take the focus", || chrome.focused() == "div.error-summary");
        for (field, words) in typed {
            assert_eq!(chrome.find(&format!("[id='{field}']")).value(), words, "{field}");
        }
        assert_eq!(chrome.find("select[name=value]").value(), "4");
        assert_eq!(chrome.find("input[name=tier][value=restricted]").property("checked"), true);
        assert_eq!(chrome.faults(), Vec::<String>::new());

        chrome.keys(&[TAB]);
        chrome.keys(&[ENTER]);
        assert_eq!(chrome.focused(), "input#owner", "the summary leads to the field");
        chrome.fill("owner", "olga@halden.example");
        chrome.press("Put it forward");
        chrome.text("Recorded as entry");
    }
    // Both stand in the register as they were typed.
    let state = live.site.service.state();
    let made: Vec<_> =
        state.secrets.iter().filter(|secret| secret.profile.title.as_str() == "Silane that keeps").collect();
    assert_eq!(made.len(), 2);
    for secret in made {
        let profile = &secret.profile;
        assert_eq!(profile.value.as_ref().map(|amount| amount.units), Some(1_200_000));
        assert_eq!(profile.factors[3].as_ref().map(|factor| factor.score), Some(4));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dangerous_act_waits_until_the_name_is_typed() {
    let live = company().await;
    let chrome = Chrome::start(&live.address, Script::On);
    live.enter(&chrome, "hanna").await;
    chrome.open("/people/P-9/end");
    let name = live.site.service.state().people.get(program::PersonId(9)).unwrap().name.to_string();
    chrome.text(&format!("Type {name} to go on"));
    let button = || chrome.find("main form button[type=submit]").property("disabled");
    assert_eq!(button(), true);
    chrome.fill("reason", "They left.");
    chrome.fill("confirm", "somebody else");
    assert_eq!(button(), true);
    chrome.fill("confirm", &name);
    assert_eq!(button(), false);
    chrome.find("main form button[type=submit]").click();
    chrome.text("Recorded as entry");
}
