//! What went wrong, as RFC 9457 problem details: which rule said no, and how to meet it.

use super::types::{AgreementId, Condition, RequestId, SecretId, Stamp, words};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use program::access::{Because as Standing, Remedy as Means};
use program::{Refusal, Rule, Time};
use serde::Serialize;
use serde_json::{Value, json};
use service::{ServiceError, Shut};
use std::borrow::Cow;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

/// Why something was not done. Unless `entry` is there, nothing was recorded or changed.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "type": "urn:ringfence:problem:role",
    "title": "Not allowed",
    "status": 403,
    "detail": "only counsel may judge a submission",
    "rule": "role",
    "remedy": "ask counsel to do it"
}))]
pub(crate) struct Problem {
    /// `urn:ringfence:problem:` and the rule; `about:blank` where the status says it all.
    r#type: &'static str,
    /// The kind of problem, in a few words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What happened and why, in a sentence.
    #[schema(value_type = String)]
    detail: Box<str>,
    /// The rule that refused. Programs may match on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<RuleWord>)]
    rule: Option<Rule>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    remedy: Option<Box<str>>,
    /// The field at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    field: Option<Box<str>>,
    /// Where the gate refused: every condition it asked, and how each stands.
    #[serde(skip_serializing_if = "<[Because]>::is_empty")]
    #[schema(value_type = Vec<Because>)]
    because: Box<[Because]>,
    /// Where the gate refused: the entry that records it.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<u64>,
}

/// One condition of the gate, and how it stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Because {
    /// Which.
    condition: Condition,
    /// Does it hold?
    met: bool,
    /// Why it holds or fails, in a word. Programs may match on it.
    #[schema(example = "grant-ended")]
    why: String,
    /// The same in a sentence.
    #[schema(example = "the grant has ended")]
    sentence: String,
    /// The instant that `why` speaks of: when it ended, begins, or will end.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Stamp>,
    /// What can be done, where it fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<Remedy>,
}

/// What can be done about a condition that fails.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Remedy {
    /// What, in a word.
    #[schema(example = "ask-for-access")]
    r#do: String,
    /// The same in a sentence, to whoever was refused.
    #[schema(example = "Ask for access to S-12, and say what for.")]
    sentence: String,
    /// The agreements that would do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    agreements: Vec<AgreementId>,
    /// The secret to ask for.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<SecretId>,
    /// The request that waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<RequestId>,
}

/// The words of [`Rule`], described.
pub(super) struct RuleWord;

