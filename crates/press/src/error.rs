//! Why a document could not be made.

use thiserror::Error;

/// Why a document could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PressError {
    /// A page of text could not be filled.
    #[error("a page could not be filled: {0}")]
    Page(#[from] askama::Error),
    /// What is to be told could not be handed to the typesetter.
    #[error("a document's data could not be prepared: {0}")]
    Data(#[from] serde_json::Error),
    /// The typesetter refused.
    #[error("a document could not be typeset: {0}")]
    Typesetting(String),
    /// What was typeset cannot be written as the PDF that it has to be.
    #[error("a document could not be written as PDF/A: {0}")]
    Writing(String),
}
