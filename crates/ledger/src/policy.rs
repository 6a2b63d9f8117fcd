//! Whose word is enough: which logs are meant, which witnesses are known, and how many must have cosigned (C2SP tlog-policy).

use std::collections::BTreeMap;
use std::fmt;

use crate::key::{KeyKind, VerifierKey};

/// The longest policy that is read, in bytes.
pub const MAX_POLICY: usize = 1 << 20;
/// The most logs of a policy.
pub const MAX_LOGS: usize = 64;
/// The most witnesses of a policy.
pub const MAX_WITNESSES: usize = 256;
/// The most groups of a policy.
pub const MAX_GROUPS: usize = 256;

/// Which logs are meant, which witnesses are known, and how many of them must have cosigned.
///
/// A checkpoint is valid when one of the logs signed it and the quorum [is met](Self::is_met) by its cosignatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    // INVARIANT: a group's members stand before it, and each witness and group is a member of at most one group.
    groups: Vec<Group>,
    quorum: Option<Member>,
}

/// A log that a policy names. Its key's name is the log's origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyLog {
    /// The log's key.
    pub key: VerifierKey,
    /// Where the log is reached, if the policy says so.
    pub url: Option<Octets>,
}

/// A witness that a policy names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyWitness {
    /// What the policy calls it; it means nothing outside the policy.
    pub name: Octets,
    /// The witness's key.
    pub key: VerifierKey,
    /// Where the witness is reached, if the policy says so.
    pub url: Option<Octets>,
}

/// A name or an address in a policy: bytes, which need not be UTF-8 (C2SP tlog-policy, "Character set").
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Octets(Vec<u8>);

/// Why something is not a policy, and in which line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    line: Option<usize>,
    fault: PolicyFault,
}

/// What is wrong with a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    /// More than [`MAX_POLICY`] bytes.
    #[error("the policy is longer than 1 MiB")]
    TooLong,
    /// No `quorum` line.
    #[error("the policy has no quorum: write `quorum none` to ask for no witness")]
    NoQuorum,
    /// A second `quorum` line.
    #[error("the policy has a quorum already")]
    SecondQuorum,
    /// A last line without its newline.
    #[error("the last line does not end in a newline")]
    Unterminated,
    /// A byte that no policy holds.
    #[error("the byte 0x{0:02x} stands in no policy: of the control characters only tab and newline do")]
    Control(u8),
    /// A first word that means nothing.
    #[error("`{0}` begins no line of a policy: use `log`, `witness`, `group` or `quorum`")]
    Keyword(Octets),
    /// Too few or too many words.
    #[error("the line is not of the form `{0}`")]
    Form(&'static str),
    /// Not a key of the kind that belongs there.
    #[error("`{key}` is not the verifier key of a {of} (signature type {kind})")]
    Key {
        /// What stands there.
        key: Octets,
        /// Whose key belongs there.
        of: &'static str,
        /// The signature type it would have.
        kind: &'static str,
    },
    /// Two logs, or two witnesses, of one public key.
    #[error("the public key of `{0}` stands in an earlier line")]
    SameKey(Octets),
    /// A name that is defined twice, or `none`.
    #[error("the name `{0}` is taken")]
    Taken(Octets),
    /// A name that no line before defines.
    #[error("no line before this one defines `{0}`")]
    Unknown(Octets),
    /// A witness or group that would count twice.
    #[error("`{0}` is a member of a group already: each counts once")]
    Member(Octets),
    /// A number of members that is none, or more than there are.
    #[error("`{given}` is not `all`, `any` or a number from 1 to {members}")]
    Threshold {
        /// What stands there.
        given: Octets,
        /// How many members the group has.
        members: usize,
    },
    /// More lines of a kind than are read.
    #[error("the policy has more than {0}")]
    TooMany(&'static str),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    name: Octets,
    needed: usize,
    members: Vec<Member>,
}

/// A witness or a group, by its place among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Member {
    Witness(usize),
    Group(usize),
}

