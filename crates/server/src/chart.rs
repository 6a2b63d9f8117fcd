//! Pictures as SVG text that stays sharp and readable at any width, each with the table of its figures.
//!
//! Lengths across are percentages and letters are pixels, so that a picture narrows without its words shrinking.
//! Colours come from the style sheet by class; there is no inline style, which the content policy forbids.

use crate::{
    format,
    parts::{Mark, MarkState, Tone},
};
use jiff::civil::Date;
use std::fmt::Write;

/// A picture, the key to its colours, and the figures behind it; printed by `ui::chart`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// What it shows, above it.
    pub title: String,
    /// The picture: one or several `svg` elements, all text in it escaped.
    pub svg: String,
    /// Word and class of each colour.
    pub legend: Vec<(String, &'static str)>,
    /// The heads of the table.
    pub columns: Vec<String>,
    /// The rows of the table, the first cell naming the row.
    pub rows: Vec<Vec<String>>,
}

/// What is measured in several parts, and its colour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Its words.
    pub name: String,
    /// Its colour.
    pub tone: Tone,
}

/// One row of figures: a bar, or a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its words.
    pub label: String,
    /// A value for each series; missing ones are 0.
    pub values: Vec<u64>,
}

/// How many of all meet one condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// The condition.
    pub label: String,
    /// Those who meet it.
    pub met: u64,
    /// Those who do not.
    pub not_met: u64,
}

/// A lane of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// What happened in it.
    pub label: String,
    /// When, what, and its colour.
    pub points: Vec<(Date, String, Tone)>,
}

/// One bar for each row, divided by series: secrets by department and tier.
pub fn stacked_bars(title: &str, series: &[Series], rows: &[Row]) -> Chart {
    let largest = rows.iter().map(total).max().unwrap_or(0);
    let height = rows.len() * 48;
    let mut inner = String::new();
    for (index, row) in rows.iter().enumerate() {
        let top = index * 48;
        label(&mut inner, top + 15, &row.label);
        end_label(&mut inner, top + 15, &format::number(clamped(total(row))));
        bar(&mut inner, "track", 0.0, 100.0, top + 22, &row.label);
        let mut from = 0.0;
        for (part, value) in series.iter().zip(&row.values) {
            let width = share(u128::from(*value), largest);
            if *value > 0 {
                let words = format!("{}, {}: {}", row.label, part.name, format::number(*value));
                bar(&mut inner, part.tone.class(), from, width, top + 22, &words);
            }
            from += width;
        }
    }
    let description = rows
        .iter()
        .map(|row| format!("{}: {}", row.label, format::number(clamped(total(row)))))
        .collect::<Vec<_>>()
        .join("; ");
    Chart {
        title: clean(title),
        svg: picture("chart-bars", title, &description, height, &inner),
        legend: if rows.is_empty() { Vec::new() } else { legend(series) },
        columns: heads("", series.iter().map(|part| part.name.as_str()).chain(["All"])),
        rows: rows
            .iter()
            .map(|row| {
                let cells =
                    (0..series.len()).map(|n| format::number(row.values.get(n).copied().unwrap_or(0)));
                let all = format::number(clamped(total(row)));
                std::iter::once(clean(&row.label)).chain(cells).chain([all]).collect()
            })
            .collect(),
    }
}

/// A small bar for each condition: how many meet it and how many do not.
pub fn coverage(title: &str, items: &[Coverage]) -> Chart {
    let mut svg = String::from("<div class=\"multiples\">");
    for item in items {
        let whole = item.met.saturating_add(item.not_met);
        let met = share(u128::from(item.met), u128::from(whole));
        let mut inner = String::new();
        label(&mut inner, 15, &item.label);
        end_label(&mut inner, 15, &format::percent(item.met, whole));
        let words = format!("{} met, {} not met", format::number(item.met), format::number(item.not_met));
        bar(&mut inner, "track", 0.0, 100.0, 22, &words);
        if item.met > 0 {
            bar(&mut inner, "good", 0.0, met, 22, &words);
        }
        if item.not_met > 0 {
            bar(&mut inner, "bad", met, 100.0 - met, 22, &words);
        }
        let _ = write!(inner, "<text class=\"quiet\" x=\"0\" y=\"56\">{}</text>", escape(&words));
        svg.push_str(&picture("chart-bars", &item.label, &words, 62, &inner));
    }
    svg.push_str("</div>");
    if items.is_empty() {
        svg = nothing(title);
    }
    Chart {
        title: clean(title),
        svg,
        legend: vec![("Met".to_owned(), "good"), ("Not met".to_owned(), "bad")],
        columns: heads("", ["Met", "Not met", "Share"]),
        rows: items
            .iter()
            .map(|item| {
                let whole = item.met.saturating_add(item.not_met);
                vec![
                    clean(&item.label),
                    format::number(item.met),
                    format::number(item.not_met),
                    format::percent(item.met, whole),
                ]
            })
            .collect(),
    }
}

