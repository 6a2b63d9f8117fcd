//! The first page for leadership: pictures of coverage, openings and what is overdue, each with its figures and the list
//! behind it.

use crate::app::App;
use crate::chart::{self, Chart, Coverage, Row, Series};
use crate::errors::PageError;
use crate::format;
use crate::frame::Frame;
use crate::marks;
use crate::pages::access::{SEES_OPENINGS, is_unused};
use crate::pages::home::task_link;
use crate::parts::{Mark, MarkState, Tone, When};
use crate::respond::{PageResult, render};
use crate::routes::{Routes, Rule};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use gate::{Condition, Gate};
use program::access::{AVAILABLE, why};
use program::people::{Person, Role};
use program::secrets::{Status, Tier};
use program::{DAY, SecretId, Time, overdue};
use std::collections::BTreeMap;

/// The days that openings are drawn for.
const DAYS: i64 = 60;
/// Bars, rows of the heat map and rows of lists that a page still reads well with.
const SHOWN: usize = 15;
/// The grants that are looked at for use; more are counted by the list, page by page.
const LOOKED_AT: usize = 500;

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
}

struct Late {
    who: String,
    text: String,
    due: Option<When>,
    href: String,
}

async fn page(State(app): State<App>, visitor: Visitor) -> PageResult {
    // Duties name secrets: only those who may see every secret read them here.
    let sees_titles = visitor.is(SEES_OPENINGS);
    let late = overdue(&visitor.state, visitor.now);
    let (people, more_people) = people(&visitor, app.service.gate());
    let shown: Vec<Late> = if sees_titles {
        late.iter()
            .take(SHOWN)
            .map(|duty| Late {
                who: visitor.name(duty.person),
                text: duty.text.clone(),
                due: duty.due.map(|due| visitor.date(due)),
                href: task_link(duty.task, duty.about).1,
            })
            .collect()
    } else {
        Vec::new()
    };
    let page = DashboardPage {
        frame: visitor.frame("Dashboard", "/dashboard"),
        at: visitor.moment(visitor.now),
        figures: figures(&app, &visitor, late.len() as u64).await?,
        secrets: secrets(&visitor),
        coverage: coverage(&visitor, app.service.gate()),
        openings: openings(&visitor),
        agreements: agreements(&visitor),
        people,
        more_people,
        more_overdue: late.len().saturating_sub(shown.len()) as u64,
        overdue: shown,
        sees_titles,
    };
    render(StatusCode::OK, &page)
}

/// The big numbers: number, words, list behind it.
async fn figures(
    app: &App,
    visitor: &Visitor,
    late: u64,
) -> Result<Vec<(String, &'static str, &'static str)>, PageError> {
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
    if visitor.is(SEES_OPENINGS) {
        let mut unused = 0_u64;
        let mut grants = state.access.grants().filter(|grant| grant.is_live(now));
        for grant in grants.by_ref().take(LOOKED_AT) {
            unused = unused.saturating_add(u64::from(is_unused(app, visitor, grant).await?));
        }
        // Not all were looked at: the number is the least there are, and says so.
        let least = if grants.next().is_some() { "at least " } else { "" };
        figures.push((
            format!("{least}{}", format::number(unused)),
            "grants unused for 30 days",
            "/grants?state=unused",
        ));
    }
    Ok(figures)
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
fn coverage(visitor: &Visitor, gate: &Gate) -> Chart {
    let mut counts: BTreeMap<Condition, (u64, u64)> = BTreeMap::new();
    for grant in visitor.state.access.grants().filter(|grant| grant.is_live(visitor.now)) {
        let (_, because) = why(&visitor.state, gate, grant.person, grant.secret, visitor.now, None);
        for one in because {
            let (met, not_met) = counts.entry(one.condition).or_default();
            let count = if one.met { met } else { not_met };
            *count = count.saturating_add(1);
        }
    }
    let items: Vec<Coverage> = counts
        .into_iter()
        .map(|(condition, (met, not_met))| Coverage {
            label: marks::name(condition).to_owned(),
            met,
            not_met,
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
fn people(visitor: &Visitor, gate: &Gate) -> (Chart, u64) {
    let asked: Vec<Condition> = AVAILABLE
        .into_iter()
        .filter(|condition| !matches!(condition, Condition::SecondFactor | Condition::Network))
        .collect();
    let mut rows: Vec<(usize, String, Vec<Mark>)> = Vec::new();
    for person in visitor.state.people.iter() {
        if let Some(marks) = person_marks(visitor, gate, person, &asked) {
            let failing = marks.iter().filter(|mark| matches!(mark.state, MarkState::Failing(_))).count();
            rows.push((failing, person.name.to_string(), marks));
        }
    }
    rows.sort_by(|a, b| (b.0, &a.1).cmp(&(a.0, &b.1)));
    let more = rows.len().saturating_sub(SHOWN) as u64;
    let names: Vec<String> = asked.iter().map(|condition| marks::name(*condition).to_owned()).collect();
    let rows: Vec<(String, Vec<Mark>)> =
        rows.into_iter().take(SHOWN).map(|(_, name, marks)| (name, marks)).collect();
    (chart::heat_map("People with grants in force, and what they were asked", &names, &rows), more)
}

fn person_marks(visitor: &Visitor, gate: &Gate, person: &Person, asked: &[Condition]) -> Option<Vec<Mark>> {
    let grants = visitor.state.access.grants_of(person.id).filter(|grant| grant.is_live(visitor.now));
    let secrets: Vec<SecretId> = grants.map(|grant| grant.secret).collect();
    if secrets.is_empty() {
        return None;
    }
    let mut standing: BTreeMap<Condition, bool> = BTreeMap::new();
    for secret in secrets {
        for one in why(&visitor.state, gate, person.id, secret, visitor.now, None).1 {
            let met = standing.entry(one.condition).or_insert(true);
            *met &= one.met;
        }
    }
    let mark = |condition: &Condition| Mark {
        name: marks::name(*condition).to_owned(),
        state: match standing.get(condition) {
            Some(true) => MarkState::Met,
            Some(false) => MarkState::Failing(None),
            None => MarkState::NotAsked,
        },
        why: String::new(),
    };
    Some(asked.iter().map(mark).collect())
}
