//! The gate itself: Cedar policies, the schema they are held to, and the request made from facts.

use std::collections::HashMap;
use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Decision as Effect, Entities, Entity, EntityId, EntityTypeName, EntityUid, Policy,
    PolicyId, PolicySet, Request, RestrictedExpression, Schema, ValidationMode, Validator,
};

use crate::decision::Verdict;
use crate::{Condition, ConditionSet, Decision, Facts};

/// The policies, parsed and checked. Made once at start-up and shared: deciding changes nothing in it.
pub struct Gate {
    authorizer: Authorizer,
    policies: PolicySet,
    names: Names,
    tiers: Entities,
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
    pub fn decide(&self, facts: &Facts) -> Decision {
        Decision::new(self.judge(facts), facts)
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
        let (schema, warnings) = Schema::from_cedarschema_str(schema).map_err(|e| GateError::Syntax(e.to_string()))?;
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
        for condition in Condition::ALL {
            if policies.policy(&PolicyId::new(condition.as_str())).is_none() {
                return Err(GateError::Conditions(format!("no policy has the id `{condition}`")));
            }
        }
        if policies.num_of_policies() != POLICIES.len() + 1 {
            return Err(GateError::Conditions("there is a policy that belongs to no condition".to_owned()));
        }
        Self::unchecked(policies)
    }

    /// A gate on policies that nobody has held to the schema, as a test of faults needs it.
    fn unchecked(policies: PolicySet) -> Result<Self, GateError> {
        let names = Names::new()?;
        let tiers = names.tiers()?;
        Ok(Self { authorizer: Authorizer::new(), policies, names, tiers })
    }

    pub(crate) fn judge(&self, facts: &Facts) -> Verdict {
        // INVARIANT: Cedar skips a policy that it cannot evaluate, so a broken `forbid` would open the door; every
        // fault therefore fails all that is asked.
        self.ask(facts).unwrap_or(Verdict { allowed: false, failing: facts.tier_required, faulty: true })
    }

    /// The policies' verdict, or nothing where it could not be had whole.
    fn ask(&self, facts: &Facts) -> Option<Verdict> {
        let request = self.names.request(facts)?;
        let response = self.authorizer.is_authorized(&request, &self.policies, &self.tiers);
        if response.diagnostics().errors().next().is_some() {
            return None;
        }
        if response.decision() == Effect::Allow {
            return Some(Verdict { allowed: true, failing: ConditionSet::EMPTY, faulty: false });
        }
        let mut failing = ConditionSet::EMPTY;
        for id in response.diagnostics().reason() {
            let id: &str = id.as_ref();
            failing.insert(id.parse().ok()?);
        }
        (!failing.is_empty()).then_some(Verdict { allowed: false, failing, faulty: false })
    }
}

/// Parses the files into one set in which each policy is called by its `@id`.
fn parse<'a>(sources: impl IntoIterator<Item = &'a str>) -> Result<PolicySet, GateError> {
    let syntax = |e: &dyn std::fmt::Display| GateError::Syntax(e.to_string());
    let mut policies = PolicySet::new();
    for source in sources {
        let policy = Policy::parse(None, source).map_err(|e| syntax(&e))?;
        let id = policy.annotation("id").ok_or_else(|| GateError::Conditions("a policy has no `@id`".to_owned()))?;
        let id = PolicyId::new(id);
        policies.add(policy.new_id(id)).map_err(|e| syntax(&e))?;
    }
    Ok(policies)
}

/// The Cedar names that every request uses, made once.
struct Names {
    person: EntityTypeName,
    secret: EntityTypeName,
    tier: EntityTypeName,
    open: EntityUid,
}

impl Names {
    fn new() -> Result<Self, GateError> {
        let name = |text: &str| EntityTypeName::from_str(text).map_err(|e| GateError::Syntax(e.to_string()));
        let open = EntityUid::from_type_name_and_id(name("Action")?, EntityId::new("open"));
        Ok(Self { person: name("Person")?, secret: name("Secret")?, tier: name("Tier")?, open })
    }

    /// One entity for each of the 1,024 sets of conditions, so that a request only names one.
    fn tiers(&self) -> Result<Entities, GateError> {
        let schema = |e: &dyn std::fmt::Display| GateError::Schema(e.to_string());
        let mut tiers = Vec::new();
        for set in ConditionSet::every() {
            let asks = Condition::ALL.map(|condition| {
                (attribute(condition).to_owned(), RestrictedExpression::new_bool(set.contains(condition)))
            });
            let tier = Entity::new(self.tier(set), HashMap::from(asks), [].into()).map_err(|e| schema(&e))?;
            tiers.push(tier);
        }
        Entities::from_entities(tiers, None).map_err(|e| schema(&e))
    }

    fn request(&self, facts: &Facts) -> Option<Request> {
        let context = Context::from_pairs(self.context(facts)?).ok()?;
        let principal = uid(&self.person, facts.person);
        let resource = uid(&self.secret, facts.secret);
        Request::new(principal, self.open.clone(), resource, context, None).ok()
    }

    fn context(&self, facts: &Facts) -> Option<Vec<(String, RestrictedExpression)>> {
        let mut pairs = Vec::with_capacity(16);
        let mut put = |name: &str, value| pairs.push((name.to_owned(), value));
        put("now", long(facts.now));
        put("tier", RestrictedExpression::new_entity_uid(self.tier(facts.tier_required)));
        put("suspended", bool(facts.suspended));
        put("active", bool(facts.active));
        put("employedFrom", long(facts.starts));
        put("employedUntil", until(facts.ends));
        put("clearance", long(facts.clearance.into()));
        put("clearanceRequired", long(facts.clearance_required.into()));
        if let Some(grant) = facts.grant {
            put(
                "grant",
                record([
                    ("person", RestrictedExpression::new_entity_uid(uid(&self.person, grant.person))),
                    ("secret", RestrictedExpression::new_entity_uid(uid(&self.secret, grant.secret))),
                    ("from", long(grant.from)),
                    ("until", long(grant.ends)),
                    ("revoked", bool(grant.revoked)),
                    ("approvals", long(grant.approvals.into())),
                    ("approvalsRequired", long(grant.approvals_required.into())),
                    ("emergency", bool(grant.emergency)),
                    ("hasPurpose", bool(grant.has_purpose)),
                ])?,
            );
        }
        put(
            "agreement",
            record([
                ("inForce", bool(facts.agreement.in_force)),
                ("currentVersion", bool(facts.agreement.current_version)),
                ("covers", bool(facts.agreement.covers)),
                ("until", until(facts.agreement.ends)),
            ])?,
        );
        for (name, standing) in
            [("policy", facts.policy), ("training", facts.training), ("screening", facts.screening)]
        {
            put(name, record([("met", bool(standing.met)), ("until", until(standing.ends))])?);
        }
        if let (Some(from), Some(ends)) = (facts.second_factor_at, facts.second_factor_ends()) {
            put("secondFactorFrom", long(from));
            put("secondFactorUntil", long(ends));
        }
        put("networkAllowed", bool(facts.network_allowed));
        Some(pairs)
    }

    fn tier(&self, asks: ConditionSet) -> EntityUid {
        uid(&self.tier, u32::from(asks.number()))
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

fn record<const N: usize>(fields: [(&str, RestrictedExpression); N]) -> Option<RestrictedExpression> {
    RestrictedExpression::new_record(fields.map(|(name, value)| (name.to_owned(), value))).ok()
}

fn attribute(condition: Condition) -> &'static str {
    match condition {
        Condition::SecondFactor => "secondFactor",
        other => other.as_str(),
    }
}
