/**
 * How long before its activity times out an attempt at the reward stops sending, in ms: its own word must arrive before
 * Temporal gives it up, as an attempt that ends without a word leaves the outcome unknown.
 */
export const WORD_BEFORE_TIMEOUT_MS = 2_000;
