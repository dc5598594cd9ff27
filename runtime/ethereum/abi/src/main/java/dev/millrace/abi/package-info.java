/**
 * Decodes the logs of Ethereum contracts: the signatures of events, and records made of the words
 * of a log.
 *
 * <pre>
 *   "Transfer(address indexed from, …)" ──▶ EventSignature ──┐
 *   a record class ──────────────────────────────────────────┴─▶ EventDecoder ──▶ a record
 * </pre>
 *
 * <p>A log may hold anything, because anyone can write one. So a decoder trusts no offset and no
 * length, allocates in proportion to the log at most, and refuses with one kind of error.
 */
@NullMarked
package dev.millrace.abi;

import org.jspecify.annotations.NullMarked;
