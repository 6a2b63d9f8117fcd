//! The register as a file: what comes in, what must not, and what never goes out.

use super::*;
use crate::Refusal;

const HEADER: &str = "title,owner,department,tier,summary";
const GOOD: &str = "Recipe,eva@example.com,Research,restricted,what it is about";

fn csv(world: &World, text: &str) -> Plan {
    plan_csv(&world.state, world.now, "Europe/Berlin", text.as_bytes())
}

fn json(world: &World, text: &str) -> Plan {
    plan_json(&world.state, world.now, "Europe/Berlin", text.as_bytes())
}

fn refusal(plan: &Plan) -> Refusal {
    plan.drafts().unwrap_err()
}

/// A secret with everything in it that a file can trip over.
fn awkward(world: &World) -> Draft {
    let mut draft = draft("=HYPERLINK(\"x\")", EVA, Tier::CrownJewel);
    let place = |sort, name| Place { sort, name: line(name) };
    draft.profile.places = vec![
        place(PlaceKind::System, "a;"),
        place(PlaceKind::System, ";b"),
        place(PlaceKind::System, "C:\\; D:\\"),
        place(PlaceKind::Room, "-1, cellar"),
        place(PlaceKind::Other, "'quoted\""),
    ];
    draft.profile.known_by = [MAX, SUE].into();
    draft.profile.value = Some(Amount { units: u64::MAX, currency: line("EUR"), basis: Some(why()) });
    draft.profile.cost = Some(Amount { units: 0, currency: line("USD"), basis: None });
    let reason = Text::new("two\nlines, \"and\"; marks").unwrap();
    draft.profile.factors[3] = Some(Factor { score: 5, reason });
    draft.profile.factors[0] = Some(Factor { score: 1, reason: why() });
    draft.profile.review = Some(world.now + 99 * DAY);
    draft
}

#[test]
fn export_is_read_back_without_the_precise_description() {
    let mut world = World::new();
    let wanted = [awkward(&world), draft("Plain", MAX, Tier::Confidential)];
    world.operator(Command::Import(wanted.to_vec())).unwrap();
    let secrets = || world.state.secrets.iter();
    let (table, list) = (export_csv(&world.state, secrets()), export_json(&world.state, secrets()));
    assert!(
        !table.contains("exactly so") && !list.contains("exactly so"),
        "the precise description is sealed"
    );
    assert!(table.contains("\r\n\"'=HYPERLINK"), "a formula is guarded: {table}");
    for plan in [csv(&world, &table), json(&world, &list)] {
        let profiles: Vec<Profile> = plan.drafts().unwrap().into_iter().map(|draft| draft.profile).collect();
        assert_eq!(profiles, wanted.clone().map(|draft| draft.profile));
    }
}

#[test]
fn example_of_the_invented_company_is_taken_whole() {
    let mut world = World::new();
    world.now = crate::Time::parse("2026-11-24T09:00Z").unwrap();
    let people = include_bytes!("../../../../../examples/halden/people.csv");
    world.operator(crate::people::Command::Import { csv: people.as_slice().into() }).unwrap();
    let text = include_str!("../../../../../examples/halden/secrets.json");
    let drafts = json(&world, text).drafts().unwrap();
    assert_eq!(drafts.len(), 6);
    assert!(drafts.iter().all(|draft| draft.precise.is_some() && draft.profile.strength().is_some()));
    assert_eq!(
        drafts[0].profile.review,
        Some(crate::Date::parse("2027-09-14").unwrap().start("Europe/Berlin"))
    );
    world.operator(Command::Import(drafts)).unwrap();
}

#[test]
fn every_bad_row_is_named_and_nothing_is_taken() {
    let world = World::new();
    let bad = "Recipe,nobody@example.com,Research,secret,about";
    let plan = csv(&world, &format!("{HEADER}\n{GOOD}\n{bad}\n{GOOD}\n\n{bad}\n"));
    assert_eq!(
        plan.rows.iter().map(|row| row.outcome.is_ok()).collect::<Vec<_>>(),
        [true, false, true, false]
    );
    let remedy = refusal(&plan).remedy.unwrap();
    for said in ["line 3: ", "line 6: ", "owner: nobody here", "`nobody@example.com`", "tier: `secret`"] {
        assert!(remedy.contains(said), "{said}: {remedy}");
    }
}

