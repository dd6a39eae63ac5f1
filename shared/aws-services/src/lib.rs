//! `aws-services`.