impl Policy {
    /// Reads a policy.
    ///
    /// Keys of other types than Ed25519 (0x01 for logs, 0x04 for witnesses) are refused, and so is the whole policy: what
    /// cannot be checked should not look as if it were.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        let whole = |fault| PolicyError { line: None, fault };
        if bytes.len() > MAX_POLICY {
            return Err(whole(PolicyFault::TooLong));
        }
        let mut reading = Reading::default();
        let lines = bytes.split_inclusive(|byte| *byte == b'\n');
        for (line, text) in (1..).zip(lines) {
            reading.line(text).map_err(|fault| PolicyError { line: Some(line), fault })?;
        }
        reading.finish().map_err(whole)
    }

    /// The logs, in the policy's order. It may name none.
    pub fn logs(&self) -> &[PolicyLog] {
        &self.logs
    }

    /// The witnesses, in the policy's order, those included that the quorum does not ask for.
    pub fn witnesses(&self) -> &[PolicyWitness] {
        &self.witnesses
    }

    /// The witnesses' keys, as [`SignedNote::cosignatures`](crate::SignedNote::cosignatures) takes them.
    pub fn witness_keys(&self) -> Vec<VerifierKey> {
        self.witnesses.iter().map(|witness| witness.key.clone()).collect()
    }

    /// Whether the quorum is met by the witnesses that cosigned.
    pub fn is_met(&self, cosigned: impl Fn(&VerifierKey) -> bool) -> bool {
        let witnesses: Vec<bool> = self.witnesses.iter().map(|witness| cosigned(&witness.key)).collect();
        let mut groups: Vec<bool> = Vec::with_capacity(self.groups.len());
        let met = |member: &Member, groups: &[bool]| match *member {
            Member::Witness(place) => witnesses.get(place).copied().unwrap_or(false),
            Member::Group(place) => groups.get(place).copied().unwrap_or(false),
        };
        for group in &self.groups {
            let count = group.members.iter().filter(|member| met(member, &groups)).count();
            groups.push(count >= group.needed);
        }
        self.quorum.is_none_or(|quorum| met(&quorum, &groups))
    }

    /// The policy as a file, without comments. Read again, it is the same policy.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut file = Vec::new();
        let mut line = |words: &[&[u8]]| {
            file.extend_from_slice(&words.join(&b' '));
            file.push(b'\n');
        };
        for PolicyLog { key, url } in &self.logs {
            let key = key.to_string();
            let words: [&[u8]; 2] = [b"log", key.as_bytes()];
            line(&words.into_iter().chain(url.as_ref().map(Octets::as_bytes)).collect::<Vec<_>>());
        }
        for PolicyWitness { name, key, url } in &self.witnesses {
            let key = key.to_string();
            let words: [&[u8]; 3] = [b"witness", name.as_bytes(), key.as_bytes()];
            line(&words.into_iter().chain(url.as_ref().map(Octets::as_bytes)).collect::<Vec<_>>());
        }
        for Group { name, needed, members } in &self.groups {
            let needed = match needed {
                all if *all == members.len() => "all".to_owned(),
                1 => "any".to_owned(),
                some => some.to_string(),
            };
            let words: [&[u8]; 3] = [b"group", name.as_bytes(), needed.as_bytes()];
            line(
                &words.into_iter().chain(members.iter().map(|member| self.name(*member))).collect::<Vec<_>>(),
            );
        }
        line(&[b"quorum", self.quorum.map_or(b"none", |quorum| self.name(quorum))]);
        file
    }

    fn name(&self, member: Member) -> &[u8] {
        let name = match member {
            Member::Witness(place) => self.witnesses.get(place).map(|witness| &witness.name),
            Member::Group(place) => self.groups.get(place).map(|group| &group.name),
        };
        name.map_or(b"none", Octets::as_bytes)
    }
}

impl Octets {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl PolicyError {
    /// Which line, counted from 1; none where it is the whole.
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// What is wrong.
    pub fn fault(&self) -> &PolicyFault {
        &self.fault
    }
}

/// A policy of which some lines have been read.
#[derive(Default)]
struct Reading {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    groups: Vec<Group>,
    quorum: Option<Option<Member>>,
    names: BTreeMap<Octets, Name>,
}

/// What a name stands for, and whether it is a member of a group yet.
struct Name {
    member: Member,
    taken: bool,
}

impl Reading {
    fn line(&mut self, line: &[u8]) -> Result<(), PolicyFault> {
        let text = line.strip_suffix(b"\n").ok_or(PolicyFault::Unterminated)?;
        if let Some(control) = text.iter().find(|byte| **byte != b'\t' && (**byte < b' ' || **byte == 0x7f)) {
            return Err(PolicyFault::Control(*control));
        }
        let words = text.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
        let words: Vec<&[u8]> = words.collect();
        match words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", rest @ ..] => self.log(rest),
            [b"witness", rest @ ..] => self.witness(rest),
            [b"group", rest @ ..] => self.group(rest),
            [b"quorum", rest @ ..] => self.quorum(rest),
            [other, ..] => Err(PolicyFault::Keyword(Octets(other.to_vec()))),
        }
    }

    fn log(&mut self, words: &[&[u8]]) -> Result<(), PolicyFault> {
        let (key, url) = match words {
            [key] => (key, None),
            [key, url] => (key, Some(Octets(url.to_vec()))),
            _ => return Err(PolicyFault::Form("log VKEY [URL]")),
        };
        let key = verifier_key(key, KeyKind::Log)?;
        // A key under another name, with another id, is the same key ("Public key representation").
        if self.logs.iter().any(|log| log.key.public() == key.public()) {
            return Err(PolicyFault::SameKey(Octets(key.name().into())));
        }
        if self.logs.len() >= MAX_LOGS {
            return Err(PolicyFault::TooMany("64 logs"));
        }
        self.logs.push(PolicyLog { key, url });
        Ok(())
    }

