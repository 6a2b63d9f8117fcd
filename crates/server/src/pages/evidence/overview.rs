//! Who vouches for the record and up to where, what is not proved without them, and which bundles left the house.

use crate::app::App;
use crate::chart::{self, Chart, Lane};
use crate::errors::PageError;
use crate::frame::Frame;
use crate::parts::{EntryLink, Tone, When};
use crate::respond::{PageResult, as_errors, capital, render};
use crate::visitor::Visitor;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::civil::Date;
use program::evidence::{KEEPERS, KEY_KEEPERS, Outlook, Progress, Signer, Standing};
use program::{Line, Rule, Time};
use serde_json::Value;
use service::{Anchoring, EntryView, HistoryFilter, ServiceError};
use std::collections::BTreeMap;

/// How many anchors the picture shows.
const ANCHORS: usize = 500;
/// How many exports are listed.
const EXPORTS: usize = 100;
/// What is to be said where nobody outside has seen the record.
const ALONE: &str = "Nobody outside vouches for this record";

#[derive(Template)]
#[template(path = "evidence/overview.html")]
struct OverviewPage {
    frame: Frame,
    /// What is proved as things stand: tone, title, sentences.
    standing: (Tone, String, Vec<String>),
    witnesses: Vec<Row>,
    authorities: Vec<Row>,
    quorum: u32,
    size: u64,
    /// What nobody outside has seen.
    unseen: u64,
    picture: Option<Chart>,
    keeper: bool,
    asked: Option<Asked>,
    exports: Option<Vec<Export>>,
    verifier: String,
    /// Every key that has signed, the one in use first: key, since which entry, up to which; none but one where it was never
    /// replaced.
    signers: Vec<Signer>,
    /// Witnesses who may have to be told the new key.
    untold: Vec<String>,
    replaces: bool,
}

/// One who vouches.
struct Row {
    name: String,
    key: String,
    address: String,
    since: Option<When>,
    seen: Option<(String, When)>,
    state: (Tone, String),
    /// Why they did not answer the last time, where they did not.
    failed: String,
    /// Of an authority: what is known about its certificates being revoked, as a sentence.
    revocation: String,
}

/// What asking them came to.
struct Asked {
    when: When,
    size: u64,
    entry: Option<EntryLink>,
    /// Name, whether they vouch, and what they answered as a sentence.
    answers: Vec<(String, bool, String)>,
}

/// One bundle that left the house.
struct Export {
    entry: u64,
    when: When,
    who: String,
    secret: String,
    title: String,
    recipient: String,
    shown: String,
}

/// `GET /evidence`
pub(super) async fn page(State(app): State<App>, visitor: Visitor) -> PageResult {
    let asked = app.service.last_anchoring();
    shown(&app, &visitor, asked, None).await
}

/// `POST /evidence/ask`: answered with the page itself, which says what each of them said.
pub(super) async fn ask(State(app): State<App>, visitor: Visitor) -> PageResult {
    match app.service.anchor(&visitor.actor).await {
        Ok(anchoring) => {
            // What was answered is an entry: the page is made from the state that holds it.
            let visitor = Visitor { state: app.service.state(), now: app.service.now(), ..visitor };
            shown(&app, &visitor, Some(anchoring), None).await
        }
        Err(error) => {
            let errors = as_errors(error)?;
            let why = errors.0.into_iter().next().map(|error| error.text);
            shown(&app, &visitor, app.service.last_anchoring(), why).await
        }
    }
}

async fn shown(
    app: &App,
    visitor: &Visitor,
    asked: Option<Anchoring>,
    refused: Option<String>,
) -> PageResult {
    let state = &visitor.state;
    let evidence = &state.evidence;
    let status = if refused.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    let witnesses = evidence
        .witnesses
        .iter()
        .map(|witness| row(visitor, &witness.name, witness.key.to_string(), witness.address.to_string()));
    let authorities = evidence
        .authorities
        .iter()
        .map(|authority| row(visitor, &authority.name, String::new(), authority.address.to_string()));
    let anchors = entries(app, visitor, "evidence.anchored", ANCHORS).await?;
    let exports = entries(app, visitor, "evidence.exported", EXPORTS).await?;
    let verifier = app.service.verifier_key();
    let mut frame = visitor.frame("Evidence", "/evidence");
    if let Some(why) = refused {
        frame.flash = Some(crate::frame::Flash::failed(why));
    }
    let page = OverviewPage {
        standing: standing(visitor),
        witnesses: witnesses.collect(),
        authorities: authorities.collect(),
        quorum: evidence.quorum,
        size: state.size,
        unseen: evidence.unseen(evidence.last.as_ref().map_or(0, |anchor| anchor.size)),
        picture: anchors.filter(|anchors| !anchors.is_empty()).map(|anchors| picture(visitor, &anchors)),
        keeper: visitor.is(KEEPERS),
        // What this process was answered may be older than what another one was.
        asked: asked
            .filter(|asked| evidence.last.as_ref().is_none_or(|last| last.time <= asked.time))
            .map(|asked| told(visitor, asked)),
        exports: exports.map(|exports| exports.iter().map(|entry| export(visitor, entry)).collect()),
        signers: evidence.signers(&verifier).into_iter().rev().collect(),
        untold: evidence.without_new_key().map(|witness| witness.name.to_string()).collect(),
        replaces: visitor.is(KEY_KEEPERS),
        verifier,
        frame,
    };
    render(status, &page)
}

