//! The list of people: search, filters, sorting, and its exports.

use super::{engagement_name, role_name, standing};
use crate::frame::Frame;
use crate::pages::table::{attachment, json_file};
use crate::parts::{Chip, Choice, Column, ListState, Pager, Tone};
use crate::respond::{PageResult, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::Query;
use axum::http::StatusCode;
use program::people::{self, Engagement, MOST_CLEARANCE, Person, Role};
use serde::Serialize;

/// The standings one can filter by: word in the address, words on the page.
const STANDINGS: [(&str, &str); 6] = [
    ("here", "Here now"),
    ("active", "Active"),
    ("ends-soon", "Ends within 30 days"),
    ("to-come", "Not started yet"),
    ("suspended", "Suspended"),
    ("left", "Left"),
];

#[derive(Template)]
#[template(path = "people/list.html")]
struct ListPage {
    frame: Frame,
    list: ListState,
    keeps: bool,
    nobody: bool,
    departments: Vec<Choice>,
    roles: Vec<Choice>,
    engagements: Vec<Choice>,
    clearances: Vec<Choice>,
    standings: Vec<Choice>,
    chips: Vec<Chip>,
    columns: Vec<Column>,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    id: String,
    name: String,
    job: String,
    department: String,
    engagement: &'static str,
    roles: String,
    clearance: u8,
    tone: Tone,
    standing: String,
}

/// A person as the JSON export writes them.
#[derive(Serialize)]
struct Exported<'a> {
    id: String,
    name: &'a str,
    mail: &'a str,
    engagement: &'static str,
    department: &'a str,
    job: Option<&'a str>,
    roles: Vec<&'static str>,
    clearance: u8,
    manager: Option<String>,
    starts: String,
    ends: Option<String>,
    standing: &'static str,
}

pub(super) async fn page(visitor: Visitor, Query(query): Query<Vec<(String, String)>>) -> PageResult {
    let list = ListState::new("/people", query);
    let found = matching(&visitor, &list);
    let (pager, shown) = list.page_of(&found);
    let rows = shown.iter().map(|person| row(&visitor, person)).collect();
    let departments = visitor.state.people.departments();
    let departments =
        departments.keys().map(|name| Choice::new(name, name, "", list.get("department"))).collect();
    let roles = Role::ALL
        .iter()
        .map(|role| Choice::new(role.word(), role_name(*role), "", list.get("role")))
        .collect();
    let engagements = Engagement::ALL.iter();
    let engagements = engagements
        .map(|one| Choice::new(one.word(), engagement_name(*one), "", list.get("engagement")))
        .collect();
    let clearances = (0..=MOST_CLEARANCE).map(|level| level.to_string());
    let clearances = clearances.map(|level| Choice::new(&level, &level, "", list.get("clearance"))).collect();
    let standings = list.choices("standing", &STANDINGS);
    render(
        StatusCode::OK,
        &ListPage {
            frame: visitor.frame("People", "/people"),
            keeps: visitor.is(people::KEEPERS),
            nobody: visitor.state.people.is_empty(),
            departments,
            roles,
            engagements,
            clearances,
            standings,
            chips: chips(&list),
            columns: vec![
                list.column("Name", "name"),
                list.column("Department", "department"),
                list.column("Engagement", "engagement"),
                list.plain("Roles"),
                list.column("Clearance", "clearance").numeric(),
                list.column("Standing", "ends"),
            ],
            rows,
            pager,
            list,
        },
    )
}

/// The rows of the list, with the columns that the import reads back.
pub(super) async fn csv(visitor: Visitor, Query(query): Query<Vec<(String, String)>>) -> PageResult {
    let list = ListState::new("/people", query);
    let everybody = people::export(&visitor.state, &visitor.zone);
    let mut lines = everybody.split_inclusive("\r\n");
    let mut out = lines.next().unwrap_or_default().to_owned();
    // A name or a job is one line, so the export has one line for each person, in the order of the register.
    for (person, line) in visitor.state.people.iter().zip(lines) {
        if matches(&visitor, &list, person) {
            out.push_str(line);
        }
    }
    attachment("people.csv", "text/csv; charset=utf-8", out)
}

