//! One file per area of the command line, each named like the area it speaks for.

pub(crate) mod access;
pub(crate) mod account;
pub(crate) mod agreement;
pub(crate) mod document;
pub(crate) mod evidence;
pub(crate) mod init;
pub(crate) mod keys;
pub(crate) mod person;
pub(crate) mod record;
pub(crate) mod requirements;
pub(crate) mod retention;
pub(crate) mod secret;
pub(crate) mod witness;
