//! Rules about access, tried from both sides; and the one property everything else is for.

mod oracle;
mod rules;

use super::*;
use crate::documents;
use crate::people::tests::{ADMIN, AUDITOR, COUNSEL, EVA, MAX, SECURITY, SUE, World, line, why};
use crate::secrets;
use crate::secrets::tests::{added, draft};
use crate::{Actor, DAY, Digest, PersonId, SecretId, Time};
use gate::Gate;