/// Entries of one kind, the newest first; none for those who may see who vouches and may not read the record.
async fn entries(
    app: &App,
    visitor: &Visitor,
    kind: &str,
    limit: usize,
) -> Result<Option<Vec<EntryView>>, PageError> {
    let filter = HistoryFilter { kinds: vec![kind.to_owned()], limit, ..HistoryFilter::default() };
    match app.service.history(&visitor.actor, &filter).await {
        Ok(page) => Ok(Some(page.entries)),
        Err(ServiceError::Refused(refusal)) if refusal.rule == Rule::Role => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn row(visitor: &Visitor, name: &Line, key: String, address: String) -> Row {
    let evidence = &visitor.state.evidence;
    let standing = evidence.standing(name);
    let last = standing.and_then(|standing| standing.last.as_ref());
    let progress = standing.map_or(Progress::Unanswered, |standing| evidence.progress(standing, visitor.now));
    let state = match progress {
        Progress::Late => (Tone::Bad, "Late".to_owned()),
        Progress::Unanswered => (Tone::Warn, "Has not answered yet".to_owned()),
        Progress::Complete => (Tone::Good, "Has seen everything".to_owned()),
        Progress::Behind(missing) => {
            let entries = crate::format::count(missing, "entry", "entries");
            (Tone::Calm, format!("Has yet to see {entries}"))
        }
    };
    let failed = evidence.last.iter().flat_map(|anchor| &anchor.failed);
    let failed = failed.filter(|(failed, _)| failed == name).map(|(_, why)| why.to_string()).next();
    Row {
        name: name.to_string(),
        key,
        address,
        since: standing.map(|standing: &Standing| visitor.moment(standing.since)),
        seen: last.map(|anchor| {
            (crate::format::count(anchor.size, "entry", "entries"), visitor.moment(anchor.time))
        }),
        state,
        failed: failed.unwrap_or_default(),
        revocation: match standing {
            Some(Standing { revocation_missing: Some(why), .. }) => unasked(why),
            Some(standing) if !standing.lists.is_empty() => {
                let lists = crate::format::count(standing.lists.len() as u64, "list", "lists");
                format!(
                    "{lists} of revoked certificates kept with its newest time stamp: none of its own is on one."
                )
            }
            _ => String::new(),
        },
    }
}

/// What is proved and what is not, as things stand.
fn standing(visitor: &Visitor) -> (Tone, String, Vec<String>) {
    let evidence = &visitor.state.evidence;
    let mut sentences = Vec::new();
    if !evidence.is_anchored() {
        sentences.push(
            "Nobody else has seen this record. That its times are right, and that there is no second record with another story, \
             rests on this machine and on your word.".to_owned(),
        );
        sentences.push(
            "What the record does prove by itself: no entry in a copy that somebody holds was changed, left out or put in since."
                .to_owned(),
        );
        sentences.push(
            "The first step is one witness outside the house, such as outside counsel: they run `ringfence witness init`, and \
             give you a key and an address.".to_owned(),
        );
        return (Tone::Warn, ALONE.to_owned(), sentences);
    }
    match &evidence.last {
        Some(last) if last.is_witnessed(evidence.quorum) => sentences.push(format!(
            "Enough witnesses have cosigned the first {} entries: another story of that time would need all of them to lie.",
            crate::format::number(last.size)
        )),
        Some(_) if evidence.witnesses.is_empty() => sentences.push(
            "No witness is named: that there is no second record with another story rests on your word.".to_owned(),
        ),
        Some(last) => {
            let asked = crate::format::count(u64::from(evidence.quorum), "witness has", "witnesses have");
            sentences.push(format!("{asked} to cosign; {} did so the last time.", last.cosigned.len()));
        }
        None => sentences.push("Nobody has answered yet. Ask them now to see whether they can be reached.".to_owned()),
    }
    if evidence.authorities.is_empty() {
        sentences.push(
            "No time-stamping authority is named: that the times are right rests on this machine’s clock and on the witnesses’."
                .to_owned(),
        );
    }
    let (tone, title) = match evidence.outlook(visitor.now) {
        Outlook::Vouched => (Tone::Good, "Others outside vouch for this record".to_owned()),
        Outlook::TooFew => (Tone::Warn, "Too few witnesses cosigned the last time".to_owned()),
        Outlook::Alone | Outlook::Unanswered => (Tone::Warn, ALONE.to_owned()),
        Outlook::Late(names) => {
            let verb = if names.len() == 1 { "is" } else { "are" };
            let names: Vec<String> = names.iter().map(|name| format!("“{name}”")).collect();
            (Tone::Bad, format!("{} {verb} late", names.join(" and ")))
        }
    };
    (tone, title, sentences)
}

fn told(visitor: &Visitor, asked: Anchoring) -> Asked {
    let answers = asked.vouchers.into_iter().map(|voucher| {
        let answer = match &voucher.failed {
            Some(why) => format!("{}.", capital(why)),
            None => {
                let asked = format!("Vouches for the first {} entries.", crate::format::number(asked.size));
                match &voucher.revocation_missing {
                    Some(why) => format!("{asked} {}", unasked(why)),
                    None => asked,
                }
            }
        };
        (voucher.name.to_string(), voucher.failed.is_none(), answer)
    });
    Asked {
        when: visitor.moment(asked.time),
        size: asked.size,
        entry: asked.entry.map(|entry| visitor.entry(entry, &[], None)),
        answers: answers.collect(),
    }
}

/// That it could not be asked whether an authority's certificates were revoked.
fn unasked(why: &Line) -> String {
    format!("Whether its certificates were revoked could not be asked: {why}.")
}

/// When each of those who vouch answered and did not: one mark for each day.
fn picture(visitor: &Visitor, anchors: &[EntryView]) -> Chart {
    let mut days: BTreeMap<String, BTreeMap<Date, (u64, u64)>> = BTreeMap::new();
    for anchor in anchors {
        let Ok(day) = anchor.time.date(&visitor.zone).parse::<Date>() else { continue };
        let field = |name: &str| {
            anchor.fields.iter().find(|field| field.name == name).and_then(|field| field.value.clone())
        };
        let answered = names(field("cosigned"), &Value::as_str)
            .chain(names(field("stamps"), &|stamp| stamp.get("authority").and_then(Value::as_str)));
        for name in answered.collect::<Vec<_>>() {
            days.entry(name).or_default().entry(day).or_default().0 += 1;
        }
        for name in names(field("failed"), &|failed| failed.get(0).and_then(Value::as_str)) {
            days.entry(name).or_default().entry(day).or_default().1 += 1;
        }
    }
    let lanes = days.into_iter().map(|(label, days)| Lane {
        label,
        points: days
            .into_iter()
            .map(|(day, (answered, failed))| {
                let times = |n| crate::format::count(n, "time", "times");
                match (answered, failed) {
                    (answered, 0) => (day, format!("vouched {}", times(answered)), Tone::Good),
                    (0, failed) => (day, format!("did not answer, {}", times(failed)), Tone::Bad),
                    (answered, failed) => (
                        day,
                        format!("vouched {}, did not answer {}", times(answered), times(failed)),
                        Tone::Bad,
                    ),
                }
            })
            .collect(),
    });
    chart::timeline("When they vouched", &lanes.collect::<Vec<_>>())
}

/// The names in a field that is a list.
fn names(field: Option<Value>, of: &dyn Fn(&Value) -> Option<&str>) -> impl Iterator<Item = String> + use<> {
    let list = match field {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    };
    list.iter().filter_map(|item| of(item).map(str::to_owned)).collect::<Vec<_>>().into_iter()
}

fn export(visitor: &Visitor, entry: &EntryView) -> Export {
    let field = |name: &str| entry.fields.iter().find(|field| field.name == name)?.value.as_ref();
    let words = |name: &str| field(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let number = |name: &str| field(name).and_then(Value::as_u64).unwrap_or_default();
    let secret = words("secret");
    let shown = format!(
        "{}, {} withheld",
        crate::format::count(number("entries"), "entry", "entries"),
        crate::format::count(number("withheld"), "field", "fields")
    );
    let as_of = field("as_of").and_then(Value::as_i64).map(Time);
    Export {
        entry: entry.position,
        when: visitor.moment(entry.time),
        who: match entry.by.as_ref().and_then(|by| by.person) {
            Some(person) => visitor.name(person),
            None => "The operator".to_owned(),
        },
        title: secret.parse().map_or_else(|_| secret.clone(), |id| visitor.title(id)),
        secret,
        recipient: words("recipient"),
        shown: match as_of {
            Some(at) => format!("{shown}; as it stood on {}", visitor.when(at)),
            None => shown,
        },
    }
}
