//! Reads a file member by member and has every processor examine some of it.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use ledger::archive::{Layout, Member, Unreadable};
use ledger::bundle::{
    Content, Examination, LineExaminer, Lines, MAX_LINE, Options, Summing, Sums, Verdict, Wanted,
    is_tlog_proof, verify_tlog_proof, wanted,
};
use ledger::proof::MAX_TLOG_PROOF;

/// How much is read at a time, in bytes.
const BLOCK: usize = 1 << 20;
/// How many blocks wait for a processor at most.
const WAITING: usize = 8;

/// Verifies a file: a bundle, or the proof of one field.
///
/// For a proof the record's key has to be among the options. Of a bundle no more is in memory at a time than its tiles, its small members and a few blocks of the large ones.
pub fn verify_file(path: &Path, options: &Options) -> io::Result<Verdict> {
    let mut file = File::open(path)?;
    let length = file.seek(SeekFrom::End(0))?;
    let begin = read_at(&mut file, 0, length.min(64) as usize)?;
    if is_tlog_proof(&begin) {
        if options.key.is_none() {
            let reason = "the proof of one field is checked against the record's key: give it with `--key`";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
        // One byte more than the longest, so that what is too long is seen to be.
        let most = MAX_TLOG_PROOF as u64 + 1;
        return Ok(verify_tlog_proof(&read_at(&mut file, 0, length.min(most) as usize)?, options));
    }
    let layout = Layout::read(length, |offset, length| Ok(Cow::Owned(read_at(&mut file, offset, length)?)));
    match layout {
        Ok(layout) => verify_bundle(&mut file, &layout, options),
        Err(Unread::Archive(unreadable)) => Ok(unreadable.into()),
        Err(Unread::File(error)) => Err(error),
    }
}

enum Unread {
    Archive(Unreadable),
    File(io::Error),
}

impl From<Unreadable> for Unread {
    fn from(unreadable: Unreadable) -> Self {
        Self::Archive(unreadable)
    }
}

impl From<io::Error> for Unread {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

fn verify_bundle(file: &mut File, layout: &Layout, options: &Options) -> io::Result<Verdict> {
    let mut sums: Vec<Option<Sums>> = vec![None; layout.members().len()];
    let mut contents: Vec<Content<'static>> = vec![Content::Unread; layout.members().len()];
    let read = shared(
        |work| {
            for (index, member) in numbered(layout, |wanted| wanted == Wanted::Content) {
                let bytes = read_at(file, member.offset(), member.size() as usize)?;
                work.send((index, member, bytes)).map_err(|_| io::Error::other("a thread has ended"))?;
            }
            Ok(())
        },
        |(index, member, bytes)| (index, Sums::of(member.name(), &bytes), Content::new(member, bytes)),
    )?;
    for (index, sum, content) in read {
        put(&mut sums, index, Some(sum));
        put(&mut contents, index, content);
    }

    // Lines are compared with what was read above: with the tiles, and with what the manifest says of files.
    let examination = Examination::begin(layout, &contents);
    let examiner = examination.line_examiner();
    let mut large = Vec::new();
    let results = shared(
        |work| {
            for (index, member) in numbered(layout, |wanted| wanted != Wanted::Content) {
                if wanted(member) == Wanted::Lines {
                    large.push((index, lines(file, member, work)?));
                } else if member.size() <= BLOCK as u64 {
                    let bytes = read_at(file, member.offset(), member.size() as usize)?;
                    send(work, Task::Sum(index, member, bytes))?;
                } else {
                    let mut summing = Summing::begin(member.name());
                    blocks(file, member, |block| {
                        summing.update(block);
                        Ok(())
                    })?;
                    large.push((index, summing.finish()));
                }
            }
            Ok(())
        },
        |task| task.done(&examiner),
    )?;
    let mut blocks = Vec::new();
    for result in results {
        match result {
            Done::Sum(index, sum) => large.push((index, sum)),
            Done::Lines(number, lines) => blocks.push((number, lines)),
        }
    }
    for (index, sum) in large {
        put(&mut sums, index, Some(sum));
    }
    blocks.sort_unstable_by_key(|(number, _)| *number);
    let lines = blocks.into_iter().fold(Lines::default(), |before, (_, lines)| before.then(lines));
    let sums: Option<Vec<Sums>> = sums.into_iter().collect();
    let sums = sums.ok_or_else(|| io::Error::other("a member was not read"))?;
    Ok(examination.verdict(&sums, &lines, options))
}

/// What is done by whichever thread is free.
enum Task<'l> {
    Sum(usize, &'l Member, Vec<u8>),
    Lines(u64, Vec<u8>),
}

enum Done {
    Sum(usize, Sums),
    Lines(u64, Lines),
}

impl Task<'_> {
    fn done(self, examiner: &LineExaminer<'_>) -> Done {
        match self {
            Self::Sum(index, member, bytes) => Done::Sum(index, Sums::of(member.name(), &bytes)),
            Self::Lines(number, block) => Done::Lines(number, examiner.examine(&block)),
        }
    }
}

/// Hands out the lines of a member in blocks of whole lines, and sums it all up on the way: its digest can only be computed from
/// one end to the other, so this thread does that while the others examine the lines.
fn lines(file: &mut File, member: &Member, work: &SyncSender<Task<'_>>) -> io::Result<Sums> {
    let mut summing = Summing::begin(member.name());
    let mut held: Vec<u8> = Vec::new();
    let mut number = 0;
    blocks(file, member, |block| {
        summing.update(block);
        let whole = memchr::memrchr(b'\n', block).map_or(0, |last| last + 1);
        let (whole, begun) = block.split_at_checked(whole).unwrap_or((block, &[]));
        held.extend_from_slice(whole);
        // A line that is too long is handed on without its end, and then cannot be read.
        if !whole.is_empty() || held.len() + begun.len() > MAX_LINE {
            send(work, Task::Lines(number, std::mem::replace(&mut held, Vec::with_capacity(BLOCK))))?;
            number += 1;
        }
        held.extend_from_slice(begun);
        Ok(())
    })?;
    if !held.is_empty() {
        send(work, Task::Lines(number, held))?;
    }
    Ok(summing.finish())
}

fn blocks(file: &mut File, member: &Member, mut each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    file.seek(SeekFrom::Start(member.offset()))?;
    let mut left = member.size();
    let mut block = vec![0; BLOCK];
    while left > 0 {
        let now = left.min(BLOCK as u64) as usize;
        let part = block.get_mut(..now).unwrap_or_default();
        file.read_exact(part)?;
        each(part)?;
        left -= now as u64;
    }
    Ok(())
}

/// Reads on this thread, and works on all processors. The results come in no order.
fn shared<T: Send, R: Send>(
    read: impl FnOnce(&SyncSender<T>) -> io::Result<()>,
    work: impl Fn(T) -> R + Sync,
) -> io::Result<Vec<R>> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let (sender, receiver) = sync_channel(WAITING + threads);
    // Held by the workers alone: should they fail, nobody waits for them.
    let receiver = Arc::new(Mutex::new(receiver));
    thread::scope(|scope| {
        let workers: Vec<_> = std::iter::repeat_n(receiver, threads)
            .map(|receiver| {
                scope.spawn(|| std::iter::from_fn(move || next(&receiver)).map(&work).collect::<Vec<R>>())
            })
            .collect();
        let read = read(&sender);
        // No more will come: the workers end.
        drop(sender);
        let mut results = Vec::new();
        for worker in workers {
            results.extend(worker.join().map_err(|_| io::Error::other("a thread has failed"))?);
        }
        read.map(|()| results)
    })
}

fn next<T>(receiver: &Mutex<Receiver<T>>) -> Option<T> {
    receiver.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

fn send<T>(work: &SyncSender<T>, task: T) -> io::Result<()> {
    work.send(task).map_err(|_| io::Error::other("the threads have ended"))
}

fn numbered(layout: &Layout, chosen: impl Fn(Wanted) -> bool) -> impl Iterator<Item = (usize, &Member)> {
    layout.members().iter().enumerate().filter(move |(_, member)| chosen(wanted(member)))
}

fn put<T>(places: &mut [T], index: usize, value: T) {
    if let Some(place) = places.get_mut(index) {
        *place = value;
    }
}

fn read_at(file: &mut File, offset: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}
