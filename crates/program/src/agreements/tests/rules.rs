//! Signing, declining and paper: who may, when, and what it takes.

use super::*;
use crate::{MINUTE, Scope, Subject, TokenId};

#[test]
fn only_those_whose_work_it_is_may_act() {
    type Case = (&'static str, fn(&World, AgreementId) -> Command, &'static [PersonId]);
    let cases: [Case; 6] = [
        (
            "publish",
            |_, id| Command::Publish { agreement: Some(id), publication: Box::new(publication(7)) },
            &[COUNSEL],
        ),
        ("withdraw", |_, id| Command::Withdraw { agreement: id, reason: reason() }, &[COUNSEL]),
        (
            "assign",
            |_, id| Command::Assign { agreement: id, people: vec![COMES_LATER], due: None },
            &[COUNSEL, HR],
        ),
        (
            "cancel",
            |_, id| Command::CancelAssignment { agreement: id, person: BEN, reason: reason() },
            &[COUNSEL, HR],
        ),
        ("paper", |w, id| w.paper(id, BEN, 1, START), &[COUNSEL, HR]),
        ("decline", |_, id| Command::Decline { agreement: id, reason: reason() }, &[BEN]),
    ];
    for (name, command, allowed) in cases {
        for actor in [COUNSEL, HR, ADA, BEN, LEFT, SUSPENDED] {
            let mut w = world();
            let id = w.publish(None, publication(1)).unwrap();
            w.assign(id, &[BEN]).unwrap();
            let outcome = decide(&w.state, &browser(actor), w.now, &command(&w, id));
            assert_eq!(outcome.is_ok(), allowed.contains(&actor), "{name} by {actor}: {outcome:?}");
        }
        let mut w = world();
        let id = w.publish(None, publication(1)).unwrap();
        w.assign(id, &[BEN]).unwrap();
        let operator = decide(&w.state, &Actor::shell("root", None), w.now, &command(&w, id));
        assert_eq!(operator.is_ok(), name != "decline", "{name} by the operator: {operator:?}");
    }
}

#[test]
fn a_signature_binds_from_its_instant_to_the_end_of_its_term() {
    let mut w = world();
    let id = w.publish(None, Publication { term_days: Some(10), ..publication(1) }).unwrap();
    w.assign(id, &[ADA]).unwrap();
    assert!(!cover(&w.state, ADA, SecretId(1), w.now).covers);
    w.now = START + DAY;
    w.sign(id, ADA).unwrap();
    let at = |time| cover(&w.state, ADA, SecretId(1), time).in_force;
    let end = START + 11 * DAY;
    assert!(!at(START + (DAY - 1)));
    assert!(at(START + DAY));
    assert!(at(end + -1));
    assert!(!at(end));
    let expected =
        Coverage { in_force: true, current_version: true, covers: true, ends: Some(end), best: Some(id) };
    assert_eq!(cover(&w.state, ADA, SecretId(1), w.now), expected);
    assert!(due_for(&w, ADA).is_empty());
}

