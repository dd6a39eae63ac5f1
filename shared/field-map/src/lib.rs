//! `field-map`.
