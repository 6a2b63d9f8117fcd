//! Writes every part of the look into two static pages, to be looked at: `cargo run -p server --example gallery -- OUT.html`.
//!
//! `OUT.html` shows the framed parts and `OUT.bare.html` the page without a frame; the style sheet is linked from the
//! source folder, so that a change of it shows on reload.
#![allow(clippy::unwrap_used)]

use askama::Template;
use server::chart::{self, Chart, Coverage, Lane, Row, Series};
use server::frame::{Bare, Flash, FlashKind, Frame, Place, SecondFactor, navigation};
use server::parts::*;

const NOW: i64 = 1_772_543_100_000;
const DAY: i64 = 86_400_000;

#[derive(Template)]
#[template(path = "gallery/framed.html")]
struct Framed {
    frame: Frame,
    trail: Vec<Tab>,
    tabs: Vec<Tab>,
    list: ListState,
    columns: Vec<Column>,
    chips: Vec<Chip>,
    secrets: Vec<Secret>,
    pager: Pager,
    empty_pager: Pager,
    marks: Vec<Mark>,
    history: Vec<HistoryRow>,
    due: When,
    errors: Errors,
    tiers: Vec<Choice>,
    departments: Vec<Choice>,
    charts: Vec<Chart>,
    warning: Flash,
    failure: Flash,
}

#[derive(Template)]
#[template(path = "gallery/card.html")]
struct Card {
    frame: Bare,
    errors: Errors,
}

struct Secret {
    title: &'static str,
    tier: Tier,
    owner: &'static str,
    openings: u64,
    review: When,
    state: (Tone, &'static str),
}

fn main() {
    let out = std::env::args().nth(1).unwrap_or_else(|| "gallery.html".to_owned());
    let link = |page: String| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/static/");
        ["ringfence.css", "app.js", "htmx.min.js", "icon.svg"].iter().fold(page, |page, name| {
            page.replace(&server::assets::url(name), &format!("file://{folder}{name}"))
        })
    };
    std::fs::write(&out, link(framed().render().unwrap())).unwrap();
    std::fs::write(out.replace(".html", ".bare.html"), link(bare().render().unwrap())).unwrap();
}

fn framed() -> Framed {
    let list = ListState::new(
        "/secrets",
        [("q", "coating"), ("tier", "restricted"), ("sort", "-openings")]
            .map(|(a, b)| (a.to_owned(), b.to_owned())),
    );
    let every: Vec<_> =
        Place::ALL.iter().map(|place| (*place, (*place == Place::Requests).then_some(12))).collect();
    let marks = marks();
    let mut errors = Errors::default();
    errors.add("title", "Give the secret a title that says nothing of what is secret");
    errors.add("review", "The review date lies in the past: choose one after 3 Mar 2026");
    Framed {
        frame: Frame {
            organisation: "Halden Coatings AG".to_owned(),
            title: "Gallery".to_owned(),
            language: "en".to_owned(),
            person_name: "Ana-Marija Kovačević-Horvat".to_owned(),
            initials: server::format::initials("Ana-Marija Kovačević-Horvat"),
            second_factor: SecondFactor::ShownUntil("3 Mar 2026, 22:05 CET".to_owned()),
            groups: navigation(&every, Some(Place::Register)),
            csrf: "token".to_owned(),
            flash: Some(Flash::recorded("The grant to Ana was revoked. It opens nothing from now on.", 41)),
            alarms: 2,
            query: String::new(),
            zone: "Europe/Vienna".to_owned(),
        },
        trail: vec![
            Tab::new("/secrets", "Register", false),
            Tab::new("/secrets/7", "Low-temperature coating process", true),
        ],
        tabs: vec![
            Tab::new("#", "Overview", true),
            Tab::counted("#", "Documents", 12, false),
            Tab::counted("#", "Who and why", 430, false),
            Tab::counted("#", "History", 10_412, false),
        ],
        columns: vec![
            list.column("Title", "title"),
            list.column("Tier", "tier"),
            list.column("Owner", "owner"),
            list.column("Openings", "openings").numeric(),
            list.column("Review", "review"),
            list.plain("State"),
        ],
        chips: [list.chip("q", "“coating”"), list.chip("tier", "Tier: restricted")]
            .into_iter()
            .flatten()
            .collect(),
        secrets: secrets(),
        pager: list.pager(10_000),
        empty_pager: ListState::new("/requests", []).pager(0),
        history: history(),
        due: When::day(NOW + 3 * DAY, NOW, "Europe/Vienna"),
        errors,
        tiers: vec![
            Choice::new(
                "confidential",
                "Confidential",
                "Harm if it became known. An agreement and a second factor.",
                "restricted",
            ),
            Choice::new(
                "restricted",
                "Restricted",
                "Serious harm. Training and a background check besides.",
                "restricted",
            ),
            Choice::new(
                "crown",
                "Crown jewel",
                "The company depends on it. Two people approve each grant.",
                "restricted",
            ),
        ],
        departments: ["Research", "Production", "المبيعات"]
            .map(|d| Choice::new(d, d, "", "Production"))
            .to_vec(),
        charts: charts(&marks),
        marks,
        list,
        warning: Flash {
            kind: FlashKind::Warning,
            text: "Your agreement ends on 31 March. Sign the new version before then.".to_owned(),
            entry: None,
        },
        failure: Flash::failed("You may not open this: your training ended on 3 March."),
    }
}

