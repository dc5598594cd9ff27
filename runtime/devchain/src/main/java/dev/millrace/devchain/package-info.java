/**
 * A chain that needs no node, and nodes that serve it over JSON-RPC.
 *
 * <pre>
 *   seed, fork, number ──▶ BlockStory ──▶ DevChainSource, for dev:// in process
 *                              └────────▶ LogWriter ──▶ DevNode, for http:// and ws://
 * </pre>
 *
 * <p>Every block follows from a seed, its fork and its number, so that two million events take no
 * memory, any range can be generated again, and a replaced branch can be resumed. A node writes
 * logs straight into the bytes of its answers, and has the faults that a test or a user sets.
 *
 * <p>Nothing here knows a store, and nothing here is needed to index a real chain.
 */
@NullMarked
package dev.millrace.devchain;

import org.jspecify.annotations.NullMarked;
