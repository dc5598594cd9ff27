/**
 * A chain that needs no node, generated from a seed.
 *
 * <pre>
 *   seed, fork, number ──▶ BlockLogGenerator ──▶ DevChainSource, for dev:// in process
 *                              └────────▶ the node of dev.millrace.devnode, for http:// and ws://
 * </pre>
 *
 * <p>Every block follows from a seed, its fork and its number, so that two million events take no
 * memory, any range can be generated again, and a replaced branch can be resumed.
 *
 * <p>Nothing here knows a store, and nothing here is needed to index a real chain.
 */
@NullMarked
package dev.millrace.devchain;

import org.jspecify.annotations.NullMarked;
