//! What has to be read of the record to know how one secret stood at a past moment.

/// The kinds of entries that bear on who may open a secret, besides those about the secret itself: who belonged here and
/// with what clearance, what they had signed, and what each tier asked.
///
/// A state made of these and of the entries about one secret answers for that secret what the state made of all entries
/// answers; it is complete for nothing else.
pub const BEARING: &[&str] = &[
    "organisation.founded",
    "organisation.changed",
    "organisation.clock-jumped",
    "person.added",
    "person.changed",
    "person.cleared",
    "person.roles-set",
    "person.suspended",
    "person.reinstated",
    "person.ended",
    "person.erased",
    "agreement.published",
    "agreement.assigned",
    "agreement.opened",
    "agreement.signed",
    "agreement.declined",
    "agreement.assignment-cancelled",
    "agreement.withdrawn",
    "access.requirements-set",
    "evidence.witnesses-set",
    "evidence.authorities-set",
    "evidence.key-rotated",
];
