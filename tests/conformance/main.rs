//! What a node answers, as dialogues in text, and what real resolvers make of it.
