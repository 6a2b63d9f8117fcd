//! Accounts: who has one, inviting, resetting, closing; and one's own tokens.

use super::answer::{Key, Order, Page, Receipt, items, page};
use super::collect::Area;
use super::extract::{Ask, At, Body, Caller};
use super::problem::Problem;
use super::secrets::Reason;
use super::types::{AccountId, Line, PersonId, Scope, Stamp, TokenId};
use crate::app::App;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use program::Refusal;
use program::accounts::{self as domain, Command};
use serde::{Deserialize, Serialize, Serializer};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use zeroize::Zeroizing;

pub(super) fn routes(area: Area) -> Area {
    area.read(routes!(list))
        .read(routes!(get))
        .write(routes!(invite))
        .write(routes!(reset))
        .write(routes!(remove_second_factor))
        .write(routes!(close))
        .read(routes!(tokens))
        .write(routes!(revoke_token))
}

/// An account with which a person signs in.
#[derive(Debug, Serialize, ToSchema)]
struct Account {
    id: AccountId,
    person: PersonId,
    /// `invited`, `open` or `closed`.
    #[schema(example = "open")]
    state: &'static str,
    /// Is a second factor set up?
    second_factor: bool,
    /// When its person last signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_sign_in: Option<Stamp>,
    /// Until when it waits after too many failures.
    #[serde(skip_serializing_if = "Option::is_none")]
    waits_until: Option<Stamp>,
    /// Until when a link that is out is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    link_until: Option<Stamp>,
}

/// A token for this API. The token itself was shown once, when it was issued.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Token {
    id: TokenId,
    /// What its person calls it.
    name: Line,
    scopes: Vec<Scope>,
    issued: Stamp,
    /// Until when it is good.
    ends: Stamp,
    /// Is it the one this request came with?
    this: bool,
}

/// A one-time link. It is shown this once.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"path": "/invite/3f2c…", "until": "2026-03-31T15:00:00.000Z"}))]
struct Link {
    /// Where it leads, below the address of this server. Whoever holds it sets the password.
    #[serde(serialize_with = "revealed")]
    #[schema(value_type = String)]
    path: Zeroizing<String>,
    /// Until when it is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Stamp>,
}

/// Which accounts to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct AccountsQuery {
    /// Where the page before ended: its `next`.
    before: Option<AccountId>,
    /// At most so many, 1 to 500; 50 where absent.
    limit: Option<u32>,
}

/// List accounts, the newest first: your own; all, for administrators, human resources and auditors.
#[utoipa::path(get, path = "/api/v1/accounts", params(AccountsQuery), responses((status = 200, description = "A page of accounts.", body = Page<Account>)))]
async fn list(caller: Caller, Ask(query): Ask<AccountsQuery>) -> Result<Page<Account>, Problem> {
    let limit = items(query.limit)?;
    let all = caller.state.accounts.iter().filter(|account| caller.sees(account.id));
    let rows = all.map(|account| ((Key::Number(0), account.id.0), account)).collect();
    let from = query.before.map(|id| (Key::Number(0), id.0.0));
    let view = |account: &domain::Account| Account::of(&caller, account);
    Ok(page(rows, Order::Descending, from, limit, |a| a.id.to_string(), view))
}

/// Look at one account.
#[utoipa::path(get, path = "/api/v1/accounts/{id}", params(("id" = AccountId, Path)), responses((status = 200, description = "The account.", body = Account)))]
async fn get(caller: Caller, At(id): At<AccountId>) -> Result<Json<Account>, Problem> {
    let found = caller.state.accounts.get(id.0).filter(|account| caller.sees(account.id));
    let found = found.ok_or_else(|| Refusal::unknown(id.0))?;
    Ok(Json(Account::of(&caller, found)))
}

/// Invite a person to open an account. For human resources and administrators.
#[utoipa::path(post, path = "/api/v1/people/{id}/invite", params(("id" = PersonId, Path)), responses((status = 200, description = "The link, shown once.", body = Link)))]
async fn invite(State(app): State<App>, caller: Caller, At(id): At<PersonId>) -> Result<Response, Problem> {
    let token = app.service.invite(&caller.actor, id.0).await?;
    let state = app.service.state();
    let account = state.accounts.of(id.0);
    Ok(Link::shown(&token, account))
}