/// Values over consecutive days: the first series as an area, all as lines; openings and refusals.
pub fn over_days(title: &str, series: &[Series], days: &[Row]) -> Chart {
    let top = round_up(days.iter().flat_map(|day| day.values.iter().copied()).max().unwrap_or(0));
    let mut inner = String::new();
    for height in [16, 96, 176] {
        let _ = write!(inner, "<line class=\"grid\" x1=\"0\" x2=\"100%\" y1=\"{height}\" y2=\"{height}\"/>");
    }
    // The curve lives in a unit square that is stretched; its strokes are not.
    inner.push_str(
        "<svg x=\"0\" y=\"16\" width=\"100%\" height=\"160\" viewBox=\"0 0 100 100\" preserveAspectRatio=\"none\">",
    );
    for (number, part) in series.iter().enumerate() {
        let points: Vec<(f64, f64)> = days
            .iter()
            .enumerate()
            .map(|(index, day)| {
                let value = day.values.get(number).copied().unwrap_or(0);
                (position(index, days.len()), 100.0 - share(u128::from(value), u128::from(top)))
            })
            .collect();
        let (Some(first), Some(last)) = (points.first(), points.last()) else {
            continue;
        };
        let line = points.iter().fold(String::new(), |mut line, (x, y)| {
            let _ = write!(line, "{x:.2},{y:.2} ");
            line
        });
        let tone = part.tone.class();
        if number == 0 && points.len() > 1 {
            let area = format!("{:.2},100 {line}{:.2},100", first.0, last.0);
            let _ = write!(inner, "<polygon class=\"area {tone}\" points=\"{area}\"/>");
        }
        let _ = write!(inner, "<polyline class=\"line {tone}\" points=\"{}\"/>", line.trim_end());
    }
    inner.push_str("</svg>");
    for (height, value) in [(12, top), (92, top / 2), (172, 0)] {
        let _ = write!(
            inner,
            "<text class=\"quiet over\" x=\"0\" y=\"{height}\">{}</text>",
            format::number(value)
        );
    }
    if let [day] = days {
        // A line of one point cannot be seen.
        for (part, value) in series.iter().zip(&day.values) {
            let y = 176.0 - 1.6 * share(u128::from(*value), u128::from(top));
            let _ =
                write!(inner, "<circle class=\"{}\" cx=\"50%\" cy=\"{y:.1}\" r=\"4\"/>", part.tone.class());
        }
    }
    let marks = [(days.first(), "0", "start"), (days.last(), "100%", "end")];
    for (day, x, anchor) in marks.into_iter().take(days.len()) {
        if let Some(day) = day {
            let words = escape(&format::shorten(&clean(&day.label), 20));
            let _ = write!(
                inner,
                "<text class=\"quiet\" x=\"{x}\" y=\"196\" text-anchor=\"{anchor}\">{words}</text>"
            );
        }
    }
    let description = series
        .iter()
        .enumerate()
        .map(|(n, part)| {
            let sum: u128 = days.iter().map(|day| u128::from(day.values.get(n).copied().unwrap_or(0))).sum();
            format!(
                "{}: {} in {}",
                part.name,
                format::number(clamped(sum)),
                format::count(days.len() as u64, "day", "days")
            )
        })
        .collect::<Vec<_>>()
        .join("; ");
    Chart {
        title: clean(title),
        svg: if days.is_empty() {
            nothing(title)
        } else {
            picture("chart-days", title, &description, 204, &inner)
        },
        legend: if days.is_empty() { Vec::new() } else { legend(series) },
        columns: heads("Day", series.iter().map(|part| part.name.as_str())),
        rows: days
            .iter()
            .map(|day| {
                let cells =
                    (0..series.len()).map(|n| format::number(day.values.get(n).copied().unwrap_or(0)));
                std::iter::once(clean(&day.label)).chain(cells).collect()
            })
            .collect(),
    }
}

