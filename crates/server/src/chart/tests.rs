use super::*;
use proptest::prelude::*;

const HOSTILE: &str = "</text><script>alert('x')</script>\"&\u{0}\u{202e}";

fn series() -> Vec<Series> {
    vec![
        Series { name: "Opened".to_owned(), tone: Tone::Accent },
        Series { name: "Refused".to_owned(), tone: Tone::Bad },
    ]
}

fn row(label: &str, values: &[u64]) -> Row {
    Row { label: label.to_owned(), values: values.to_vec() }
}

fn mark(state: MarkState) -> Mark {
    Mark { name: "Training".to_owned(), state, why: String::new() }
}

/// Every kind of picture with the same label and value in all places.
fn every(label: &str, value: u64) -> Vec<Chart> {
    let marks = vec![mark(MarkState::Met), mark(MarkState::Failing(None))];
    let day = jiff::civil::date(2026, 3, 3);
    vec![
        stacked_bars(label, &series(), &[row(label, &[value, value])]),
        coverage(label, &[Coverage { label: label.to_owned(), met: value, not_met: value }]),
        over_days(label, &series(), &[row(label, &[value, 0]), row(label, &[0, value])]),
        heat_map(label, &[label.to_owned(), label.to_owned()], &[(label.to_owned(), marks)]),
        timeline(
            label,
            &[Lane { label: label.to_owned(), points: vec![(day, label.to_owned(), Tone::Bad)] }],
        ),
    ]
}

/// Checks that tags are closed in order and that no attribute holds a bare `<`; returns the text between tags.
fn well_formed(svg: &str) -> String {
    let mut open = Vec::new();
    let mut words = String::new();
    let mut rest = svg;
    while let Some((before, after)) = rest.split_once('<') {
        words.push_str(before);
        let (tag, next) = after.split_once('>').unwrap();
        assert!(!tag.contains('<'), "{tag}");
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{svg}");
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap());
        }
        rest = next;
    }
    assert!(open.is_empty(), "{open:?}");
    words
}

#[test]
fn a_hostile_label_stays_text() {
    for chart in every(HOSTILE, 3) {
        well_formed(&chart.svg);
        assert!(!chart.svg.contains("<script"), "{}", chart.svg);
        assert!(chart.svg.contains("&lt;script&gt;"), "{}", chart.svg);
        assert!(!chart.svg.contains(['\u{0}', '\u{202e}']), "{}", chart.svg);
        assert!(!chart.svg.contains("style="), "{}", chart.svg);
    }
}

#[test]
fn an_arabic_label_is_kept() {
    for chart in every("قسم البحوث", 3) {
        assert!(well_formed(&chart.svg).contains("قسم البحوث"));
        assert!(chart.rows.iter().flatten().any(|cell| cell == "قسم البحوث"));
    }
}

#[test]
fn every_picture_names_and_describes_itself() {
    for chart in every("Label", 3) {
        assert!(chart.svg.contains("role=\"img\""));
        assert!(chart.svg.contains("<title>Label</title><desc>"));
        assert!(!chart.rows.is_empty());
        assert!(chart.rows.iter().all(|row| row.len() == chart.columns.len()));
    }
}

#[test]
fn nothing_to_show_is_said() {
    let empty = [
        stacked_bars("t", &series(), &[]),
        stacked_bars("t", &[], &[]),
        coverage("t", &[]),
        over_days("t", &series(), &[]),
        heat_map("t", &[], &[("Ana".to_owned(), vec![])]),
        heat_map("t", &["Training".to_owned()], &[]),
        timeline("t", &[]),
        timeline("t", &[Lane { label: "Openings".to_owned(), points: vec![] }]),
    ];
    for chart in empty {
        assert!(well_formed(&chart.svg).contains("Nothing to show yet"), "{}", chart.svg);
    }
}

#[test]
fn one_day_is_a_visible_point() {
    let chart = over_days("t", &series(), &[row("3 Mar", &[4, 1])]);
    assert_eq!(chart.svg.matches("<circle").count(), 2);
    assert_eq!(chart.svg.matches("3 Mar").count(), 1);
}

#[test]
fn a_bar_shows_its_share_of_the_largest() {
    let chart = stacked_bars("t", &series(), &[row("a", &[3, 1]), row("b", &[0, 1])]);
    assert!(chart.svg.contains("class=\"accent\" x=\"0.000%\" y=\"22\" width=\"75.000%\""), "{}", chart.svg);
    assert!(chart.svg.contains("class=\"bad\" x=\"75.000%\" y=\"22\" width=\"25.000%\""));
    assert!(chart.svg.contains("class=\"bad\" x=\"0.000%\" y=\"70\" width=\"25.000%\""));
    assert_eq!(chart.rows[0], ["a", "3", "1", "4"]);
}

#[test]
fn failing_and_met_differ_without_colour() {
    let marks = vec![mark(MarkState::Met), mark(MarkState::Failing(None)), mark(MarkState::NotAsked)];
    let names = ["A", "B", "C", "D"].map(str::to_owned);
    let chart = heat_map("t", &names, &[("Ana".to_owned(), marks)]);
    assert_eq!(chart.rows[0], ["Ana", "met", "failing", "not asked", "not asked"]);
    for sign in ["✓", "✕", "–"] {
        assert!(chart.svg.contains(sign));
    }
}

#[test]
fn scales_end_on_round_numbers() {
    let cases = [(0, 2), (2, 2), (3, 4), (5, 10), (11, 20), (41, 100), (u64::MAX, u64::MAX)];
    for (value, top) in cases {
        assert_eq!(round_up(value), top, "{value}");
    }
}

proptest! {
    #[test]
    fn any_label_and_number_make_a_well_formed_picture(label in ".*", value: u64) {
        for chart in every(&label, value) {
            well_formed(&chart.svg);
            prop_assert!(!chart.svg.contains("NaN") && !chart.svg.contains("inf%"));
        }
    }

    #[test]
    fn bars_never_leave_the_picture(values in prop::collection::vec(prop::collection::vec(any::<u64>(), 0..4), 0..6)) {
        let rows: Vec<Row> = values.iter().map(|v| row("r", v)).collect();
        let chart = stacked_bars("t", &series(), &rows);
        for rest in chart.svg.split("<rect ").skip(1) {
            let number = |name: &str| {
                let (_, after) = rest.split_once(name).unwrap();
                after.split('%').next().unwrap().parse::<f64>().unwrap()
            };
            prop_assert!(number(" x=\"") + number("width=\"") <= 100.01);
        }
    }
}
