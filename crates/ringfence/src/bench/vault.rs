//! Sealing and opening 256 MiB on one thread, and the same with the `age` crate where it is built in.

use super::{Bound, Figure, Times, broken};
use crate::errors::Failure;
use vault::{Key, Opener, Sealer};

const SIZE: usize = 256 * 1024 * 1024;
/// What a caller hands over at a time.
const PIECE: usize = 1024 * 1024;
const RUNS: usize = 5;
const CONTEXT: &[u8] = b"bench";

pub(super) fn measure() -> Result<Vec<Figure>, Failure> {
    let plain: Vec<u8> = (0..SIZE).map(|index| (index >> 3) as u8).collect();
    let key = Key::generate().map_err(broken)?;
    let mut ours = Pair::default();
    let mut peer = Pair::default();
    let sealed = sealed(&key, &plain)?;
    for _ in 0..RUNS {
        ours.seal.time(|| seal(&key, &plain))?;
        same(ours.open.time(|| open(&key, &sealed))?)?;
        peer_run(&plain, &mut peer)?;
    }
    let (seal, open) = (rate(&mut ours.seal), rate(&mut ours.open));
    let mut figures = vec![
        Figure::new("sealing 256 MiB, one core", seal, "GiB/s", Bound::AtLeast(2.0)),
        Figure::new("opening 256 MiB, one core", open, "GiB/s", Bound::AtLeast(2.0)),
    ];
    if peer.seal.0.is_empty() {
        crate::output::note(
            "The age crate is not measured: not built with the peer (cargo feature `peers`).",
        );
    } else {
        let (age_seal, age_open) = (rate(&mut peer.seal), rate(&mut peer.open));
        figures.extend([
            Figure::new("age: sealing", age_seal, "GiB/s", Bound::None),
            Figure::new("age: opening", age_open, "GiB/s", Bound::None),
            Figure::new("sealing, times age", seal / age_seal, "", Bound::AtLeast(4.0)),
            Figure::new("opening, times age", open / age_open, "", Bound::AtLeast(4.0)),
        ]);
    }
    Ok(figures)
}

#[derive(Default)]
struct Pair {
    seal: Times,
    open: Times,
}

/// GiB/s of the median run.
fn rate(times: &mut Times) -> f64 {
    SIZE as f64 / (1_u64 << 30) as f64 / times.quantile(0.5)
}

/// Seals piece by piece, as an upload streams: what is sealed is let go at once. Gathering it all would measure how quickly
/// the system gives out memory.
fn seal(key: &Key, plain: &[u8]) -> Result<(), Failure> {
    let mut piece = Vec::with_capacity(2 * PIECE);
    let mut sealer = Sealer::new(key, CONTEXT).map_err(broken)?;
    for plain in plain.chunks(PIECE) {
        piece.clear();
        sealer.push(plain, &mut piece).map_err(broken)?;
        std::hint::black_box(&piece);
    }
    sealer.finish(&mut piece).map_err(broken)
}

/// All of it sealed, for opening.
fn sealed(key: &Key, plain: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut sealed = Vec::new();
    let mut sealer = Sealer::new(key, CONTEXT).map_err(broken)?;
    sealer.push(plain, &mut sealed).map_err(broken)?;
    sealer.finish(&mut sealed).map_err(broken)?;
    Ok(sealed)
}

/// How many bytes came out; they are let go piece by piece, as a response streams them.
fn open(key: &Key, sealed: &[u8]) -> Result<usize, Failure> {
    let mut opener = Opener::new(key, CONTEXT);
    let mut piece = Vec::with_capacity(2 * PIECE);
    let mut opened = 0;
    for sealed in sealed.chunks(PIECE) {
        piece.clear();
        opener.push(sealed, &mut piece).map_err(broken)?;
        opened += piece.len();
    }
    piece.clear();
    opener.finish(&mut piece).map_err(broken)?;
    Ok(opened + piece.len())
}

fn same(opened: usize) -> Result<(), Failure> {
    if opened == SIZE { Ok(()) } else { Err(broken(format!("{opened} of {SIZE} bytes came back"))) }
}

#[cfg(not(feature = "peers"))]
fn peer_run(_: &[u8], _: &mut Pair) -> Result<(), Failure> {
    Ok(())
}

#[cfg(feature = "peers")]
fn peer_run(plain: &[u8], times: &mut Pair) -> Result<(), Failure> {
    let identity = age::x25519::Identity::generate();
    let sealed = age_seal(&identity, plain, Vec::new())?;
    times.seal.time(|| age_seal(&identity, plain, std::io::sink()))?;
    same(times.open.time(|| age_open(&identity, &sealed))?)
}

#[cfg(feature = "peers")]
fn age_seal<W: std::io::Write>(
    identity: &age::x25519::Identity,
    plain: &[u8],
    sealed: W,
) -> Result<W, Failure> {
    let recipient = identity.to_public();
    let recipients = std::iter::once(&recipient as &dyn age::Recipient);
    let encryptor = age::Encryptor::with_recipients(recipients).map_err(broken)?;
    let mut writer = encryptor.wrap_output(sealed).map_err(broken)?;
    for piece in plain.chunks(PIECE) {
        std::io::Write::write_all(&mut writer, piece).map_err(broken)?;
    }
    writer.finish().map_err(broken)
}

#[cfg(feature = "peers")]
fn age_open(identity: &age::x25519::Identity, sealed: &[u8]) -> Result<usize, Failure> {
    use std::io::Read;
    let decryptor = age::Decryptor::new(sealed).map_err(broken)?;
    let mut reader = decryptor.decrypt(std::iter::once(identity as &dyn age::Identity)).map_err(broken)?;
    let mut piece = vec![0; PIECE];
    let mut opened = 0;
    loop {
        match reader.read(&mut piece).map_err(broken)? {
            0 => return Ok(opened),
            read => opened += read,
        }
    }
}