/// People down, requirements across; each cell says by shape and colour whether the person meets it.
///
/// `rows` holds the person's name and their marks in the order of `requirements`.
pub fn heat_map(title: &str, requirements: &[String], rows: &[(String, Vec<Mark>)]) -> Chart {
    const NAMES: f64 = 34.0;
    let wide = (100.0 - NAMES) / requirements.len().max(1) as f64;
    let head = 16 + 8 * requirements.iter().map(|r| clean(r).chars().count().min(18)).max().unwrap_or(0);
    let mut inner = String::new();
    for (index, requirement) in requirements.iter().enumerate() {
        let x = NAMES + wide * (index as f64 + 0.5);
        let words = escape(&format::shorten(&clean(requirement), 18));
        let _ = write!(
            inner,
            "<svg x=\"{x:.2}%\" y=\"{}\" overflow=\"visible\"><text transform=\"rotate(-90)\" y=\"4\">{words}</text></svg>",
            head - 6
        );
    }
    for (index, (name, marks)) in rows.iter().enumerate() {
        let top = head + index * 28;
        // Text of a drawing is cut where its space ends; text of the page within it says so with dots.
        let shown = escape(&clean(name));
        let _ = write!(
            inner,
            "<foreignObject x=\"0\" y=\"{top}\" width=\"{}%\" height=\"28\"><div xmlns=\"http://www.w3.org/1999/xhtml\" \
             class=\"heat-name\" title=\"{shown}\"><bdi>{shown}</bdi></div></foreignObject>",
            NAMES - 1.0
        );
        for (number, requirement) in requirements.iter().enumerate() {
            let (class, sign, word) = mark_sign(marks.get(number));
            let _ = write!(
                inner,
                "<svg x=\"{:.2}%\" y=\"{top}\" width=\"{wide:.2}%\" height=\"28\"><rect class=\"cell {class}\" x=\"1\" y=\"1\" \
                 width=\"100%\" height=\"26\" rx=\"3\"/><text class=\"sign {class}\" x=\"50%\" y=\"18\" \
                 text-anchor=\"middle\">{sign}</text><title>{}</title></svg>",
                NAMES + wide * number as f64,
                escape(&clean(&format!("{name}, {requirement}: {word}")))
            );
        }
    }
    let failing =
        rows.iter().flat_map(|(_, marks)| marks).filter(|m| matches!(m.state, MarkState::Failing(_))).count();
    let description = format!(
        "{} by {}; {} failing",
        format::count(rows.len() as u64, "person", "people"),
        format::count(requirements.len() as u64, "requirement", "requirements"),
        format::number(failing as u64)
    );
    let empty = rows.is_empty() || requirements.is_empty();
    let svg = picture("chart-heat", title, &description, head + rows.len() * 28, &inner);
    Chart {
        title: clean(title),
        svg: if empty { nothing(title) } else { svg },
        legend: vec![
            ("✓ met".to_owned(), "good"),
            ("✕ failing".to_owned(), "bad"),
            ("– not asked".to_owned(), "calm"),
        ],
        columns: heads("Person", requirements.iter().map(String::as_str)),
        rows: rows
            .iter()
            .map(|(name, marks)| {
                let cells = (0..requirements.len()).map(|n| mark_sign(marks.get(n)).2.to_owned());
                std::iter::once(clean(name)).chain(cells).collect()
            })
            .collect(),
    }
}

/// What happened when, one lane for each sort of happening, on one scale of days.
pub fn timeline(title: &str, lanes: &[Lane]) -> Chart {
    let dates = || lanes.iter().flat_map(|lane| lane.points.iter().map(|point| point.0));
    let (Some(first), Some(last)) = (dates().min(), dates().max()) else {
        return Chart {
            title: clean(title),
            svg: nothing(title),
            legend: Vec::new(),
            columns: heads("Day", ["Lane", "What"]),
            rows: Vec::new(),
        };
    };
    let span = first.duration_until(last).as_hours() as f64;
    let mut inner = String::new();
    for (index, lane) in lanes.iter().enumerate() {
        let top = index * 52;
        label(&mut inner, top + 15, &lane.label);
        let _ = write!(inner, "<line class=\"grid\" x1=\"2%\" x2=\"98%\" y1=\"{0}\" y2=\"{0}\"/>", top + 32);
        for (date, what, tone) in &lane.points {
            let hours = first.duration_until(*date).as_hours() as f64;
            let x = if span > 0.0 { 2.0 + 96.0 * hours / span } else { 50.0 };
            let words = escape(&clean(&format!("{}: {what}", format::day(*date))));
            // Shape as well as colour: what is wrong is a square on its corner.
            let shape = match tone {
                Tone::Bad => format!(
                    "<svg x=\"{x:.2}%\" y=\"{}\" overflow=\"visible\"><path class=\"bad\" d=\"M0-8L8 0 0 8-8 0z\"><title>{words}</title></path></svg>",
                    top + 32
                ),
                _ => format!(
                    "<circle class=\"{}\" cx=\"{x:.2}%\" cy=\"{}\" r=\"6\"><title>{words}</title></circle>",
                    tone.class(),
                    top + 32
                ),
            };
            inner.push_str(&shape);
        }
    }
    let foot = lanes.len() * 52 + 14;
    let _ = write!(inner, "<text class=\"quiet\" x=\"0\" y=\"{foot}\">{}</text>", format::day(first));
    if last > first {
        let _ = write!(
            inner,
            "<text class=\"quiet\" x=\"100%\" y=\"{foot}\" text-anchor=\"end\">{}</text>",
            format::day(last)
        );
    }
    let mut points: Vec<_> = lanes
        .iter()
        .flat_map(|lane| lane.points.iter().map(move |(date, what, _)| (*date, &lane.label, what)))
        .collect();
    points.sort();
    let description = format!(
        "{} from {} to {}",
        format::count(points.len() as u64, "event", "events"),
        format::day(first),
        format::day(last)
    );
    Chart {
        title: clean(title),
        svg: picture("chart-time", title, &description, foot + 6, &inner),
        legend: Vec::new(),
        columns: heads("Day", ["Lane", "What"]),
        rows: points
            .into_iter()
            .map(|(date, lane, what)| vec![format::day(date), clean(lane), clean(what)])
            .collect(),
    }
}

