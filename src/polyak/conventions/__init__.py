"""The same rule in other frameworks' words: steppers on the real ones, proofs, exports."""