impl Problem {
    /// A problem that the status says it all about.
    pub(crate) fn plain(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("Problem"),
            status: status.as_u16(),
            detail: detail.into().into(),
            rule: None,
            remedy: None,
            field: None,
            because: Box::default(),
            entry: None,
        }
    }

    /// A value that cannot be taken.
    pub(super) fn input(field: Option<&str>, detail: impl Into<String>) -> Self {
        let refusal = Refusal::new(Rule::Input, detail);
        Self { field: field.map(Into::into), ..refusal.into() }
    }

    /// Larger than `most` bytes.
    pub(super) fn too_large(most: u64) -> Self {
        Self::plain(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("at most {most} bytes are taken here; nothing was kept"),
        )
    }

    /// No token, or none that is good: said the same way whether it never was, has ended or was revoked.
    pub(super) fn no_token() -> Self {
        let detail = "this needs an API token that is good: `Authorization: Bearer rf_…`";
        Self {
            remedy: Some("issue one to yourself in a signed-in browser, under your own account".into()),
            ..Self::plain(StatusCode::UNAUTHORIZED, detail)
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response =
            (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if status == StatusCode::UNAUTHORIZED {
            // RFC 6750 section 3.
            let challenge = HeaderValue::from_static("Bearer realm=\"ringfence\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (status, r#type, title) = match refusal.rule {
            Rule::Unknown => (StatusCode::NOT_FOUND, "urn:ringfence:problem:unknown", "Not known here"),
            Rule::Role => (StatusCode::FORBIDDEN, "urn:ringfence:problem:role", "Not allowed"),
            Rule::OwnCase => (StatusCode::FORBIDDEN, "urn:ringfence:problem:own-case", "Own case"),
            Rule::Standing => (StatusCode::CONFLICT, "urn:ringfence:problem:standing", "Not as things stand"),
            Rule::Input => {
                (StatusCode::UNPROCESSABLE_ENTITY, "urn:ringfence:problem:input", "Value not taken")
            }
            Rule::Hold => (StatusCode::CONFLICT, "urn:ringfence:problem:hold", "Under legal hold"),
            Rule::Taken => (StatusCode::CONFLICT, "urn:ringfence:problem:taken", "There already"),
            Rule::Gate => (StatusCode::FORBIDDEN, "urn:ringfence:problem:gate", "Refused by the gate"),
            // Not 401: the token is good, and another one would not help.
            Rule::SignIn => {
                (StatusCode::FORBIDDEN, "urn:ringfence:problem:sign-in", "A stronger proof is needed")
            }
        };
        Self {
            r#type,
            title,
            rule: Some(refusal.rule),
            remedy: refusal.remedy.map(Into::into),
            field: refusal.field.map(Into::into),
            ..Self::plain(status, refusal.message)
        }
    }
}

impl From<Shut> for Problem {
    fn from(shut: Shut) -> Self {
        let refusal = Refusal::new(Rule::Gate, format!("the gate did not open: {}", shut.summary()));
        let remedy =
            shut.because.iter().filter_map(|because| because.remedy.as_ref()).map(Means::sentence).next();
        Self {
            remedy: remedy.map(Into::into),
            because: shut.because.iter().map(Because::from).collect(),
            entry: Some(shut.entry),
            ..refusal.into()
        }
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Refused(refusal) => refusal.into(),
            ServiceError::Shut(shut) => (*shut).into(),
            ServiceError::Full => {
                Self::plain(StatusCode::INSUFFICIENT_STORAGE, ServiceError::Full.to_string())
            }
            ServiceError::Upload(why) => Self::plain(StatusCode::BAD_REQUEST, why),
            ServiceError::Stopping => {
                Self::plain(StatusCode::SERVICE_UNAVAILABLE, ServiceError::Stopping.to_string())
            }
            // What the machine says about its disks and tables is for its operator, not for whoever asked.
            error @ (ServiceError::Damaged(_) | ServiceError::Storage(_) | ServiceError::Content(_)) => {
                tracing::error!(%error, "a request to the API failed");
                Self::plain(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "the record or the vault failed; its operator finds the reason in the log",
                )
            }
        }
    }
}

impl From<&Standing> for Because {
    fn from(standing: &Standing) -> Self {
        let why = serde_json::to_value(standing.why).unwrap_or_default();
        let word = why.get("why").and_then(Value::as_str).unwrap_or_default().to_owned();
        let at = ["at", "until"].into_iter().find_map(|name| why.get(name)).and_then(Value::as_i64);
        Self {
            condition: standing.condition.into(),
            met: standing.met,
            why: word,
            sentence: standing.why.to_string(),
            at: at.map(|at| Stamp(Time(at))),
            remedy: standing.remedy.as_ref().map(Remedy::from),
        }
    }
}

impl From<&Means> for Remedy {
    fn from(means: &Means) -> Self {
        let value = serde_json::to_value(means).unwrap_or_default();
        let word = value.get("do").and_then(Value::as_str).unwrap_or_default().to_owned();
        let (agreements, secret, request) = match means {
            Means::Sign { agreement } => (vec![*agreement], None, None),
            Means::AssignAgreement { agreements } => (agreements.clone(), None, None),
            Means::AskForAccess { secret } => (Vec::new(), Some(*secret), None),
            Means::AwaitApproval { request, .. } => (Vec::new(), None, Some(*request)),
            _ => (Vec::new(), None, None),
        };
        Self {
            r#do: word,
            sentence: means.sentence(),
            agreements: agreements.into_iter().map(AgreementId).collect(),
            secret: secret.map(SecretId),
            request: request.map(RequestId),
        }
    }
}

impl PartialSchema for RuleWord {
    fn schema() -> RefOr<Schema> {
        let meaning = "Which kind of rule refused. `unknown`: it does not exist, or may not be known to you. `role`: your role or \
            your token's scope does not allow it. `own-case`: nobody judges their own case. `standing`: not as things stand. \
            `input`: a value is missing or cannot be taken. `taken`: there already. `gate`: a condition of access is not met. \
            `sign-in`: a stronger proof is needed.";
        words(meaning, &["unknown", "role", "own-case", "standing", "input", "taken", "gate", "sign-in"])
            .into()
    }
}

impl ToSchema for RuleWord {
    fn name() -> Cow<'static, str> {
        "Rule".into()
    }
}

/// A problem as an example of its status.
pub(super) fn example(status: StatusCode) -> Value {
    let problem: Problem = match status {
        StatusCode::UNAUTHORIZED => Problem::no_token(),
        StatusCode::FORBIDDEN => Refusal::role("judge a submission", "counsel").into(),
        StatusCode::NOT_FOUND => Refusal::unknown("S-12").into(),
        StatusCode::CONFLICT => Refusal::new(Rule::Standing, "S-12 is retired and cannot be changed")
            .remedy("register it anew if it is a trade secret again")
            .into(),
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(1 << 20),
        StatusCode::UNPROCESSABLE_ENTITY => {
            Refusal::input("ends", "the end of access has to be in the future").into()
        }
        StatusCode::INSUFFICIENT_STORAGE => ServiceError::Full.into(),
        StatusCode::SERVICE_UNAVAILABLE => ServiceError::Stopping.into(),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Problem::plain(status, "this takes `application/json`"),
        other => Problem::plain(other, "what was sent is not JSON"),
    };
    serde_json::to_value(problem).unwrap_or_else(|_| json!({}))
}
