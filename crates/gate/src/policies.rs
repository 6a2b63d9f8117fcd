//! The gate itself: Cedar policies, the schema they are held to, and the request made from facts.

use std::str::FromStr;
use std::sync::{Mutex, OnceLock, PoisonError};

use cedar_policy::{
    Authorizer, Context, Decision as Answer, Effect, Entities, EntityId, EntityTypeName, EntityUid, Policy,
    PolicyId, PolicySet, Request, RestrictedExpression, Schema, ValidationMode, Validator,
};

use crate::decision::Verdict;
use crate::{Condition, ConditionSet, Decision, Facts, GrantFacts, Memo};

/// The policies, parsed and checked. Made once at start-up and shared: deciding changes nothing in it but what it
/// remembers, and that never goes stale.
pub struct Gate {
    authorizer: Authorizer,
    names: Names,
    nothing_known: Entities,
    policies: PolicySet,
    bare: Vec<Policy>,
    /// By the number of the set of conditions that is asked. Nothing where the set could not be made.
    in_force: Vec<OnceLock<Option<PolicySet>>>,
    /// Situations met before, with what the policies said.
    met: Mutex<Memo>,
}

/// What a policy says about itself, for the person who was refused and for the lawyer who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule<'a> {
    /// The rule in a sentence.
    pub rule: &'a str,
    /// Why the law makes this a reasonable measure.
    pub law: &'a str,
    /// What the refused person can do.
    pub remedy: &'a str,
    /// What others can do: the owner, people operations, an administrator.
    pub others: &'a str,
}

/// The policies cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// A policy or the schema is not Cedar.
    #[error("the access policies cannot be read: {0}")]
    Syntax(String),
    /// A policy does not fit the schema.
    #[error("the access policies do not fit their schema: {0}")]
    Schema(String),
    /// A condition has no policy, or a policy no condition.
    #[error("the access policies do not match the conditions: {0}")]
    Conditions(String),
}

/// The schema, and the policies with the names of their files.
const SCHEMA: &str = include_str!("../policies/gate.cedarschema");
const OPEN: &str = include_str!("../policies/open.cedar");
const POLICIES: [&str; 10] = [
    include_str!("../policies/suspension.cedar"),
    include_str!("../policies/employment.cedar"),
    include_str!("../policies/clearance.cedar"),
    include_str!("../policies/grant.cedar"),
    include_str!("../policies/agreement.cedar"),
    include_str!("../policies/policy.cedar"),
    include_str!("../policies/training.cedar"),
    include_str!("../policies/screening.cedar"),
    include_str!("../policies/second-factor.cedar"),
    include_str!("../policies/network.cedar"),
];

impl Gate {
    /// Reads the policies and holds them to the schema.
    ///
    /// # Errors
    /// Policies that do not parse, do not validate strictly (warnings included), or do not match the ten conditions. The policies are
    /// part of the program, so this fails in a test and not in use.
    pub fn new() -> Result<Self, GateError> {
        Self::from_sources(SCHEMA, std::iter::once(OPEN).chain(POLICIES))
    }

    /// Whether the document may be opened on these facts, and if not, which conditions fail. A policy that cannot be
    /// evaluated fails everything that is asked.
    ///
    /// A situation met before (see [`Memo`]) is answered from memory; the policies are asked about each new one.
    pub fn decide(&self, facts: &Facts) -> Decision {
        self.met.lock().unwrap_or_else(PoisonError::into_inner).decide(self, facts)
    }

    /// The same decision, with the policies evaluated whatever was met before.
    pub fn evaluate(&self, facts: &Facts) -> Decision {
        Decision::new(self.judge(facts), facts)
    }

    /// Decides each in turn, remembering within the call: for lists. A [`Memo`] does the same across calls.
    pub fn decide_all(&self, facts: impl IntoIterator<Item = Facts>) -> impl Iterator<Item = Decision> {
        let mut memo = Memo::new();
        facts.into_iter().map(move |facts| memo.decide(self, &facts))
    }

    /// What the condition's policy says about itself.
    pub fn rule(&self, condition: Condition) -> Rule<'_> {
        let id = PolicyId::new(condition.as_str());
        let text = |key| self.policies.annotation(&id, key).unwrap_or_default();
        Rule { rule: text("rule"), law: text("law"), remedy: text("remedy"), others: text("others") }
    }
}