pub(super) async fn json(visitor: Visitor, Query(query): Query<Vec<(String, String)>>) -> PageResult {
    let list = ListState::new("/people", query);
    let found = matching(&visitor, &list);
    let rows: Vec<Exported<'_>> = found.into_iter().map(|person| exported(&visitor, person)).collect();
    json_file("people.json", &rows)
}

fn matching<'a>(visitor: &'a Visitor, list: &ListState) -> Vec<&'a Person> {
    let mut found: Vec<&Person> = visitor.state.people.iter().filter(|p| matches(visitor, list, p)).collect();
    let sort = list.get("sort");
    let lower = |line: &program::Line| line.as_str().to_lowercase();
    match sort.trim_start_matches('-') {
        "department" => found.sort_by_cached_key(|p| (lower(&p.department), lower(&p.name))),
        "engagement" => found.sort_by_cached_key(|p| (p.engagement, lower(&p.name))),
        "clearance" => found.sort_by_cached_key(|p| (p.clearance, lower(&p.name))),
        "ends" => found.sort_by_key(|p| (p.ends.unwrap_or(program::Time::LATEST), p.id)),
        _ => found.sort_by_cached_key(|p| (lower(&p.name), p.id)),
    }
    if sort.starts_with('-') {
        found.reverse();
    }
    found
}

fn matches(visitor: &Visitor, list: &ListState, person: &Person) -> bool {
    let asked = |name: &str, fits: &dyn Fn(&str) -> bool| list.get(name).is_empty() || fits(list.get(name));
    asked("department", &|wanted| person.department.as_str() == wanted)
        && asked("role", &|wanted| person.roles.iter().any(|role| role.word() == wanted))
        && asked("engagement", &|wanted| person.engagement.word() == wanted)
        && asked("clearance", &|wanted| person.clearance.to_string() == wanted)
        && asked("standing", &|wanted| match wanted {
            "here" => person.is_active(visitor.now),
            other => standing(person, visitor).0 == other,
        })
        && asked("q", &|wanted| found_by(person, wanted))
}

/// Every word is in the name, the mail address, the job or the department, or is the id.
pub(crate) fn found_by(person: &Person, wanted: &str) -> bool {
    let job = person.job.as_ref().map_or("", program::Line::as_str);
    let text = format!("{} {} {job} {}", person.name, person.mail, person.department).to_lowercase();
    let id = person.id.to_string().to_lowercase();
    wanted.to_lowercase().split_whitespace().all(|word| text.contains(word) || id == word)
}

fn chips(list: &ListState) -> Vec<Chip> {
    let role = list
        .get("role")
        .parse::<Role>()
        .map_or_else(|_| list.get("role").to_owned(), |role| role_name(role).to_owned());
    let standing = list.words("standing", &STANDINGS);
    let standing: &str = standing;
    let chips = [
        list.chip("q", &format!("Search: {}", list.get("q"))),
        list.chip("department", &format!("Department: {}", list.get("department"))),
        list.chip("role", &format!("Role: {role}")),
        list.chip("engagement", &format!("Engagement: {}", list.get("engagement"))),
        list.chip("clearance", &format!("Clearance: {}", list.get("clearance"))),
        list.chip("standing", standing),
    ];
    chips.into_iter().flatten().collect()
}

fn row(visitor: &Visitor, person: &Person) -> Row {
    let (_, tone, standing) = standing(person, visitor);
    let roles: Vec<&str> = person.roles.iter().map(|role| role_name(*role)).collect();
    Row {
        id: person.id.to_string(),
        name: person.name.to_string(),
        job: person.job.as_ref().map(ToString::to_string).unwrap_or_default(),
        department: person.department.to_string(),
        engagement: engagement_name(person.engagement),
        roles: roles.join(", "),
        clearance: person.clearance,
        tone,
        standing,
    }
}

fn exported<'a>(visitor: &Visitor, person: &'a Person) -> Exported<'a> {
    Exported {
        id: person.id.to_string(),
        name: person.name.as_str(),
        mail: person.mail.as_str(),
        engagement: person.engagement.word(),
        department: person.department.as_str(),
        job: person.job.as_ref().map(program::Line::as_str),
        roles: person.roles.iter().map(|role| role.word()).collect(),
        clearance: person.clearance,
        manager: person.manager.map(|id| id.to_string()),
        starts: person.starts.rfc3339(),
        ends: person.ends.map(program::Time::rfc3339),
        standing: standing(person, visitor).0,
    }
}
