//! Passwords that would be guessed, and codes tried in any order.

use super::*;
use proptest::prelude::*;

#[test]
fn passwords() {
    let check = |password: &str| check_password(password, "Zoë van der Berg", "zoe.berg@example.com");
    for good in [
        "violet lamp sixty ferry",
        "zoe owns thirteen kayaks",
        "пароль из слов",
        "bbbbbxbbbbbb",
        &"violet lamp sixty ".repeat(14),
    ] {
        assert!(check(good).is_ok(), "{good}");
    }
    for bad in [
        "tiny",
        "elevenchars",
        "Password1234",
        "QWERTYUIOP123",
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        "123456789012",
        "210987654321",
        "abcdefghijklm",
        "zoe.berg@example.com",
        "Zoë van der Berg",
        "bergberg1234",
        "",
        &"x y".repeat(90),
    ] {
        let refusal = check(bad).expect_err(bad);
        assert!(bad.is_empty() || !refusal.message.contains(bad), "the password is not repeated");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    /// Sign-ins, codes, failures and waits in any order: no step of a code counts twice, and the indexes agree.
    #[test]
    fn no_code_counts_twice(tries in proptest::collection::vec((0..12_u64, 0..4_u8, 0..90_i64), 1..80)) {
        let mut world = World::new();
        let eva = world.with_account(EVA);
        world.sign_in(eva, 255, Proof::None).unwrap();
        world.with_second_factor(255, 0);
        let mut taken = BTreeSet::from([0]);
        for (n, (step, what, minutes)) in tries.into_iter().enumerate() {
            world.now = world.now + minutes * crate::MINUTE;
            let waits = world.state.accounts.get(eva).unwrap().waits(world.now).is_some();
            let token = u8::try_from(n).unwrap();
            let answer = match what {
                0 => world.run(&Actor::link(None), Command::NoteFailure { account: eva }),
                1 if world.live(255) => {
                    let actor = world.browser(255);
                    world.run(&actor, Command::ConfirmSecondFactor { proof: Proof::Code { step } })
                }
                _ => world.sign_in(eva, token, Proof::Code { step }),
            };
            prop_assert!(!(waits && answer.is_ok()));
            if what > 0 && answer.is_ok() {
                prop_assert!(taken.insert(step), "step {} counted twice", step);
            }
            let accounts = &world.state.accounts;
            prop_assert!(accounts.sessions_of(eva).count() <= MOST_SESSIONS);
            for session in accounts.sessions_of(eva) {
                prop_assert_eq!(accounts.session_by_token(&session.token), Some(session));
            }
        }
    }
}