impl Gate {
    /// Reads policies and holds them to the schema.
    fn from_sources<'a>(schema: &str, sources: impl IntoIterator<Item = &'a str>) -> Result<Self, GateError> {
        let (schema, warnings) =
            Schema::from_cedarschema_str(schema).map_err(|e| GateError::Syntax(e.to_string()))?;
        if let Some(warning) = warnings.into_iter().next() {
            return Err(GateError::Schema(warning.to_string()));
        }
        let policies = parse(sources)?;
        let validator = Validator::new(schema);
        let outcome = validator.validate(&policies, ValidationMode::Strict);
        let first = outcome.validation_errors().map(ToString::to_string);
        if let Some(problem) = first.chain(outcome.validation_warnings().map(ToString::to_string)).next() {
            return Err(GateError::Schema(problem));
        }
        let effect = |id: &str| policies.policy(&PolicyId::new(id)).map(Policy::effect);
        if effect("open") != Some(Effect::Permit) {
            return Err(GateError::Conditions("no policy with the id `open` permits".to_owned()));
        }
        for condition in Condition::ALL {
            if effect(condition.as_str()) != Some(Effect::Forbid) {
                return Err(GateError::Conditions(format!("no policy with the id `{condition}` forbids")));
            }
        }
        if policies.num_of_policies() != POLICIES.len() + 1 {
            return Err(GateError::Conditions("there is a policy that belongs to no condition".to_owned()));
        }
        Self::unchecked(policies)
    }

    /// A gate on policies that nobody has held to the schema, as a test of faults needs it.
    fn unchecked(policies: PolicySet) -> Result<Self, GateError> {
        let bare = policies.policies().map(bare).collect::<Result<_, _>>()?;
        let in_force = ConditionSet::every().map(|_| OnceLock::new()).collect();
        let (authorizer, names) = (Authorizer::new(), Names::new()?);
        Ok(Self {
            authorizer,
            names,
            nothing_known: Entities::empty(),
            policies,
            bare,
            in_force,
            met: Mutex::default(),
        })
    }

    pub(crate) fn judge(&self, facts: &Facts) -> Verdict {
        // INVARIANT: Cedar skips a policy that it cannot evaluate, so a broken `forbid` would open the door; every
        // fault therefore fails all that is asked.
        self.ask(facts).unwrap_or(Verdict { allowed: false, failing: facts.tier_required, faulty: true })
    }

    /// The policies' verdict, or nothing where it could not be had whole.
    fn ask(&self, facts: &Facts) -> Option<Verdict> {
        let request = self.names.request(facts)?;
        let policies = self.in_force(facts.tier_required)?;
        let response = self.authorizer.is_authorized(&request, policies, &self.nothing_known);
        if response.diagnostics().errors().next().is_some() {
            return None;
        }
        if response.decision() == Answer::Allow {
            return Some(Verdict { allowed: true, failing: ConditionSet::EMPTY, faulty: false });
        }
        let mut failing = ConditionSet::EMPTY;
        for id in response.diagnostics().reason() {
            let id: &str = id.as_ref();
            failing.insert(id.parse().ok()?);
        }
        (!failing.is_empty()).then_some(Verdict { allowed: false, failing, faulty: false })
    }

    /// The policies of the conditions that are asked, and `open`. A policy that is not in force costs nothing, where one
    /// that first asks whether it applies costs as much as one that does; a handful of tiers need a handful of sets.
    fn in_force(&self, asked: ConditionSet) -> Option<&PolicySet> {
        let choose = || {
            let chosen = self.bare.iter().filter(|policy| {
                let id: &str = policy.id().as_ref();
                id.parse().map_or(true, |condition| asked.contains(condition))
            });
            PolicySet::from_policies(chosen.cloned()).ok()
        };
        self.in_force.get(usize::from(asked.number()))?.get_or_init(choose).as_ref()
    }
}

/// Parses the files into one set in which each policy is called by its `@id`.
fn parse<'a>(sources: impl IntoIterator<Item = &'a str>) -> Result<PolicySet, GateError> {
    let syntax = |e: &dyn std::fmt::Display| GateError::Syntax(e.to_string());
    let mut policies = PolicySet::new();
    for source in sources {
        let policy = Policy::parse(None, source).map_err(|e| syntax(&e))?;
        let id = policy
            .annotation("id")
            .ok_or_else(|| GateError::Conditions("a policy has no `@id`".to_owned()))?;
        let id = PolicyId::new(id);
        policies.add(policy.new_id(id)).map_err(|e| syntax(&e))?;
    }
    Ok(policies)
}

/// The policy without its texts and its places in the file, which Cedar copies at every evaluation.
fn bare(policy: &Policy) -> Result<Policy, GateError> {
    let syntax = |e: &dyn std::fmt::Display| GateError::Syntax(e.to_string());
    let mut json = policy.to_json().map_err(|e| syntax(&e))?;
    if let Some(policy) = json.as_object_mut() {
        policy.remove("annotations");
    }
    Policy::from_json(Some(policy.id().clone()), json).map_err(|e| syntax(&e))
}

