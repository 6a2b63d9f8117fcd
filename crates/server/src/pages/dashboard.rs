//! The first page for leadership: pictures of coverage, openings and what is overdue, each with its figures and the list
//! behind it.

use crate::app::App;
use crate::chart::{self, Chart, Coverage, Row, Series};
use crate::format;
use crate::frame::Frame;
use crate::marks;
use crate::parts::{Mark, MarkState, Tone, When};
use crate::respond::{PageResult, render};
use crate::routes::{Routes, Rule};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use gate::Condition;
use program::access::{self, AVAILABLE, Standing};
use program::people::Role;
use program::secrets::{Status, Tier};
use program::sight::OVERSEERS;
use program::{DAY, Duty, Time, may_read_duty, overdue};
use std::collections::BTreeMap;

/// The days that openings are drawn for.
const DAYS: i64 = 60;
/// Bars, rows of the heat map and rows of lists that a page still reads well with.
const SHOWN: usize = 15;

/// The route of the dashboard.
#[must_use]
pub fn routes() -> Routes {
    Routes::new().get("/dashboard", Rule::Roles(&Role::ALL), page)
}

#[derive(Template)]
#[template(path = "dashboard/dashboard.html")]
struct DashboardPage {
    frame: Frame,
    at: When,
    figures: Vec<(String, &'static str, &'static str)>,
    secrets: Chart,
    coverage: Chart,
    openings: Chart,
    agreements: Chart,
    people: Chart,
    more_people: u64,
    overdue: Vec<Late>,
    more_overdue: u64,
    sees_titles: bool,
    reads_agreements: bool,
}

struct Late {
    who: String,
    text: String,
    due: Option<When>,
    /// Where one sees more of it; empty where the visitor may not.
    href: String,
}

async fn page(State(app): State<App>, visitor: Visitor) -> PageResult {
    let late = overdue(&visitor.state, visitor.now);
    let found = access::coverage(&visitor.state, app.service.gate(), visitor.now);
    let (people, more_people) = people(&visitor, &found.people);
    // Duties name secrets: whoever may not know of one reads a number.
    let read = |duty: &&Duty| may_read_duty(&visitor.state, &visitor.actor, visitor.now, duty);
    let shown: Vec<Late> = late
        .iter()
        .filter(read)
        .take(SHOWN)
        .map(|duty| Late {
            who: visitor.name(duty.person),
            text: duty.text.clone(),
            due: duty.due.map(|due| visitor.date(due)),
            // Where somebody else does it is no place for the visitor.
            href: visitor.page_of(duty.about).unwrap_or_else(|| visitor.person_page(duty.person)),
        })
        .collect();
    let page = DashboardPage {
        frame: visitor.frame("Dashboard", "/dashboard"),
        at: visitor.moment(visitor.now),
        figures: figures(&visitor, late.len() as u64),
        secrets: secrets(&visitor),
        coverage: coverage(&found),
        openings: openings(&visitor),
        agreements: agreements(&visitor),
        people,
        more_people,
        more_overdue: late.len().saturating_sub(shown.len()) as u64,
        overdue: shown,
        sees_titles: visitor.is(OVERSEERS),
        reads_agreements: visitor.is(program::agreements::READERS),
    };
    render(StatusCode::OK, &page)
}

/// The big numbers: number, words, list behind it.
fn figures(visitor: &Visitor, late: u64) -> Vec<(String, &'static str, &'static str)> {
    let (state, now) = (&visitor.state, visitor.now);
    let kept = state.secrets.iter().filter(|secret| secret.status == Status::Accepted).count() as u64;
    let here = state.people.iter().filter(|person| person.is_active(now)).count() as u64;
    let live = state.access.grants().filter(|grant| grant.is_live(now)).count() as u64;
    let waiting = state.access.pending().count() as u64;
    let alarms = state.access.open_emergencies().count() as u64;
    let mut figures = vec![
        (format::number(kept), "secrets in the register", "/secrets?status=accepted"),
        (format::number(here), "people here now", "/people?standing=here"),
        (format::number(live), "grants in force", "/grants?state=live"),
        (format::number(waiting), "requests wait for an answer", "/requests?outcome=waiting"),
        (format::number(late), "duties overdue", "#overdue"),
        (format::number(alarms), "emergencies open", "/grants?state=emergency"),
    ];
    if visitor.is(OVERSEERS) {
        let unused = state.access.grants().filter(|grant| grant.is_unused(now)).count() as u64;
        figures.push((format::number(unused), "grants unused for 30 days", "/grants?state=unused"));
    }
    figures
}

