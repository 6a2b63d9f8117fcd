//! Publishing, asking people to sign, and what their signatures are worth afterwards.

use super::*;

#[test]
fn people_who_cannot_be_asked_are_named_and_nobody_else_is_asked() {
    let mut w = world();
    let id = w.publish(None, publication(1)).unwrap();
    w.assign(id, &[ADA, BEN]).unwrap();
    w.sign(id, ADA).unwrap();
    let (rule, message) = refused(w.assign(id, &[HR, ADA, BEN, LEFT, SUSPENDED, PersonId(99)]));
    assert_eq!(rule, Rule::Standing);
    for part in
        ["Ada de la Straße (P-3) has already signed", "P-4) has already been asked", "P-5", "P-6", "P-99"]
    {
        assert!(message.contains(part), "{message}");
    }
    assert!(!message.contains("P-2"));
    assert_eq!(w.state.agreements.standing(HR, id), Standing::NotAssigned);
    assert_eq!(refused(w.assign(id, &[])).0, Rule::Input);
    let late = Command::Assign { agreement: id, people: vec![HR], due: Some(w.now) };
    assert_eq!(refused(w.act(&browser(COUNSEL), late)).0, Rule::Input);
}

#[test]
fn a_signature_near_its_end_may_be_renewed() {
    let mut w = world();
    let id = w.publish(None, Publication { term_days: Some(365), ..publication(1) }).unwrap();
    w.assign(id, &[ADA]).unwrap();
    w.sign(id, ADA).unwrap();
    w.now = START + (365 - 91) * DAY;
    assert!(w.assign(id, &[ADA]).is_err());
    w.now = START + (365 - 90) * DAY;
    w.assign(id, &[ADA]).unwrap();
    w.sign(id, ADA).unwrap();
    assert_eq!(w.state.agreements.signatures(ADA, id).len(), 2);
    assert_eq!(cover(&w.state, ADA, SecretId(1), w.now).ends, Some(w.now + 365 * DAY));
}

#[test]
fn a_cancelled_request_waits_no_more_and_nobody_cancels_their_own() {
    let mut w = world();
    let id = w.publish(None, publication(1)).unwrap();
    w.assign(id, &[ADA, HR]).unwrap();
    let cancel = |person| Command::CancelAssignment { agreement: id, person, reason: reason() };
    assert_eq!(refused(w.act(&browser(HR), cancel(HR))).0, Rule::OwnCase);
    w.act(&browser(HR), cancel(ADA)).unwrap();
    assert_eq!(refused(w.act(&browser(HR), cancel(ADA))).0, Rule::Standing);
    assert_eq!(refused(w.open(id, ADA)).0, Rule::Unknown);
    assert_eq!(w.state.agreements.standing(ADA, id), Standing::NotAssigned);
}

#[test]
fn a_version_to_be_signed_again_is_put_to_all_who_are_bound_or_asked_and_still_here() {
    let mut w = world();
    let id = w.publish(None, Publication { resign: true, ..publication(1) }).unwrap();
    w.assign(id, &[ADA, BEN, HR, COUNSEL, COMES_LATER]).unwrap();
    w.sign(id, ADA).unwrap();
    w.sign(id, HR).unwrap();
    w.act(&browser(BEN), Command::Decline { agreement: id, reason: reason() }).unwrap();
    let cancel = Command::CancelAssignment { agreement: id, person: COMES_LATER, reason: reason() };
    w.act(&browser(HR), cancel).unwrap();
    let ends = w.now;
    w.record(people::Event::Ended { person: HR, ends, reason: reason() }.into());
    let due = Some(w.now + DAY);
    w.publish(Some(id), Publication { resign: true, due, ..publication(2) }).unwrap();
    let asked: Vec<PersonId> = w.state.agreements.assignments().map(|(person, _, _)| person).collect();
    assert_eq!(asked, [COUNSEL, ADA, BEN]);
    assert_eq!(due_for(&w, ADA)[0].text, "Sign `Staff agreement` again");
    assert_eq!(due_for(&w, ADA)[0].due, due);
    let coverage = cover(&w.state, ADA, SecretId(1), w.now);
    assert!(coverage.in_force && !coverage.current_version);
    w.sign(id, ADA).unwrap();
    assert!(cover(&w.state, ADA, SecretId(1), w.now).current_version);
}

