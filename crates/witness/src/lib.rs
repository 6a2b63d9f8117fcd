//! A witness that anybody can run, outside counsel, an insurer, a notary: it cosigns a record's checkpoints, and never two
//! of which one does not begin with the other (C2SP tlog-witness).
//!
//! It learns nothing of what a record holds: it sees sizes, digests and signatures. What it adds is that nobody, the
//! organisation included, can show one record to one and another record to another, or cut off what it regrets, once a
//! checkpoint is cosigned.
//!
//! All that it knows is in one [`Folder`] of plain files. A [`Witness`] decides and keeps; [`run`] answers over HTTP.

mod disk;
mod evidence;
mod folder;
mod key;
mod log;
mod serve;
mod witness;

pub use folder::{Folder, FolderError, Trusted};
pub use log::{Cosigned, Log};
pub use serve::{Listening, ServeError, Settings, bind, run};
pub use witness::{AddError, Witness};