#[test]
fn nobody_signs_what_was_not_put_to_them_and_nobody_learns_of_it() {
    let mut w = world();
    let id = w.publish(None, publication(1)).unwrap();
    let missing = AgreementId(77);
    let mut answers = Vec::new();
    for id in [id, missing] {
        let open = Command::Open { agreement: id, version: 1, digest: digest(1) };
        let decline = Command::Decline { agreement: id, reason: reason() };
        for command in [open, decline] {
            let (rule, message) = refused(w.act(&browser(ADA), command));
            assert_eq!(rule, Rule::Unknown);
            answers.push(message.replace(&id.to_string(), "A"));
        }
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
}

#[test]
fn a_signature_needs_every_step_before_it() {
    type Spoil = fn(&mut Signing);
    let spoiled: [(&str, Spoil, Rule); 8] = [
        ("older version", |s| s.version = 0, Rule::Standing),
        ("later version", |s| s.version = 2, Rule::Standing),
        ("text changed", |s| s.digest = digest(200), Rule::Standing),
        ("not read", |s| s.read_to_end = false, Rule::Input),
        ("no consent", |s| s.consents = false, Rule::Input),
        ("another name", |s| s.typed_name = line("Ben Ali"), Rule::Input),
        ("half a name", |s| s.typed_name = line("Ada de la"), Rule::Input),
        ("name run together", |s| s.typed_name = line("Adadela Straße"), Rule::Input),
    ];
    let mut w = world();
    let id = w.publish(None, publication(1)).unwrap();
    w.assign(id, &[ADA]).unwrap();
    let unopened = w.signing(id, ADA);
    assert!(refused(w.act(&browser(ADA), Command::Sign(Box::new(unopened)))).1.contains("not opened"));
    w.open(id, ADA).unwrap();
    for (name, spoil, rule) in spoiled {
        let mut signing = w.signing(id, ADA);
        spoil(&mut signing);
        assert_eq!(refused(w.act(&browser(ADA), Command::Sign(Box::new(signing)))).0, rule, "{name}");
    }
    let good = w.signing(id, ADA);
    w.act(&browser(ADA), Command::Sign(Box::new(good.clone()))).unwrap();
    let twice = refused(w.act(&browser(ADA), Command::Sign(Box::new(good))));
    assert!(twice.1.contains("you have signed it"), "{twice:?}");
}

#[test]
fn case_and_spacing_make_no_other_name() {
    for typed in ["ada DE la straße", "  Ada\u{a0} de  la   Straße ", "ADA DE LA STRASSE"] {
        let mut w = world();
        let id = w.publish(None, publication(1)).unwrap();
        w.assign(id, &[ADA]).unwrap();
        w.open(id, ADA).unwrap();
        let signing = Signing { typed_name: line(typed), ..w.signing(id, ADA) };
        w.act(&browser(ADA), Command::Sign(Box::new(signing))).unwrap();
    }
}

#[test]
fn a_text_opened_before_the_new_version_does_not_count_as_opened() {
    let mut w = world();
    let id = w.publish(None, publication(1)).unwrap();
    w.assign(id, &[ADA]).unwrap();
    w.open(id, ADA).unwrap();
    w.publish(Some(id), publication(2)).unwrap();
    let old = Signing { version: 1, digest: digest(1), ..w.signing(id, ADA) };
    assert_eq!(refused(w.act(&browser(ADA), Command::Sign(Box::new(old)))).0, Rule::Standing);
    let new = w.signing(id, ADA);
    assert!(refused(w.act(&browser(ADA), Command::Sign(Box::new(new)))).1.contains("not opened"));
    w.sign(id, ADA).unwrap();
}

#[test]
fn only_the_signer_in_person_signs() {
    let mut w = world();
    let id = w.publish(None, publication(1)).unwrap();
    w.assign(id, &[ADA]).unwrap();
    w.open(id, ADA).unwrap();
    let signing = Command::Sign(Box::new(w.signing(id, ADA)));
    let token = Actor { via: Via::Api { token: TokenId(1) }, ..browser(ADA) };
    let link = Actor { via: Via::Link, ..browser(ADA) };
    assert_eq!(refused(w.act(&token, signing.clone())).0, Rule::SignIn);
    assert_eq!(refused(w.act(&link, signing.clone())).0, Rule::SignIn);
    assert_eq!(refused(w.act(&Actor::shell("root", None), signing.clone())).0, Rule::Role);
    assert_eq!(refused(w.act(&Actor::program(), signing.clone())).0, Rule::Role);
    assert_eq!(refused(w.act(&browser(COUNSEL), signing.clone())).0, Rule::Unknown);
    w.act(&Actor::shell("ada", Some(ADA)), signing).unwrap();
    assert_eq!(w.state.agreements.signature(ADA, id).unwrap().method, Method::Shell);
}

#[test]
fn a_second_factor_counts_for_fifteen_minutes_and_never_at_the_shell() {
    let mut w = world();
    let id = w.publish(None, Publication { second_factor: true, ..publication(1) }).unwrap();
    w.assign(id, &[ADA]).unwrap();
    w.open(id, ADA).unwrap();
    let signing = Command::Sign(Box::new(w.signing(id, ADA)));
    let tried = |actor: &Actor| decide(&w.state, actor, w.now, &signing).map(|_| ()).map_err(|r| r.rule);
    let at = |ago: i64| Actor { second_factor_at: Some(Time(w.now.0 - ago)), ..browser(ADA) };
    assert_eq!(tried(&browser(ADA)), Err(Rule::SignIn));
    assert_eq!(tried(&at(15 * MINUTE)), Err(Rule::SignIn));
    assert_eq!(tried(&at(-1)), Err(Rule::SignIn));
    assert_eq!(tried(&at(15 * MINUTE - 1)), Ok(()));
    assert_eq!(tried(&at(0)), Ok(()));
    let shell = Actor { second_factor_at: Some(w.now), ..Actor::shell("ada", Some(ADA)) };
    assert_eq!(tried(&shell), Err(Rule::SignIn));
}

#[test]
fn somebody_may_be_bound_before_the_first_day_but_not_after_the_last() {
    let mut w = world();
    let id = w.publish(None, publication(1)).unwrap();
    w.assign(id, &[COMES_LATER, ADA, BEN]).unwrap();
    w.sign(id, COMES_LATER).unwrap();
    w.open(id, ADA).unwrap();
    let signing = Command::Sign(Box::new(w.signing(id, ADA)));
    let ends = w.now;
    w.record(people::Event::Ended { person: ADA, ends, reason: reason() }.into());
    w.record(people::Event::Suspended { person: BEN, reason: reason() }.into());
    assert_eq!(refused(w.act(&browser(ADA), signing)).0, Rule::Role);
    assert_eq!(refused(w.open(id, BEN)).0, Rule::Role);
    assert!(due_for(&w, ADA).is_empty() && due_for(&w, BEN).is_empty());
}

#[test]
fn declining_holds_until_asked_again() {
    let mut w = world();
    let id = w.publish(None, publication(1)).unwrap();
    w.assign(id, &[ADA]).unwrap();
    w.open(id, ADA).unwrap();
    w.act(&browser(ADA), Command::Decline { agreement: id, reason: reason() }).unwrap();
    assert!(matches!(w.state.agreements.standing(ADA, id), Standing::Declined(_)));
    assert!(!w.state.agreements.is_assigned(ADA, id));
    assert!(due_for(&w, ADA).is_empty());
    let signing = Command::Sign(Box::new(w.signing(id, ADA)));
    assert!(refused(w.act(&browser(ADA), signing.clone())).1.contains("declined"));
    w.assign(id, &[ADA]).unwrap();
    w.act(&browser(ADA), signing).unwrap();
}

#[test]
fn paper_binds_from_the_day_that_stands_on_it_and_never_by_the_signers_own_hand() {
    let mut w = world();
    let id = w.publish(None, Publication { term_days: Some(30), ..publication(1) }).unwrap();
    w.assign(id, &[ADA]).unwrap();
    let (day, tomorrow) = (Time(w.now.0 - 10 * DAY), w.now + 1);
    let own = w.paper(id, HR, 1, day);
    assert_eq!(refused(w.act(&browser(HR), own)).0, Rule::OwnCase);
    let future = w.paper(id, ADA, 1, tomorrow);
    assert_eq!(refused(w.act(&browser(HR), future)).0, Rule::Input);
    let unknown = w.paper(id, ADA, 2, day);
    assert_eq!(refused(w.act(&browser(HR), unknown)).0, Rule::Unknown);
    let Command::RecordPaper { agreement, version, person, signed_on, scan, .. } = w.paper(id, ADA, 1, day)
    else {
        unreachable!()
    };
    let name = line("Ben Ali");
    let swapped = Command::RecordPaper { agreement, version, person, name, signed_on, scan };
    assert_eq!(refused(w.act(&browser(HR), swapped)).0, Rule::Input);
    let paper = w.paper(id, ADA, 1, day);
    w.act(&browser(HR), paper.clone()).unwrap();
    assert_eq!(refused(w.act(&browser(HR), paper)).0, Rule::Taken);
    assert_eq!(cover(&w.state, ADA, SecretId(1), w.now).ends, Some(w.now + 20 * DAY));
    assert!(!w.state.agreements.is_assigned(ADA, id));
}

#[test]
fn an_old_paper_is_no_answer_to_a_request_to_sign_the_new_text() {
    let mut w = world();
    let id = w.publish(None, publication(1)).unwrap();
    w.publish(Some(id), Publication { resign: true, ..publication(2) }).unwrap();
    w.assign(id, &[ADA]).unwrap();
    let paper = w.paper(id, ADA, 1, START);
    w.act(&browser(HR), paper).unwrap();
    assert!(w.state.agreements.is_assigned(ADA, id));
    assert!(!cover(&w.state, ADA, SecretId(1), w.now).current_version);
}

#[test]
fn a_signature_entry_holds_what_the_statutes_ask_for() {
    let mut w = world();
    let id = w.publish(None, publication(1)).unwrap();
    w.assign(id, &[ADA]).unwrap();
    w.sign(id, ADA).unwrap();
    let last = w.log.last().unwrap();
    assert_eq!(last.event.scope(), Scope::Person(ADA));
    assert_eq!(last.event.subjects(), [Subject::from(id), Subject::from(ADA)]);
    let (kind, fields) = last.event.to_fields(&last.by).unwrap();
    assert_eq!(kind, "agreement.signed");
    assert_eq!(fields["consent"], CONSENT);
    assert_eq!(fields["typed_name"], "Ada de la Straße");
    assert_eq!(fields["digest"], digest(1).to_string());
    assert_eq!(fields["read_to_end"], true);
    assert_eq!(fields["method"], "browser");
    assert_eq!(fields["by"]["person"], "P-3");
}
