//! Taking access in an emergency: what will happen, the reason, and the name typed.

use super::act::{ActPage, Area, Typed, confirmed, text};
use super::trail;
use crate::app::App;
use crate::form::SafeForm;
use crate::marks;
use crate::pages::secrets::known;
use crate::parts::{Errors, Mark, MarkState, Tone};
use crate::respond::PageResult;
use crate::visitor::Visitor;
use axum::extract::{Path, State};
use program::access::{Circumstances, Command, why};
use program::secrets::Secret;

/// `GET /secrets/{id}/emergency`
pub(super) async fn form(app: State<App>, visitor: Visitor, Path(id): Path<String>) -> PageResult {
    asking(&app, &visitor, known(&visitor, &id)?, &Typed::default()).show()
}

/// `POST /secrets/{id}/emergency`
pub(super) async fn take(
    app: State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    SafeForm(typed): SafeForm<Typed>,
) -> PageResult {
    let secret = known(&visitor, &id)?;
    let mut errors = Errors::default();
    let purpose = text(&mut errors, "purpose", &typed.purpose);
    confirmed(&mut errors, &typed.confirm, secret.profile.title.as_str());
    let page = asking(&app, &visitor, secret, &typed);
    let (Some(purpose), true) = (purpose, errors.is_empty()) else {
        return page.again(errors);
    };
    let command = Command::TakeEmergency { secret: secret.id, purpose };
    let said = "You took emergency access. Its owner was told; account for it within a day.";
    page.run(&app, &visitor, command, &format!("/secrets/{}/documents", secret.id), said).await
}

fn asking(app: &App, visitor: &Visitor, secret: &Secret, typed: &Typed) -> ActPage {
    let requirement = visitor.state.access.requirement(secret.tier());
    let owner = visitor.name(secret.profile.owner);
    let title = secret.profile.title.to_string();
    let base = format!("/secrets/{}", secret.id);
    let heading = format!("Emergency access to {title}");
    let mut page = ActPage::new(
        visitor,
        heading,
        format!("{base}/emergency"),
        "Take emergency access now",
        base.clone(),
    );
    page.trail = trail("/secrets", "Register", base, title.clone());
    page.kind = "danger";
    page.tone = Tone::Warn;
    page.says = if requirement.emergency_minutes == 0 {
        let tier = secret.tier().name();
        vec![format!("{tier} secrets allow no emergency access. Ask for access, and call {owner}.")]
    } else {
        vec![
            format!(
                "It opens for you at once, without approval, for {} minutes.",
                requirement.emergency_minutes
            ),
            format!("{owner}, who owns it, sees an alarm now, with your name and your reason."),
            "You have to say within a day what you did with it and why it could not wait.".to_owned(),
            "Everything else is asked as ever: your agreement, your clearance, your second factor."
                .to_owned(),
        ]
    };
    page.marks = still_failing(app, visitor, secret);
    page.area = Some(Area {
        name: "purpose",
        label: "Why can it not wait?",
        help: "The owner reads this now. It stays in the record.",
        value: typed.purpose.clone(),
        required: true,
    });
    page.confirm = Some(title);
    page
}

/// The conditions that emergency access does not stand in for and that fail: what the visitor has to see to in any case.
fn still_failing(app: &App, visitor: &Visitor, secret: &Secret) -> Vec<Mark> {
    let circumstances =
        Circumstances { second_factor_at: visitor.actor.second_factor_at, address: visitor.actor.address };
    let gate = app.service.gate();
    let (_, because) = why(&visitor.state, gate, visitor.person, secret.id, visitor.now, Some(circumstances));
    let others: Vec<_> = because.into_iter().filter(|one| one.condition != gate::Condition::Grant).collect();
    let mut marks = marks::marks(visitor, &others);
    marks.retain(|mark| matches!(mark.state, MarkState::Failing(_)));
    marks
}
