//! Tests of the area's rules.