fn bare() -> Card {
    let mut errors = Errors::default();
    errors.add("password", "The name or the password is not right");
    Card {
        frame: Bare {
            organisation: "Halden Coatings AG".to_owned(),
            title: "Sign in".to_owned(),
            language: "en".to_owned(),
            csrf: "token".to_owned(),
            flash: None,
            wide: true,
        },
        errors,
    }
}

fn secrets() -> Vec<Secret> {
    let row = |title, tier, owner, openings, days: i64, state| Secret {
        title,
        tier,
        owner,
        openings,
        review: When::day(NOW + days * DAY, NOW, "Europe/Vienna"),
        state,
    };
    vec![
        row(
            "Low-temperature coating process",
            Tier::CrownJewel,
            "Ana Horvat",
            10_412,
            30,
            (Tone::Good, "In force"),
        ),
        row(
            "قائمة أسعار الموزعين لعام 2026",
            Tier::Restricted,
            "ليلى حداد",
            87,
            -3,
            (Tone::Warn, "Review due"),
        ),
        row(
            "Supplier terms for the titanium precursor, including the side letter of November and everything that \
             was agreed about volumes",
            Tier::Restricted,
            "Bartholomew Featherstonehaugh-Cholmondeley",
            3,
            200,
            (Tone::Bad, "Nobody owns it"),
        ),
        row("Customer list, Nordics", Tier::Confidential, "Jo Li", 0, 400, (Tone::Calm, "Retired")),
    ]
}

fn marks() -> Vec<Mark> {
    let mark = |name: &str, state, why: &str| Mark { name: name.to_owned(), state, why: why.to_owned() };
    let remedy = |label: &str, href: Option<&str>| {
        MarkState::Failing(Some(Remedy { label: label.to_owned(), href: href.map(str::to_owned) }))
    };
    vec![
        mark("Employment", MarkState::Met, "Employed since 1 Sep 2021."),
        mark("Clearance", MarkState::Met, "Cleared for restricted."),
        mark("Grant", remedy("Ask for access", Some("#")), "No grant names Ana and this secret."),
        mark("Agreement", MarkState::Met, "Employee agreement, version 3, signed 4 Jan 2026."),
        mark("Policy", MarkState::Met, "Acknowledged 4 Jan 2026."),
        mark("Training", remedy("Start refresher", Some("#")), "Training ended on 3 Mar 2026."),
        mark("Background check", remedy("HR records the check.", None), "No check is recorded."),
        mark("Second factor", MarkState::Met, "Shown 14 minutes ago."),
        mark("Network", MarkState::NotAsked, ""),
    ]
}