fn picture(class: &str, title: &str, description: &str, height: usize, inner: &str) -> String {
    if inner.is_empty() {
        return nothing(title);
    }
    format!(
        "<svg class=\"picture {class}\" role=\"img\" width=\"100%\" height=\"{height}\" xmlns=\"http://www.w3.org/2000/svg\">\
         <title>{}</title><desc>{}</desc>{inner}</svg>",
        escape(&clean(title)),
        escape(&clean(description))
    )
}

fn nothing(title: &str) -> String {
    let inner = "<text class=\"quiet\" x=\"0\" y=\"28\">Nothing to show yet</text>";
    picture("chart-empty", title, "Nothing to show yet", 44, inner)
}

fn bar(out: &mut String, class: &str, from: f64, width: f64, top: usize, words: &str) {
    let _ = write!(
        out,
        "<rect class=\"{class}\" x=\"{from:.3}%\" y=\"{top}\" width=\"{width:.3}%\" height=\"16\"><title>{}</title></rect>",
        escape(&clean(words))
    );
}

fn label(out: &mut String, baseline: usize, words: &str) {
    let shown = escape(&format::shorten(&clean(words), 38));
    let _ =
        write!(out, "<text x=\"0\" y=\"{baseline}\">{shown}<title>{}</title></text>", escape(&clean(words)));
}

fn end_label(out: &mut String, baseline: usize, words: &str) {
    let _ = write!(
        out,
        "<text class=\"figure-end\" x=\"100%\" y=\"{baseline}\" text-anchor=\"end\">{}</text>",
        escape(words)
    );
}

fn mark_sign(mark: Option<&Mark>) -> (&'static str, &'static str, &'static str) {
    match mark.map(|mark| &mark.state) {
        Some(MarkState::Met) => ("good", "✓", "met"),
        Some(MarkState::Failing(_)) => ("bad", "✕", "failing"),
        Some(MarkState::NotAsked) | None => ("calm", "–", "not asked"),
    }
}

fn legend(series: &[Series]) -> Vec<(String, &'static str)> {
    series.iter().map(|part| (clean(&part.name), part.tone.class())).collect()
}

fn heads<'a>(first: &'a str, others: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    std::iter::once(first).chain(others).map(clean).collect()
}

fn total(row: &Row) -> u128 {
    row.values.iter().map(|value| u128::from(*value)).sum()
}

fn clamped(value: u128) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

/// `part` of `whole` in percent, 0 of nothing.
fn share(part: u128, whole: u128) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

/// Where the point `index` of `count` lies across, in percent.
fn position(index: usize, count: usize) -> f64 {
    if count < 2 { 50.0 } else { index as f64 * 100.0 / (count - 1) as f64 }
}

/// The next number that reads well at the top of a scale: 2, 4, 10, 20, 50, 100…
fn round_up(value: u64) -> u64 {
    let mut step: u64 = 1;
    loop {
        for factor in [2, 4, 10] {
            match step.checked_mul(factor) {
                Some(top) if top >= value => return top,
                Some(_) => {}
                None => return u64::MAX,
            }
        }
        step = step.saturating_mul(10);
    }
}

/// Without control characters, which XML 1.0 forbids, and without those that reorder text that follows
/// (Unicode Technical Report 36, section 2.5).
fn clean(text: &str) -> String {
    text.chars()
        .filter(|c| {
            let reorders =
                matches!(*c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
            !(c.is_control() || reorders || matches!(*c, '\u{fffe}' | '\u{ffff}'))
        })
        .collect()
}

fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
        out
    })
}

#[cfg(test)]
mod tests;
