//! To be written.

use crate::routes::Routes;

/// Its routes.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
}