/// The Cedar names that every request uses, made once.
struct Names {
    person: EntityTypeName,
    secret: EntityTypeName,
    open: EntityUid,
    nobody: EntityUid,
    nothing: EntityUid,
}

impl Names {
    fn new() -> Result<Self, GateError> {
        let name = |text: &str| EntityTypeName::from_str(text).map_err(|e| GateError::Syntax(e.to_string()));
        let uid =
            |kind: &EntityTypeName, id| EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id));
        let (person, secret) = (name("Person")?, name("Secret")?);
        let (nobody, nothing) = (uid(&person, "nobody"), uid(&secret, "nothing"));
        Ok(Self { person, secret, open: uid(&name("Action")?, "open"), nobody, nothing })
    }

    fn request(&self, facts: &Facts) -> Option<Request> {
        let context = Context::from_pairs(self.context(facts)).ok()?;
        let principal = uid(&self.person, facts.person);
        let resource = uid(&self.secret, facts.secret);
        Request::new(principal, self.open.clone(), resource, context, None).ok()
    }

    /// The facts that the policies in force read, and no others: each costs as much as a comparison.
    fn context(&self, facts: &Facts) -> Vec<(String, RestrictedExpression)> {
        let mut pairs = Vec::with_capacity(28);
        let mut put = |name: &str, value| pairs.push((name.to_owned(), value));
        put("now", long(facts.now));
        for condition in facts.tier_required.iter() {
            match condition {
                Condition::Suspension => put("suspended", bool(facts.suspended)),
                Condition::Employment => {
                    put("active", bool(facts.active));
                    put("employedFrom", long(facts.starts));
                    put("employedUntil", until(facts.ends));
                }
                Condition::Clearance => {
                    put("clearance", long(facts.clearance.into()));
                    put("clearanceRequired", long(facts.clearance_required.into()));
                }
                Condition::Grant => self.put_grant(facts.grant.as_ref(), &mut put),
                Condition::Agreement => {
                    put("agreementInForce", bool(facts.agreement.in_force));
                    put("agreementCurrentVersion", bool(facts.agreement.current_version));
                    put("agreementCovers", bool(facts.agreement.covers));
                    put("agreementUntil", until(facts.agreement.ends));
                }
                Condition::Policy => {
                    put("policyMet", bool(facts.policy.met));
                    put("policyUntil", until(facts.policy.ends));
                }
                Condition::Training => {
                    put("trainingMet", bool(facts.training.met));
                    put("trainingUntil", until(facts.training.ends));
                }
                Condition::Screening => {
                    put("screeningMet", bool(facts.screening.met));
                    put("screeningUntil", until(facts.screening.ends));
                }
                Condition::SecondFactor => {
                    if let (Some(from), Some(ends)) = (facts.second_factor_at, facts.second_factor_ends()) {
                        put("secondFactorFrom", long(from));
                        put("secondFactorUntil", long(ends));
                    }
                }
                Condition::Network => put("networkAllowed", bool(facts.network_allowed)),
            }
        }
        pairs
    }

    fn put_grant(&self, grant: Option<&GrantFacts>, mut put: impl FnMut(&str, RestrictedExpression)) {
        let (person, secret) = grant.map_or_else(
            || (self.nobody.clone(), self.nothing.clone()),
            |grant| (uid(&self.person, grant.person), uid(&self.secret, grant.secret)),
        );
        put("grantPerson", RestrictedExpression::new_entity_uid(person));
        put("grantSecret", RestrictedExpression::new_entity_uid(secret));
        put("grantFrom", long(grant.map_or(i64::MAX, |g| g.from)));
        put("grantUntil", long(grant.map_or(i64::MIN, |g| g.ends)));
        put("grantRevoked", bool(grant.is_none_or(|g| g.revoked)));
        put("grantApprovals", long(grant.map_or(0, |g| g.approvals.into())));
        put("grantApprovalsRequired", long(grant.map_or(i64::MAX, |g| g.approvals_required.into())));
        put("grantEmergency", bool(grant.is_some_and(|g| g.emergency)));
        put("grantHasPurpose", bool(grant.is_some_and(|g| g.has_purpose)));
    }
}

fn uid(kind: &EntityTypeName, number: u32) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(number.to_string()))
}

fn long(value: i64) -> RestrictedExpression {
    RestrictedExpression::new_long(value)
}

fn bool(value: bool) -> RestrictedExpression {
    RestrictedExpression::new_bool(value)
}

/// What has no end runs until the last instant there is.
fn until(end: Option<i64>) -> RestrictedExpression {
    long(end.unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
