//! Somebody else's session, token or account.

use super::*;

#[test]
fn one_person_cannot_touch_anothers_account() {
    let mut world = World::new();
    let (eva, max) = (world.with_account(EVA), world.with_account(MAX));
    world.sign_in(eva, 200, Proof::None).unwrap();
    world.sign_in(max, 210, Proof::None).unwrap();
    let session = world.browser(200);
    let Via::Browser { session: evas } = session.via else { panic!() };
    let thief = world.browser(210);
    let end = Command::EndSession { account: eva, session: evas, reason: SessionEnd::Revoked };
    assert_eq!(refused(world.run(&thief, end.clone())), Rule::Role);
    let own_account_others_session =
        Command::EndSession { account: max, session: evas, reason: SessionEnd::Idle };
    assert_eq!(refused(world.run(&thief, own_account_others_session)), Rule::Unknown);
    let forged = Actor { account: Some(eva), ..thief.clone() };
    assert_eq!(
        refused(world.run(&forged, Command::ChangePassword { verifier: hidden("mine") })),
        Rule::SignIn
    );
    world.run(&session, end).unwrap();
    assert_eq!(
        refused(world.run(&session, Command::ChangePassword { verifier: hidden("late") })),
        Rule::SignIn
    );
}

#[test]
fn tokens_have_a_scope_an_end_and_one_owner() {
    let mut world = World::new();
    let eva = world.with_account(EVA);
    world.sign_in(eva, 200, Proof::None).unwrap();
    let own = world.browser(200);
    let now = world.now;
    for ends in [now, now + (LONGEST_TOKEN + 1)] {
        assert_eq!(refused(world.run(&own, token("ci", ends))), Rule::Input);
    }
    let bare =
        Command::IssueToken { name: line("x"), digest: digest(1), scopes: BTreeSet::new(), ends: now + DAY };
    assert_eq!(refused(world.run(&own, bare)), Rule::Input);
    world.run(&own, token("ci", now + DAY)).unwrap();
    assert_eq!(refused(world.run(&own, token("ci", now + DAY))), Rule::Taken);
    let with_token = Actor { via: Via::Api { token: TokenId(1) }, ..own.clone() };
    assert_eq!(
        refused(world.run(&with_token, token("more", now + DAY))),
        Rule::SignIn,
        "a token issues no tokens"
    );
    let live = |world: &World, at| live_token(&world.state, &digest(77), at).is_some();
    assert!(live(&world, now + (DAY - 1)) && !live(&world, now + DAY));
    world.run(&own, Command::RevokeToken { account: eva, token: TokenId(1), reason: why() }).unwrap();
    assert!(!live(&world, now));
}

#[test]
fn closed_account_opens_nothing() {
    let mut world = World::new();
    let eva = world.with_account(EVA);
    world.sign_in(eva, 200, Proof::None).unwrap();
    let own = world.browser(200);
    world.run(&own, token("ci", world.now + DAY)).unwrap();
    world.operator(Command::OfferReset { account: eva, invite: digest(70) }).unwrap();
    world.operator(Command::Close { account: eva, reason: why() }).unwrap();
    assert!(!world.live(200) && live_token(&world.state, &digest(77), world.now).is_none());
    assert_eq!(refused(world.sign_in(eva, 201, Proof::None)), Rule::SignIn);
    let open = Command::Open { invite: digest(70), verifier: hidden("v") };
    assert_eq!(refused(world.run(&Actor::link(None), open)), Rule::SignIn);
    assert_ne!(world.with_account(EVA), eva, "a closed account stays closed; the person gets another");
}
