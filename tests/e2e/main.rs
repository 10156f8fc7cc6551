//! Real programs, from the command line to the answer.