#[test]
fn a_version_that_need_not_be_signed_again_leaves_signatures_as_they_are() {
    let mut w = world();
    let id = w.publish(None, publication(1)).unwrap();
    w.assign(id, &[ADA]).unwrap();
    w.sign(id, ADA).unwrap();
    w.publish(Some(id), publication(2)).unwrap();
    assert!(due_for(&w, ADA).is_empty());
    assert!(cover(&w.state, ADA, SecretId(1), w.now).current_version);
    w.publish(Some(id), Publication { resign: true, ..publication(3) }).unwrap();
    w.publish(Some(id), publication(4)).unwrap();
    assert!(
        !cover(&w.state, ADA, SecretId(1), w.now).current_version,
        "version 3 still has to be signed again"
    );
}

#[test]
fn a_signature_covers_what_its_own_version_covers() {
    let mut w = world();
    let narrow = Covers::Tiers(BTreeSet::from([Tier::Confidential]));
    let id = w.publish(None, Publication { covers: narrow, ..publication(1) }).unwrap();
    w.assign(id, &[ADA]).unwrap();
    w.sign(id, ADA).unwrap();
    w.publish(Some(id), publication(2)).unwrap();
    assert!(cover(&w.state, ADA, SecretId(1), w.now).covers);
    assert!(!cover(&w.state, ADA, SecretId(3), w.now).covers, "nobody is bound by what they did not sign");
    assert_eq!(covering(&w.state, SecretId(3)), [id]);
    assert!(covering(&w.state, SecretId(9)).is_empty());
}

#[test]
fn a_withdrawn_agreement_counts_for_nothing_and_takes_no_signature() {
    let mut w = world();
    let id = w.publish(None, publication(1)).unwrap();
    w.assign(id, &[ADA, BEN]).unwrap();
    w.sign(id, ADA).unwrap();
    w.open(id, BEN).unwrap();
    let signing = Command::Sign(Box::new(w.signing(id, BEN)));
    w.act(&browser(COUNSEL), Command::Withdraw { agreement: id, reason: reason() }).unwrap();
    assert_eq!(cover(&w.state, ADA, SecretId(1), w.now), Coverage::default());
    assert!(matches!(w.state.agreements.standing(ADA, id), Standing::Signed { current: false, .. }));
    assert!(covering(&w.state, SecretId(1)).is_empty());
    assert!(w.act(&browser(BEN), signing).is_err());
    assert!(due_for(&w, BEN).is_empty());
    assert_eq!(refused(w.assign(id, &[HR])).0, Rule::Standing);
    let paper = w.paper(id, BEN, 1, w.now);
    assert_eq!(refused(w.act(&browser(HR), paper)).0, Rule::Standing);
    assert!(w.publish(Some(id), publication(2)).is_err());
    assert!(w.act(&browser(COUNSEL), Command::Withdraw { agreement: id, reason: reason() }).is_err());
    assert!(w.publish(None, publication(1)).is_ok(), "its title is free again");
}

#[test]
fn a_publication_that_says_nothing_or_the_same_is_refused() {
    type Spoil = fn(&mut Publication);
    let spoiled: [(&str, Spoil, Rule); 10] = [
        ("same", |_| (), Rule::Standing),
        ("no tier", |p| p.covers = Covers::Tiers(BTreeSet::new()), Rule::Input),
        ("no secret", |p| p.covers = Covers::Secrets(BTreeSet::new()), Rule::Input),
        ("unknown secret", |p| p.covers = Covers::Secrets(BTreeSet::from([SecretId(9)])), Rule::Unknown),
        ("no days", |p| p.term_days = Some(0), Rule::Input),
        ("endless days", |p| p.term_days = Some(u32::MAX), Rule::Input),
        ("due now", |p| p.due = Some(START), Rule::Input),
        ("empty text", |p| p.text.size = 0, Rule::Input),
        ("no blob", |p| p.text.blob = "../etc".into(), Rule::Input),
        ("title taken", |p| p.title = line("OTHER  one"), Rule::Taken),
    ];
    let mut w = world();
    let id = w.publish(None, publication(1)).unwrap();
    w.publish(None, Publication { title: line("Other one"), ..publication(1) }).unwrap();
    for (name, spoil, rule) in spoiled {
        let mut publication = publication(1);
        spoil(&mut publication);
        assert_eq!(refused(w.publish(Some(id), publication).map(|_| ())).0, rule, "{name}");
    }
    assert_eq!(refused(w.publish(Some(AgreementId(9)), publication(2)).map(|_| ())).0, Rule::Unknown);
}
