//! What is answered: what was recorded, and pages of lists.

use super::problem::Problem;
use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use program::{Recorded, Subject};
use serde::{Deserialize, Serialize};
use service::Done;
use std::fmt::Display;
use utoipa::ToSchema;

/// The most items on one page.
const MOST_ITEMS: u32 = 500;
/// Items on a page when nobody says how many.
const ITEMS: u32 = 50;

/// What was recorded. It is durable.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "entry": 41,
    "id": "G-3",
    "recorded": [
        {"entry": 41, "kind": "access.approved", "about": ["R-2", "S-1", "P-4"]},
        {"entry": 42, "kind": "access.granted", "about": ["G-3", "R-2", "S-1", "P-7"]}
    ]
}))]
pub(super) struct Receipt {
    /// The position of the first entry.
    entry: u64,
    /// What came into being, where something did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "G-3")]
    id: Option<String>,
    /// Every entry, in order.
    recorded: Vec<Noted>,
}

/// One entry of a receipt.
#[derive(Debug, Serialize, ToSchema)]
struct Noted {
    /// Its position.
    entry: u64,
    /// Its kind.
    #[schema(example = "access.granted")]
    kind: String,
    /// What it is about.
    about: Vec<String>,
}

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// The items.
    pub(super) items: Vec<T>,
    /// Give this as `before` for the next part; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
    /// How many there are in all, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total: Option<usize>,
}

/// In which direction a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Order {
    /// The smallest first.
    Ascending,
    /// The greatest, or newest, first.
    #[default]
    Descending,
}

/// What a row is sorted by; the id decides between equals, so that a page never repeats or skips a row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Number(i64),
    Text(String),
}

impl Key {
    pub(super) fn text(text: impl Display) -> Self {
        Self::Text(text.to_string().to_lowercase())
    }
}

impl Receipt {
    /// What was recorded.
    pub(super) fn of(done: &Done) -> Result<Self, Problem> {
        Self::with(&done.entries, None)
    }

    /// The same, of entries that several acts recorded.
    pub(super) fn of_entries(entries: &[Recorded]) -> Result<Self, Problem> {
        Self::with(entries, None)
    }

    fn with(entries: &[Recorded], id: Option<String>) -> Result<Self, Problem> {
        let recorded: Result<Vec<Noted>, Problem> = entries
            .iter()
            .map(|recorded| {
                let fields = recorded.event.to_fields(&recorded.by);
                let (kind, _) = fields.map_err(|error| {
                    tracing::error!(%error, "a recorded event cannot be shown");
                    Problem::plain(
                        StatusCode::INTERNAL_SERVER_ERROR,
                        "it was recorded, but cannot be shown: look at the record",
                    )
                })?;
                let about = recorded.event.subjects().iter().map(Subject::to_string).collect();
                Ok(Noted { entry: recorded.position, kind, about })
            })
            .collect();
        let first = entries.first().map(|recorded| recorded.position);
        Ok(Self { entry: first.unwrap_or_default(), id, recorded: recorded? })
    }

    /// What came into being, with the address at which it can be read: `folder/id`.
    pub(super) fn created(done: &Done, folder: &str, id: Option<impl Display>) -> Result<Response, Problem> {
        let id = id.map(|id| id.to_string());
        let at = format!("/api/v1/{folder}/{}", id.as_deref().unwrap_or_default());
        Ok((StatusCode::CREATED, [(header::LOCATION, at)], Json(Self::with(&done.entries, id)?))
            .into_response())
    }
}

impl IntoResponse for Receipt {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

impl<T: Serialize> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

/// How many items a page has, where the caller asked for `limit`.
pub(super) fn items(limit: Option<u32>) -> Result<usize, Problem> {
    let limit = limit.unwrap_or(ITEMS);
    if (1..=MOST_ITEMS).contains(&limit) {
        return Ok(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    Err(Problem::input(Some("limit"), format!("`{limit}` is out of range: take 1 to {MOST_ITEMS}")))
}

/// Sorts rows by key and id, and cuts out the page after the row `from` (which need not be among them any more).
pub(super) fn page<T, V>(
    mut rows: Vec<((Key, u32), T)>,
    order: Order,
    from: Option<(Key, u32)>,
    limit: usize,
    name: impl Fn(&T) -> String,
    view: impl Fn(T) -> V,
) -> Page<V> {
    let total = Some(rows.len());
    rows.sort_by(|(a, _), (b, _)| if order == Order::Ascending { a.cmp(b) } else { b.cmp(a) });
    if let Some(from) = from {
        rows.retain(|(key, _)| if order == Order::Ascending { *key > from } else { *key < from });
    }
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|(_, row)| name(row));
    Page { items: rows.into_iter().map(|(_, row)| view(row)).collect(), next, total }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Following `next` to the end gives every row once and in order, whatever the keys and the size of the page.
        #[test]
        fn pages_are_complete_and_exact(keys in prop::collection::vec(0i64..5, 0..40), limit in 1usize..7, up in any::<bool>()) {
            let order = if up { Order::Ascending } else { Order::Descending };
            let rows: Vec<((Key, u32), u32)> =
                keys.iter().zip(0u32..).map(|(key, id)| ((Key::Number(*key), id), id)).collect();
            let mut expected = rows.clone();
            expected.sort();
            if !up { expected.reverse(); }
            let expected: Vec<u32> = expected.into_iter().map(|(_, id)| id).collect();
            let (mut seen, mut from) = (Vec::new(), None);
            loop {
                let cut = page(rows.clone(), order, from, limit, |id| id.to_string(), |id| id);
                prop_assert!(cut.items.len() <= limit);
                prop_assert_eq!(cut.total, Some(rows.len()));
                seen.extend(cut.items);
                let Some(next) = cut.next else { break };
                let id: u32 = next.parse().unwrap();
                from = rows.iter().find(|(_, row)| *row == id).map(|(key, _)| key.clone());
            }
            prop_assert_eq!(seen, expected);
        }
    }

    #[test]
    fn a_page_is_neither_empty_nor_endless() {
        assert!(items(Some(0)).is_err());
        assert!(items(Some(501)).is_err());
        assert_eq!(items(None).unwrap(), 50);
    }
}
