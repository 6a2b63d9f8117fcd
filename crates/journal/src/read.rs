//! Reading: by position, and by kind, actor, subject and time, newest first.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, PoisonError};

use sqlx::{AssertSqlSafe, Row};

use crate::error::{Damage, JournalError};
use crate::faults::Step;
use crate::index::{SegmentIndex, Term};
use crate::journal::{Journal, PAGE, number, read_rows, sealed_row};
use crate::record::{Stored, context};
use crate::sql;

/// How much memory the indexes of full segments may take before they are read again, in bytes.
const INDEX_MEMORY: usize = 128 << 20;

/// Which entries to find. What is left empty does not narrow.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Any of these kinds.
    pub kinds: Vec<String>,
    /// This actor.
    pub actor: Option<String>,
    /// Any of these subjects.
    pub subjects: Vec<String>,
    /// Not before this time, in ms since 1970 UTC.
    pub since: Option<i64>,
    /// Before this time, in ms since 1970 UTC.
    pub until: Option<i64>,
    /// Before this position: where the page before ended.
    pub before: Option<u64>,
    /// At most so many entries.
    pub limit: usize,
}

/// Entries that were found, newest first.
#[derive(Clone, Debug)]
pub struct Page {
    /// The entries.
    pub entries: Vec<Stored>,
    /// Where the next page begins ([`Filter::before`]); `None` at the end. The next page can be empty.
    pub next: Option<u64>,
}

impl Journal {
    /// The entries from position `from` to before `to`, or to the end of the record as this process
    /// knows it. Each is authenticated under the journal's key and for its position.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] for an entry that is missing or altered.
    pub async fn read(&self, from: u64, to: u64) -> Result<Vec<Stored>, JournalError> {
        let to = to.min(self.head().size);
        let mut entries: Vec<Stored> = Vec::new();
        let mut next = from;
        while next < to {
            self.store.faults().check(Step::Read)?;
            let rows = read_rows(&self.store, next, to.min(next + PAGE)).await?;
            if rows.is_empty() {
                return Err(Damage::at(next, "it is missing").into());
            }
            for row in rows {
                if row.position != next {
                    return Err(Damage::at(next, "it is missing").into());
                }
                if entries.last().is_some_and(|last| row.time < last.time) {
                    return Err(Damage::at(next, "its time is before that of the entry before it").into());
                }
                entries.push(self.sealer.open(row)?.0);
                next += 1;
            }
        }
        Ok(entries)
    }

    /// The entry at `position`.
    ///
    /// # Errors
    /// [`JournalError::NoSuchEntry`] beyond the head.
    pub async fn get(&self, position: u64) -> Result<Stored, JournalError> {
        let size = self.head().size;
        if position >= size {
            return Err(JournalError::NoSuchEntry { position, size });
        }
        let mut entries = self.read(position, position + 1).await?;
        Ok(entries.pop().ok_or_else(|| Damage::at(position, "it is missing"))?)
    }

    /// The newest entries that meet the filter. What is found is exact and complete: entries are searched
    /// as far as this process knows the record, and each hit is checked against the filter.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] where an index or an entry is missing or altered.
    pub async fn find(&self, filter: &Filter) -> Result<Page, JournalError> {
        let range = self.range_of(filter).await?;
        let mut hits = Hits::default();
        let mut end = range.end;
        while end > range.start && hits.entries.len() < filter.limit {
            let first = self.sealer.first_of(end - 1);
            let start = first.max(range.start);
            let found = self.candidates(filter, first).await?;
            let mut wanted = Vec::new();
            match found {
                None => wanted.extend((start..end).rev()),
                Some(offsets) => {
                    let positions = offsets.into_iter().rev().map(|offset| first + u64::from(offset));
                    wanted.extend(positions.filter(|position| (start..end).contains(position)));
                }
            }
            for positions in wanted.chunks(sql::ROWS.min(filter.limit.max(1))) {
                self.take(filter, positions, &mut hits).await?;
                if hits.entries.len() >= filter.limit {
                    break;
                }
            }
            end = start;
        }
        let full = hits.entries.len() >= filter.limit;
        let last = hits.entries.last().map(|last| last.position);
        Ok(Page { next: last.filter(|&last| full && last > range.start), entries: hits.entries })
    }

    /// The positions the filter's times and `before` leave. Times never run backwards, so it is a range.
    async fn range_of(&self, filter: &Filter) -> Result<Range<u64>, JournalError> {
        self.store.faults().check(Step::Read)?;
        let size = self.head().size;
        let mut range = 0..filter.before.unwrap_or(size).min(size);
        if let Some(since) = filter.since {
            range.start = self.first_since(since).await?.unwrap_or(size);
        }
        if let Some(until) = filter.until {
            range.end = range.end.min(self.first_since(until).await?.unwrap_or(size));
        }
        Ok(range)
    }

    async fn first_since(&self, time: i64) -> Result<Option<u64>, JournalError> {
        let row = self.store.one(sqlx::query(sql::FIRST_SINCE).bind(time)).await?;
        let Some(row) = row else { return Ok(None) };
        let position: i64 = row.try_get(0)?;
        Ok(u64::try_from(position).ok())
    }