/// Secrets in the register by department and tier; the small departments together.
fn secrets(visitor: &Visitor) -> Chart {
    let mut departments: BTreeMap<&str, [u64; 3]> = BTreeMap::new();
    for secret in visitor.state.secrets.iter().filter(|secret| secret.status == Status::Accepted) {
        let counts = departments.entry(secret.profile.department.as_str()).or_default();
        let tier = Tier::ALL.iter().position(|tier| *tier == secret.tier()).unwrap_or(0);
        if let Some(count) = counts.get_mut(tier) {
            *count = count.saturating_add(1);
        }
    }
    let mut rows: Vec<Row> = departments
        .into_iter()
        .map(|(name, counts)| Row { label: name.to_owned(), values: counts.to_vec() })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.values.iter().sum::<u64>()));
    if rows.len() > SHOWN {
        let rest = rows.split_off(SHOWN);
        let values =
            (0..Tier::ALL.len()).map(|n| rest.iter().filter_map(|row| row.values.get(n)).sum()).collect();
        rows.push(Row { label: format!("{} other departments", rest.len()), values });
    }
    let tones = [Tone::Second, Tone::Accent, Tone::Warn];
    let series: Vec<Series> = Tier::ALL
        .into_iter()
        .zip(tones)
        .map(|(tier, tone)| Series { name: tier.name().to_owned(), tone })
        .collect();
    chart::stacked_bars("Secrets in the register, by department and tier", &series, &rows)
}

/// Of everybody with a grant in force, how many meet each condition that its tier asks; the second factor and the
/// network, which are asked at the opening, aside.
fn coverage(found: &access::Coverage) -> Chart {
    let items: Vec<Coverage> = found
        .conditions
        .iter()
        .map(|(condition, (met, not_met))| Coverage {
            label: marks::name(*condition).to_owned(),
            met: *met,
            not_met: *not_met,
        })
        .collect();
    chart::coverage("Grants in force whose holder meets each condition", &items)
}

fn openings(visitor: &Visitor) -> Chart {
    let since = visitor.now + -(DAYS.saturating_sub(1).saturating_mul(DAY));
    let counts: BTreeMap<Time, _> = visitor.state.documents.days(since).collect();
    let first = since.0.div_euclid(DAY);
    let days: Vec<Row> = (0..DAYS)
        .map(|n| {
            let day = Time(first.saturating_add(n).saturating_mul(DAY));
            let count = counts.get(&day).copied().unwrap_or_default();
            Row {
                label: day.day_for_people("UTC"),
                values: vec![u64::from(count.opened), u64::from(count.refused)],
            }
        })
        .collect();
    let series = [
        Series { name: "Opened".to_owned(), tone: Tone::Accent },
        Series { name: "Refused".to_owned(), tone: Tone::Bad },
    ];
    chart::over_days("Openings and refusals, by day (UTC)", &series, &days)
}

/// Agreements: signed and in force, asked for and open, declined, signed once but no longer enough.
fn agreements(visitor: &Visitor) -> Chart {
    use program::agreements::Standing;
    let state = &visitor.state;
    let rows: Vec<Row> = state
        .agreements
        .iter()
        .filter(|agreement| agreement.withdrawn.is_none())
        .map(|agreement| {
            let mut counts = [0_u64; 4];
            for person in state.agreements.parties(agreement.id) {
                if !state.people.get(person).is_some_and(|found| found.is_active(visitor.now)) {
                    continue;
                }
                let place = match state.agreements.standing(person, agreement.id) {
                    Standing::NotAssigned => continue,
                    Standing::Signed { ends, current: true, .. }
                        if ends.is_none_or(|ends| visitor.now < ends) =>
                    {
                        0
                    }
                    Standing::Assigned { .. } => 1,
                    Standing::Declined(_) => 2,
                    Standing::Signed { .. } => 3,
                };
                if let Some(count) = counts.get_mut(place) {
                    *count = count.saturating_add(1);
                }
            }
            Row { label: agreement.title().to_owned(), values: counts.to_vec() }
        })
        .collect();
    let series = [
        ("Signed", Tone::Good),
        ("Open", Tone::Warn),
        ("Declined", Tone::Bad),
        ("No longer enough", Tone::Calm),
    ]
    .map(|(name, tone)| Series { name: name.to_owned(), tone });
    chart::stacked_bars("Agreements, by where people stand", &series, &rows)
}

/// People with grants and the conditions: a condition fails for a person where it fails for any of their grants. Those
/// with the most failing come first.
fn people(visitor: &Visitor, found: &[Standing]) -> (Chart, u64) {
    let mut found: Vec<(&Standing, String)> =
        found.iter().map(|standing| (standing, visitor.name(standing.person))).collect();
    found.sort_by(|a, b| (b.0.failing.len(), &a.1).cmp(&(a.0.failing.len(), &b.1)));
    let asked: Vec<Condition> = AVAILABLE
        .into_iter()
        .filter(|condition| !matches!(condition, Condition::SecondFactor | Condition::Network))
        .collect();
    let mark = |standing: &Standing, condition: Condition| Mark {
        name: marks::name(condition).to_owned(),
        state: if !standing.asked.contains(condition) {
            MarkState::NotAsked
        } else if standing.failing.contains(condition) {
            MarkState::Failing(None)
        } else {
            MarkState::Met
        },
        why: String::new(),
    };
    let more = found.len().saturating_sub(SHOWN) as u64;
    let rows: Vec<(String, Vec<Mark>)> = found
        .into_iter()
        .take(SHOWN)
        .map(|(standing, name)| (name, asked.iter().map(|condition| mark(standing, *condition)).collect()))
        .collect();
    let names: Vec<String> = asked.iter().map(|condition| marks::name(*condition).to_owned()).collect();
    (chart::heat_map("People with grants in force, and what they were asked", &names, &rows), more)
}