    fn witness(&mut self, words: &[&[u8]]) -> Result<(), PolicyFault> {
        let (name, key, url) = match words {
            [name, key] => (name, key, None),
            [name, key, url] => (name, key, Some(Octets(url.to_vec()))),
            _ => return Err(PolicyFault::Form("witness NAME VKEY [URL]")),
        };
        let key = verifier_key(key, KeyKind::Witness)?;
        if self.witnesses.iter().any(|witness| witness.key.public() == key.public()) {
            return Err(PolicyFault::SameKey(Octets(key.name().into())));
        }
        if self.witnesses.len() >= MAX_WITNESSES {
            return Err(PolicyFault::TooMany("256 witnesses"));
        }
        let name = self.define(name, Member::Witness(self.witnesses.len()))?;
        self.witnesses.push(PolicyWitness { name, key, url });
        Ok(())
    }

    fn group(&mut self, words: &[&[u8]]) -> Result<(), PolicyFault> {
        let [name, needed, names @ ..] = words else {
            return Err(PolicyFault::Form("group NAME all|any|NUMBER NAME..."));
        };
        if names.is_empty() {
            return Err(PolicyFault::Form("group NAME all|any|NUMBER NAME..."));
        }
        if self.groups.len() >= MAX_GROUPS {
            return Err(PolicyFault::TooMany("256 groups"));
        }
        let needed = threshold(needed, names.len())?;
        // Members first: a group is not its own member.
        let members = names.iter().map(|name| self.join(name)).collect::<Result<_, _>>()?;
        let name = self.define(name, Member::Group(self.groups.len()))?;
        self.groups.push(Group { name, needed, members });
        Ok(())
    }

    fn quorum(&mut self, words: &[&[u8]]) -> Result<(), PolicyFault> {
        let [name] = words else {
            return Err(PolicyFault::Form("quorum NAME"));
        };
        if self.quorum.is_some() {
            return Err(PolicyFault::SecondQuorum);
        }
        let quorum = match *name {
            b"none" => None,
            name => Some(self.named(name)?.member),
        };
        self.quorum = Some(quorum);
        Ok(())
    }

    /// Witnesses and groups have their names from one space, and `none` is taken from the start.
    fn define(&mut self, name: &[u8], member: Member) -> Result<Octets, PolicyFault> {
        let name = Octets(name.to_vec());
        if name.0 == b"none" || self.names.contains_key(&name) {
            return Err(PolicyFault::Taken(name));
        }
        self.names.insert(name.clone(), Name { member, taken: false });
        Ok(name)
    }

    /// Makes what is named a member of a group, which it can become once ("Defining a witness group").
    fn join(&mut self, name: &[u8]) -> Result<Member, PolicyFault> {
        let named = self.named(name)?;
        if named.taken {
            return Err(PolicyFault::Member(Octets(name.to_vec())));
        }
        named.taken = true;
        Ok(named.member)
    }

    fn named(&mut self, name: &[u8]) -> Result<&mut Name, PolicyFault> {
        let name = Octets(name.to_vec());
        match self.names.get_mut(&name) {
            Some(named) => Ok(named),
            None => Err(PolicyFault::Unknown(name)),
        }
    }

    fn finish(self) -> Result<Policy, PolicyFault> {
        let Self { logs, witnesses, groups, quorum, names: _ } = self;
        Ok(Policy { logs, witnesses, groups, quorum: quorum.ok_or(PolicyFault::NoQuorum)? })
    }
}

fn verifier_key(word: &[u8], kind: KeyKind) -> Result<VerifierKey, PolicyFault> {
    let key = std::str::from_utf8(word).ok().and_then(|word| word.parse::<VerifierKey>().ok());
    key.filter(|key| key.kind() == kind).ok_or_else(|| {
        let (of, kind) = match kind {
            KeyKind::Log => ("log", "0x01"),
            KeyKind::Witness => ("witness", "0x04"),
        };
        PolicyFault::Key { key: Octets(word.to_vec()), of, kind }
    })
}

fn threshold(word: &[u8], members: usize) -> Result<usize, PolicyFault> {
    let number = || {
        // Digits alone: no sign, no leading zero.
        let digits =
            std::str::from_utf8(word).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
        digits
            .parse()
            .ok()
            .filter(|number: &usize| (1..=members).contains(number) && !digits.starts_with('0'))
    };
    let needed = match word {
        b"all" => Some(members),
        b"any" => Some(1),
        _ => number(),
    };
    needed.ok_or_else(|| PolicyFault::Threshold { given: Octets(word.to_vec()), members })
}

impl fmt::Display for Octets {
    /// As UTF-8, at most 200 characters of it; what is not UTF-8 is shown as `\u{fffd}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        String::from_utf8_lossy(&self.0).chars().take(200).try_for_each(|letter| write!(f, "{letter}"))
    }
}

impl fmt::Debug for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.fault),
            None => self.fault.fmt(f),
        }
    }
}

impl std::error::Error for PolicyError {}

#[cfg(test)]
mod tests;