/// Offer a one-time link to set a new password.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/reset", params(("id" = AccountId, Path)), responses((status = 200, description = "The link, shown once.", body = Link)))]
async fn reset(State(app): State<App>, caller: Caller, At(id): At<AccountId>) -> Result<Response, Problem> {
    let token = app.service.offer_reset(&caller.actor, id.0).await?;
    let state = app.service.state();
    Ok(Link::shown(&token, state.accounts.get(id.0)))
}

/// Take away the second factor of somebody who lost it.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/second-factor/remove", params(("id" = AccountId, Path)), request_body = Reason, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn remove_second_factor(
    State(app): State<App>,
    caller: Caller,
    At(id): At<AccountId>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Receipt, Problem> {
    let command = Command::RemoveSecondFactor { account: id.0, reason: reason.0 };
    Receipt::of(&app.service.act(&caller.actor, command).await?)
}

/// Close an account for good.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/close", params(("id" = AccountId, Path)), request_body = Reason, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn close(
    State(app): State<App>,
    caller: Caller,
    At(id): At<AccountId>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Receipt, Problem> {
    Receipt::of(&app.service.act(&caller.actor, Command::Close { account: id.0, reason: reason.0 }).await?)
}

/// List the tokens of an account that were not revoked, the oldest first.
#[utoipa::path(get, path = "/api/v1/accounts/{id}/tokens", params(("id" = AccountId, Path)), responses((status = 200, description = "The tokens.", body = Vec<Token>)))]
async fn tokens(caller: Caller, At(id): At<AccountId>) -> Result<Json<Vec<Token>>, Problem> {
    let found = caller.state.accounts.get(id.0).filter(|account| caller.sees(account.id));
    let account = found.ok_or_else(|| Refusal::unknown(id.0))?.id;
    Ok(Json(Token::all_of(&caller, account)))
}

/// Revoke a token at once. Yours, this one too; and for administrators, anybody's.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/tokens/{token}/revoke", params(("id" = AccountId, Path), ("token" = TokenId, Path)), request_body = Reason, responses((status = 200, description = "It was recorded.", body = Receipt)))]
async fn revoke_token(
    State(app): State<App>,
    caller: Caller,
    At((account, token)): At<(AccountId, TokenId)>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Receipt, Problem> {
    let command = Command::RevokeToken { account: account.0, token: token.0, reason: reason.0 };
    Receipt::of(&app.service.act(&caller.actor, command).await?)
}

/// Written out in the answer alone; wiped from memory afterwards.
fn revealed<S: Serializer>(path: &Zeroizing<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(path)
}

impl Link {
    fn shown(token: &Zeroizing<String>, account: Option<&domain::Account>) -> Response {
        let path = Zeroizing::new(format!("/invite/{}", token.as_str()));
        let until = account.and_then(|account| account.invite.as_ref()).map(|invite| Stamp(invite.ends));
        ([(header::CACHE_CONTROL, "no-store")], Json(Self { path, until })).into_response()
    }
}

impl Account {
    fn of(caller: &Caller, account: &domain::Account) -> Self {
        let state = match account.closed {
            Some(_) => "closed",
            None if account.is_open() => "open",
            None => "invited",
        };
        let link = account.invite.as_ref().map(|invite| invite.ends).filter(|ends| caller.now < *ends);
        Self {
            id: account.id.into(),
            person: account.person.into(),
            state,
            second_factor: account.second_factor.is_some(),
            last_sign_in: account.last_sign_in.map(Stamp),
            waits_until: account.waits(caller.now).map(Stamp),
            link_until: link.map(Stamp),
        }
    }
}

impl Token {
    pub(super) fn all_of(caller: &Caller, account: program::AccountId) -> Vec<Self> {
        let token = |token: &domain::Token| Self {
            id: token.id.into(),
            name: token.name.clone().into(),
            scopes: token.scopes.iter().copied().map(Scope).collect(),
            issued: Stamp(token.issued),
            ends: Stamp(token.ends),
            this: token.id == caller.token,
        };
        caller.state.accounts.tokens_of(account).map(token).collect()
    }
}