#[test]
fn what_is_wrong_with_a_row_is_said() {
    let world = World::new();
    for (column, cell, word) in [
        ("value,value_currency", "12", "row has 6 cells"),
        ("value,value_currency", "1.2,EUR", "value: `1.2` is not an amount"),
        ("value,value_currency", "-1,EUR", "value: `-1`"),
        ("value,value_currency", "12,", "value_currency: this must not be empty"),
        ("value,value_currency", "12,Euro", "value: `Euro` is not a currency"),
        ("cost_basis", "guess", "cost: this must not be empty"),
        ("effort,effort-reason", "6,long", "factors: each factor is scored"),
        ("effort,effort-reason", "x,long", "effort: `x` is not a score"),
        ("effort,effort-reason", "3,", "effort-reason: this must not be empty"),
        ("value-score,value-reason", ",long", "value-score: this must not be empty"),
        ("known_by", "eva@example.com; who@x.de", "known_by: nobody here"),
        ("review", "14.9.2027", "review: `14.9.2027` is not a date"),
        ("review", "2001-01-01", "review: the review date has already passed"),
        ("systems", "a\u{202E}b", "places: this holds a character"),
    ] {
        let plan = csv(&world, &format!("{HEADER},{column}\n{GOOD},{cell}\n"));
        assert_eq!(plan.problem, None);
        let said = plan.rows[0].outcome.as_ref().unwrap_err();
        assert!(said.contains(word), "{column} {cell}: {said}");
    }
}

#[test]
fn file_that_cannot_be_read_is_refused_as_a_whole() {
    let world = World::new();
    for (text, word) in [
        ("", "empty"),
        ("title,owner\n", "department, tier, summary"),
        ("title,salary\n", "`salary` is not a column"),
    ] {
        let plan = csv(&world, text);
        assert!(plan.rows.is_empty() && plan.problem.as_ref().unwrap().contains(word), "{plan:?}");
        assert_eq!(refusal(&plan).rule, Rule::Input);
    }
    assert!(plan_csv(&world.state, world.now, "UTC", b"title\n\xFF").problem.unwrap().contains("line 2"));
    for text in ["", "{}", "[", "[1,]", "null", "\u{0}"] {
        assert!(json(&world, text).problem.is_some(), "{text:?}");
    }
    let deep = "[".repeat(100_000);
    assert!(json(&world, &deep).problem.is_some());
    assert!(refusal(&json(&world, "[]")).message.contains("no secrets"));
    assert!(refusal(&csv(&world, HEADER)).message.contains("no secrets"));
}

#[test]
fn json_row_that_is_no_secret_is_named() {
    let world = World::new();
    let good =
        r#"{"title":"A","owner":"EVA@example.com","department":"B","tier":"confidential","summary":"C"}"#;
    assert_eq!(json(&world, &format!("\u{FEFF}[{good}]")).drafts().unwrap().len(), 1);
    for (bad, word) in [
        (good.replace("\"title\"", "\"name\""), "unknown field `name`"),
        (good.replace("\"title\":\"A\",", ""), "missing field `title`"),
        (good.replace("\"A\"", "7"), "invalid type"),
        (good.replace("\"A\"", "\" \""), "title: this must not be empty"),
        (good.replace('}', ",\"factors\":[null]}"), "invalid length"),
        ("7".to_owned(), "invalid type"),
    ] {
        let plan = json(&world, &format!("[{good},{bad}]"));
        let remedy = refusal(&plan).remedy.unwrap();
        assert!(remedy.starts_with("line 2: ") && remedy.contains(word), "{bad}: {remedy}");
    }
}
