//! Both stores pass the suite, survive crashes, and refuse what is not their own.

mod crash;
mod opening;
mod postgres;
mod suite;