    /// The offsets within a segment that may meet the filter; `None` if it does not narrow there.
    async fn candidates(&self, filter: &Filter, first: u64) -> Result<Option<BTreeSet<u32>>, JournalError> {
        let terms = terms(filter);
        if terms.is_empty() {
            return Ok(None);
        }
        let open = {
            let state = self.state();
            let tail = &state.walk.tail;
            let is_open = self.sealer.first_of(state.walk.edge.size()) == first;
            is_open.then(|| narrow(&terms, |term| tail.offsets(term).to_vec()))
        };
        match open {
            Some(offsets) => Ok(Some(offsets)),
            None => {
                let index = self.index(first).await?;
                Ok(Some(narrow(&terms, |term| index.offsets(term).to_vec())))
            }
        }
    }

    async fn index(&self, first: u64) -> Result<Arc<SegmentIndex>, JournalError> {
        let cached = |journal: &Self| {
            let indexes = journal.indexes.lock().unwrap_or_else(PoisonError::into_inner);
            indexes.get(&first).cloned()
        };
        if let Some(index) = cached(self) {
            return Ok(index);
        }
        let row = self.store.one(sqlx::query(sql::SEGMENT).bind(number(first))).await?;
        let damaged = |reason: &str| Damage::at(first, reason);
        let row = row.ok_or_else(|| damaged("the index of the segment that begins here is missing"))?;
        let altered = "the index of the segment that begins here was altered";
        let sealed: Vec<u8> = row.try_get(0).map_err(|_| damaged(altered))?;
        let opened = self
            .sealer
            .indexes()
            .open(&context(b"journal/index/v1", first), &sealed)
            .map_err(|_| damaged(altered))?;
        let index = Arc::new(SegmentIndex::decode(&opened).map_err(|_| damaged(altered))?);
        let mut indexes = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        let weight: usize = indexes.values().map(|index| index.weight()).sum();
        if weight + index.weight() > INDEX_MEMORY {
            indexes.clear();
        }
        indexes.insert(first, index.clone());
        Ok(index)
    }

    /// Reads the entries at `positions` (descending) and keeps those that meet the filter.
    async fn take(&self, filter: &Filter, positions: &[u64], hits: &mut Hits) -> Result<(), JournalError> {
        self.store.faults().check(Step::Read)?;
        let Some(&last) = positions.last() else {
            return Ok(());
        };
        let text = hits.sql.get_or_insert_with(|| sql::select_entries().into()).clone();
        let mut query = sqlx::query(AssertSqlSafe(text));
        for n in 0..sql::ROWS {
            query = query.bind(number(positions.get(n).copied().unwrap_or(last)));
        }
        let mut rows = Vec::with_capacity(positions.len());
        for row in &self.store.many(query).await? {
            rows.push(sealed_row(row)?);
        }
        rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.position));
        for (&position, row) in positions.iter().zip(&rows) {
            if row.position != position {
                return Err(Damage::at(position, "it is missing").into());
            }
        }
        if rows.len() < positions.len() {
            let position = positions.get(rows.len()).copied().unwrap_or(last);
            return Err(Damage::at(position, "it is missing").into());
        }
        for row in rows {
            let (stored, _) = self.sealer.open(row)?;
            if hits.entries.len() < filter.limit && meets(filter, &stored) {
                hits.entries.push(stored);
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Hits {
    entries: Vec<Stored>,
    sql: Option<Arc<str>>,
}

/// The groups of terms of a filter: of each group an entry has at least one.
fn terms(filter: &Filter) -> Vec<Vec<u64>> {
    let kinds: Vec<u64> = filter.kinds.iter().map(|kind| Term::Kind(kind).hash()).collect();
    let actor: Vec<u64> = filter.actor.iter().map(|actor| Term::Actor(actor).hash()).collect();
    let subjects: Vec<u64> = filter.subjects.iter().map(|s| Term::Subject(s).hash()).collect();
    let mut groups = vec![kinds, actor, subjects];
    groups.retain(|group| !group.is_empty());
    groups
}

fn narrow(groups: &[Vec<u64>], offsets: impl Fn(u64) -> Vec<u32>) -> BTreeSet<u32> {
    let any_of =
        |group: &Vec<u64>| -> BTreeSet<u32> { group.iter().flat_map(|&term| offsets(term)).collect() };
    let mut sets = groups.iter().map(any_of);
    let first = sets.next().unwrap_or_default();
    sets.fold(first, |all, set| all.intersection(&set).copied().collect())
}

fn meets(filter: &Filter, stored: &Stored) -> bool {
    let kind = stored.entry.kind();
    (filter.kinds.is_empty() || filter.kinds.iter().any(|k| k == kind))
        && (filter.actor.is_none() || filter.actor == stored.actor)
        && (filter.subjects.is_empty() || filter.subjects.iter().any(|s| stored.subjects.contains(s)))
        && filter.since.is_none_or(|since| stored.time >= since)
        && filter.until.is_none_or(|until| stored.time < until)
}
