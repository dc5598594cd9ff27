/**
 * A chain that needs no node, and nodes of it for those who need one.
 *
 * <pre>
 *   seed, fork, number ──▶ BlockStory ──▶ DevChainSource, for dev:// in process
 *                              └────────▶ LogWriter ──▶ DevNode, for http:// and ws://
 * </pre>
 *
 * <p>Every block follows from a seed, the fork that tells it and its number, so that two million
 * events take no memory, any range can be told again, and a branch that was left can be taken up
 * again. A node writes logs straight into the bytes of its answers, and has whatever troubles it is
 * told to have.
 *
 * <p>Nothing here knows a store, and nothing here is needed to index a real chain.
 */
@NullMarked
package dev.millrace.devchain;

import org.jspecify.annotations.NullMarked;