fn history() -> Vec<HistoryRow> {
    let row = |entry, days: i64, who: Option<&str>, what: &str, detail: &str, tone| HistoryRow {
        entry,
        when: When::moment(NOW - days * DAY, NOW, "Europe/Vienna"),
        who: who.map(str::to_owned),
        what: what.to_owned(),
        detail: detail.to_owned(),
        tone,
    };
    vec![
        row(
            10_412,
            0,
            Some("Ana Horvat"),
            "opened “Process sheet 4”.",
            "Purpose: audit of line 2",
            Tone::Accent,
        ),
        row(
            10_398,
            1,
            Some("ليلى حداد"),
            "was refused “Process sheet 4”.",
            "Training ended on 3 March.",
            Tone::Bad,
        ),
        row(9_120, 40, Some("Jo Li"), "approved Ana's request for access.", "", Tone::Good),
        row(41, 300, None, "The review of this secret fell due.", "", Tone::Warn),
        row(7, 420, Some("Ana Horvat"), "registered the secret.", "", Tone::Calm),
    ]
}

fn charts(marks: &[Mark]) -> Vec<Chart> {
    let tiers = [("Confidential", Tone::Calm), ("Restricted", Tone::Second), ("Crown jewel", Tone::Accent)]
        .map(|(name, tone)| Series { name: name.to_owned(), tone });
    let row = |label: &str, values: &[u64]| Row { label: label.to_owned(), values: values.to_vec() };
    let days: Vec<Row> = (0..60u64)
        .map(|n| {
            row(
                &server::format::shorten(&When::day(NOW - (60 - n as i64) * DAY, NOW, "UTC").text, 20),
                &[(n * 37 + n * n) % 83, (n * 13) % 11],
            )
        })
        .collect();
    let lines = [("Openings", Tone::Accent), ("Refusals", Tone::Bad)]
        .map(|(name, tone)| Series { name: name.to_owned(), tone });
    let cover = |label: &str, met, not_met| Coverage { label: label.to_owned(), met, not_met };
    let names: Vec<String> = marks.iter().map(|mark| mark.name.clone()).collect();
    let people = ["Ana Horvat", "ليلى حداد", "Bartholomew Featherstonehaugh-Cholmondeley", "Jo Li"];
    let heat: Vec<_> = people
        .iter()
        .enumerate()
        .map(|(n, name)| {
            let mut marks = marks.to_vec();
            marks.rotate_left(n);
            ((*name).to_owned(), marks)
        })
        .collect();
    let at = |day: i8, what: &str, tone| (jiff::civil::date(2026, 2, day), what.to_owned(), tone);
    vec![
        chart::stacked_bars(
            "Secrets by department and tier",
            &tiers,
            &[
                row("Research", &[12, 30, 4]),
                row("Production", &[40, 8, 1]),
                row("المبيعات", &[3, 2, 0]),
                row("A department with a name that is much too long for a phone", &[1, 0, 0]),
            ],
        ),
        chart::coverage(
            "Who meets what",
            &[
                cover("Agreement signed", 412, 18),
                cover("Training", 300, 130),
                cover("Background check", 429, 1),
                cover("Second factor", 430, 0),
            ],
        ),
        chart::over_days("Openings and refusals, last 60 days", &lines, &days),
        chart::heat_map("People and requirements", &names, &heat),
        chart::timeline(
            "What happened around the leaver",
            &[
                Lane {
                    label: "Openings".to_owned(),
                    points: vec![
                        at(1, "Opened sheet 4", Tone::Accent),
                        at(9, "Opened sheet 5", Tone::Accent),
                        at(10, "Opened sheet 6", Tone::Accent),
                    ],
                },
                Lane { label: "Refusals".to_owned(), points: vec![at(12, "Refused: suspended", Tone::Bad)] },
                Lane {
                    label: "Employment".to_owned(),
                    points: vec![at(3, "Gave notice", Tone::Warn), at(28, "Left", Tone::Calm)],
                },
            ],
        ),
        chart::stacked_bars("Nothing yet", &tiers, &[]),
    ]
}
